"""The notice that readers agree to before their first page."""

from __future__ import annotations

from functools import partial

import pytest

from chalicelib.content.reading import NoteReader
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import AccessCard
from tests.content.desk import Desk
from tests.support.people import Person
from tests.support.races import at_once


def agreed(reader: Person) -> tuple[int, int]:
    """The version on the reader's card, and when they agreed."""
    card = store.get(AccessCard, AccessCard.place(reader.id))
    assert card is not None
    return int(card.notice_version), int(card.notice_at)


@pytest.mark.rule("SHIELD-45", "SHIELD-81")
def test_the_first_opening_needs_agreement_and_later_ones_do_not(desk: Desk) -> None:
    notes, student = [desk.note(), desk.note()], desk.student(notice_version=0)
    for given in (None, {"acceptNotice": 2}, {"acceptNotice": 1_000_000}):
        refused = desk.open(notes[0], student, json=given)
        assert (refused.status, refused.code) == (403, "NOTICE_NOT_ACCEPTED")
        assert refused.json["details"]["version"] == 1
        for word in ("marked with your name", "logged", "ends your account"):
            assert word in refused.json["details"]["text"]
        assert agreed(student) == (0, 0)
        assert store.get(NoteReader, NoteReader.place(student.id, notes[0]["id"])) is None
    opened = desk.open(notes[0], student, json={"acceptNotice": 1}, expect=201).json
    assert opened["notice"] == refused.json["details"]
    version, at = agreed(student)
    assert version == 1
    assert abs(at - clock.epoch()) <= 2
    (entry,) = desk.cloud.items(f"VSESS#{opened['viewSessionId']}")
    assert entry["accepted_notice"]["N"] == "1"
    desk.cloud.advance(5)
    desk.open(notes[1], student, json={"acceptNotice": 7}, expect=201)
    assert agreed(student) == (1, at)


@pytest.mark.rule("SHIELD-45")
def test_another_text_is_asked_for_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    note, student = desk.note(), desk.student()
    desk.open(note, student, expect=201)
    monkeypatch.setenv("NOTICE_VERSION", "2")
    monkeypatch.setenv("NOTICE_TEXT", "आपका नाम हर पन्ने पर है।")
    refused = desk.open(note, student, json={"acceptNotice": 1})
    assert (refused.code, refused.json["details"]) == (
        "NOTICE_NOT_ACCEPTED",
        {"version": 2, "text": "आपका नाम हर पन्ने पर है।"},
    )
    desk.open(note, student, json={"acceptNotice": 2}, expect=201)
    assert agreed(student)[0] == 2


@pytest.mark.rule("SHIELD-45")
def test_it_can_be_switched_off(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTICE_REQUIRED", "false")
    note, student = desk.note(), desk.student(notice_version=0)
    desk.open(note, student, json={"acceptNotice": 1}, expect=201)
    assert agreed(student) == (0, 0)


@pytest.mark.rule("SHIELD-45")
def test_first_openings_at_the_same_moment_agree_both(desk: Desk) -> None:
    note, student = desk.note(), desk.student(notice_version=0)
    answers = at_once([partial(desk.open, note, student, json={"acceptNotice": 1})] * 4)
    assert {answer.status for answer in answers} == {201}
    assert agreed(student)[0] == 1


@pytest.mark.rule("SHIELD-45", "SHIELD-49")
def test_staff_agree_too_and_who_may_not_open_is_not_asked(desk: Desk) -> None:
    draft, staff = desk.draft(), desk.staff("notes.read")
    store.update(AccessCard, AccessCard.place(staff.id), [AccessCard.notice_version.set(0)])
    assert desk.open(draft, staff).code == "NOTICE_NOT_ACCEPTED"
    desk.open(draft, staff, json={"acceptNotice": 1}, expect=201)
    refused = desk.open(desk.note(isPremium=True), desk.student(notice_version=0))
    assert refused.json["details"]["reason"] == "NO_ENTITLEMENT"
