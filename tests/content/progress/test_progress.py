"""How far readers got: pages in any order, from any number of devices."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from chalicelib.content.notes.items import Note
from chalicelib.content.progress import NoteProgress
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.events.changes import events_of
from tests.content.desk import Desk
from tests.content.paper import pdf
from tests.support.client import Response
from tests.support.people import Person
from tests.support.races import at_once

BOOK = pdf(52)


def read(desk: Desk, note: dict[str, Any], reader: Person, page: Any, **more: Any) -> Response:
    """Tell that a page was read."""
    body = {"lastPageRead": page, **more}
    return desk.client.post(f"/v1/notes/{note['id']}/progress", json=body, token=_token(desk, reader))


def looked_up(desk: Desk, note_id: str, reader: Person) -> Response:
    """Ask for one's own progress."""
    return desk.client.get(f"/v1/notes/{note_id}/progress", token=_token(desk, reader))


def _token(desk: Desk, reader: Person) -> str:
    return desk.people.token(reader.id, reader.session_id, reader.user_type)


def raw(desk: Desk, note: dict[str, Any], reader: Person) -> dict[str, Any] | None:
    """The reader's item as the stream shows it."""
    return next(
        (one for one in desk.cloud.items(f"USER#{reader.id}") if one["sk"]["S"] == f"NOTEPROG#{note['id']}"), None
    )


def told(desk: Desk, note: dict[str, Any], reader: Person, page: int) -> list[str]:
    """The names of the events that reading a page is told by."""
    before = raw(desk, note, reader)
    assert read(desk, note, reader, page).status == 200
    images = {"OldImage": before, "NewImage": raw(desk, note, reader)}
    record = {"SequenceNumber": "1", **{name: image for name, image in images.items() if image}}
    return [type(event).__name__ for event in events_of({"dynamodb": record})]


@pytest.mark.rule("NOTE-04", "NOTE-05", "NOTE-61")
def test_the_furthest_page_only_grows_and_completion_stays(desk: Desk) -> None:
    note, student = desk.note(content=BOOK), desk.student()
    zeros = looked_up(desk, note["id"], student).json
    assert zeros == {
        "lastPageRead": 0,
        "furthestPage": 0,
        "totalPages": 52,
        "percentComplete": 0,
        "lastReadAt": None,
        "completedAt": None,
    }
    seen = []
    for page in (3, 49, 10, 50, 1):
        desk.cloud.advance(1)
        answer = read(desk, note, student, page)
        assert answer.status == 200, answer.body
        one = answer.json
        seen.append((one["lastPageRead"], one["furthestPage"], one["percentComplete"], one["completedAt"] is not None))
        assert looked_up(desk, note["id"], student).json == one
    assert seen == [
        (3, 3, 5.8, False),
        (49, 49, 94.2, False),
        (10, 49, 94.2, False),
        (50, 50, 96.2, True),
        (1, 50, 96.2, True),
    ]
    completed = answer.json["completedAt"]
    desk.cloud.advance(60)
    assert read(desk, note, student, 52).json["completedAt"] == completed


@pytest.mark.rule("NOTE-61")
def test_what_counts_as_complete_is_configured(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTE_COMPLETE_PERCENT", "50")
    note, student = desk.note(content=BOOK), desk.student()
    assert [read(desk, note, student, page).json["completedAt"] is not None for page in (25, 26)] == [False, True]


@pytest.mark.rule("NOTE-60", "NOTE-62")
def test_what_cannot_be_is_refused_by_its_field(desk: Desk) -> None:
    note, student = desk.note(content=BOOK), desk.student()
    now = clock.now()
    cases: list[tuple[dict[str, Any], str]] = [
        ({"page": 0}, "body.lastPageRead"),
        ({"page": -1}, "body.lastPageRead"),
        ({"page": 53}, "body.lastPageRead"),
        ({"page": 53, "totalPages": 60}, "body.lastPageRead"),
        ({"page": 5_001}, "body.lastPageRead"),
        ({"page": "3"}, "body.lastPageRead"),
        ({"page": 3.5}, "body.lastPageRead"),
        ({"page": 3, "totalPages": 5_001}, "body.totalPages"),
        ({"page": 3, "readAt": clock.iso(now + timedelta(minutes=1))}, "body.readAt"),
        ({"page": 3, "readAt": clock.iso(now - timedelta(days=30, minutes=1))}, "body.readAt"),
        ({"page": 3, "readAt": "2026-01-31T10:00:00"}, "body.readAt"),
    ]
    for given, field in cases:
        answer = read(desk, note, student, **given)
        assert (answer.status, [one["field"] for one in answer.json["details"]]) == (422, [field]), given
    assert store.get(NoteProgress, NoteProgress.place(student.id, note["id"])) is None
    assert read(desk, note, student, 52, totalPages=400).json["totalPages"] == 52


@pytest.mark.rule("NOTE-60")
def test_the_clients_total_counts_where_the_note_has_none(desk: Desk) -> None:
    note, student = desk.note(content=BOOK), desk.student()
    store.update(Note, Note.place(note["id"]), [Note.page_count.set(0)])
    assert read(desk, note, student, 3).json["details"][0]["field"] == "body.totalPages"
    assert read(desk, note, student, 30, totalPages=20).status == 422
    assert read(desk, note, student, 10, totalPages=20).json["percentComplete"] == 50


@pytest.mark.rule("NOTE-62")
def test_the_last_page_is_that_of_the_later_time_whatever_comes_first(desk: Desk) -> None:
    note, student = desk.note(content=BOOK), desk.student()
    early, late = (clock.iso(clock.now() - timedelta(hours=hours)) for hours in (2, 1))
    assert read(desk, note, student, 3, readAt=late).json["lastPageRead"] == 3
    behind = read(desk, note, student, 20, readAt=early).json
    assert (behind["lastPageRead"], behind["furthestPage"], behind["lastReadAt"]) == (3, 20, late)
    assert read(desk, note, student, 3, readAt=late).json == behind
    assert read(desk, note, student, 7).json["lastPageRead"] == 7


@pytest.mark.rule("NOTE-61", "NOTE-62")
def test_devices_at_the_same_moment(desk: Desk) -> None:
    note, student = desk.note(content=BOOK), desk.student()
    times = {page: clock.iso(clock.now() - timedelta(minutes=page)) for page in (3, 50, 10, 49, 20)}
    answers = at_once([partial(read, desk, note, student, page, readAt=at) for page, at in times.items()])
    assert {answer.status for answer in answers} == {200}
    found = looked_up(desk, note["id"], student).json
    assert (found["lastPageRead"], found["furthestPage"], found["percentComplete"]) == (3, 50, 96.2)
    assert found["lastReadAt"] == times[3]
    completions = {answer.json["completedAt"] for answer in answers} - {None}
    assert completions == {found["completedAt"]}


@pytest.mark.rule("NOTE-44", "NOTE-63")
def test_a_new_file_changes_the_total_and_caps_what_was_read(desk: Desk) -> None:
    note, student = desk.note(content=BOOK), desk.student()
    before = read(desk, note, student, 50).json
    body = {"fileAssetId": desk.file(pdf(10))}
    desk.client.patch(f"/v1/admin/notes/{note['id']}", json=body, token=desk.editor.token, expect=200)
    assert looked_up(desk, note["id"], student).json == before
    assert read(desk, note, student, 50).status == 422
    after = read(desk, note, student, 4).json
    assert (after["totalPages"], after["furthestPage"], after["percentComplete"]) == (10, 10, 100)
    assert (after["lastPageRead"], after["completedAt"]) == (4, before["completedAt"])


@pytest.mark.rule("NOTE-04", "SHIELD-47", "SHIELD-70")
@pytest.mark.policy("note-ban", "refuses")
def test_who_may_not_open_the_note_records_nothing(desk: Desk) -> None:
    note, now = desk.note(content=BOOK, isPremium=True), clock.epoch()
    cases = [
        (desk.student(), "NO_ENTITLEMENT"),
        (desk.student({"startsAt": now - 90, "endsAt": now - 1}), "ENTITLEMENT_EXPIRED"),
        (desk.student({}, note_bans={note["id"]: now + 60}), "NOTE_BANNED"),
    ]
    for student, reason in cases:
        answer = read(desk, note, student, 3)
        assert (answer.status, answer.json["details"]["reason"]) == (403, reason)
        assert store.get(NoteProgress, NoteProgress.place(student.id, note["id"])) is None
    assert read(desk, desk.draft(), desk.student({}), 3).code == "NOTE_NOT_FOUND"
    assert desk.client.post(f"/v1/notes/{note['id']}/progress", json={"lastPageRead": 1}).status == 401


@pytest.mark.rule("NOTE-05")
def test_ones_own_progress_stays_when_the_note_is_closed_or_gone(desk: Desk) -> None:
    note, student, other = desk.note(content=BOOK, isPremium=True), desk.student({}), desk.student()
    read(desk, note, student, 26)
    store.update(AccessCard, AccessCard.place(student.id), [AccessCard.entitlements.set({})])
    assert read(desk, note, student, 27).status == 403
    assert looked_up(desk, note["id"], student).json["percentComplete"] == 50
    assert looked_up(desk, note["id"], other).json["furthestPage"] == 0
    desk.post(f"/v1/admin/notes/{note['id']}/unpublish", expect=200)
    assert looked_up(desk, note["id"], student).json["percentComplete"] == 50
    for missing in (note["id"], "01M7W40Q13T1PHW4JDV27B5ZA4"):
        assert looked_up(desk, missing, other).code == "NOTE_NOT_FOUND"


@pytest.mark.rule("NOTE-64")
def test_statistics_are_told_at_most_every_thirty_seconds(desk: Desk) -> None:
    note, student = desk.note(content=BOOK), desk.student()
    assert [told(desk, note, student, page) for page in (1, 2, 3)] == [["NoteProgressed"], [], []]
    assert told(desk, note, student, 50) == ["NoteCompleted"]
    desk.cloud.advance(31)
    assert told(desk, note, student, 51) == ["NoteProgressed"]


@pytest.mark.rule("NOTE-64")
def test_turning_pages_fits_into_the_default_limit(desk: Desk) -> None:
    note, student = desk.note(content=BOOK), desk.student()
    assert {read(desk, note, student, page % 52 + 1).status for page in range(60)} == {200}


@pytest.mark.rule("NOTE-70")
def test_what_was_read_last_comes_first(desk: Desk) -> None:
    notes, student = [desk.note(content=BOOK) for _ in range(3)], desk.student()
    for note in (notes[1], notes[2], notes[0], notes[1]):
        desk.cloud.advance(1)
        read(desk, note, student, 26)
    desk.open(desk.note(), student, expect=201)
    rows = [item.row.as_dict() for item in store.fetch(NoteProgress.latest(student.id), limit=9).items]
    assert [row["note_id"] for row in rows] == [notes[1]["id"], notes[0]["id"], notes[2]["id"]]
    assert rows[0]["percent_complete"] == 50
