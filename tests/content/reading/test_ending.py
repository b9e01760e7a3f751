"""Sessions that end from outside, and viewers that are not ours."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from chalicelib.content import reading
from chalicelib.content.reading import NoteReader, NoteViewSession
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import plain
from tests.content.desk import Desk
from tests.content.paper import pdf
from tests.support.people import Person
from tests.support.races import at_once


def ended(session: dict[str, Any]) -> NoteViewSession:
    """The register's entry of a session."""
    entry = store.get(NoteViewSession, NoteViewSession.place(session["viewSessionId"]))
    assert entry is not None
    return entry


@pytest.mark.rule("SHIELD-42")
def test_a_revoked_session_is_over_on_the_very_next_request(desk: Desk) -> None:
    note, student = desk.note(content=pdf()), desk.student()
    session = desk.open(note, student, expect=201).json
    assert desk.content(note, student, session["viewToken"]).status == 200
    end = partial(reading.revoke, student.id, note["id"], session["viewSessionId"])
    at = end(reading.SCRAPE)
    assert desk.content(note, student, session["viewToken"]).code == "VIEW_TOKEN_INVALID"
    entry = ended(session)
    assert (entry.revoked_at, entry.ended_at, entry.revoked_reason) == (at, at, "SCRAPE")
    desk.cloud.advance(5)
    assert end(reading.BY_STAFF) == at
    assert ended(session).revoked_reason == "SCRAPE"
    desk.open(note, student, expect=201)


@pytest.mark.rule("SHIELD-42")
def test_what_commits_with_a_revocation_commits_once(desk: Desk) -> None:
    note, student = desk.note(content=pdf()), desk.student()
    session = desk.open(note, student, expect=201).json
    marks: list[object] = []

    def also(tx: store.Transaction) -> None:
        marks.append(tx)

    ends = at_once([partial(reading.revoke, student.id, note["id"], session["viewSessionId"], "ADMIN", also)] * 5)
    assert len({at for at in ends if at is not None}) <= 2
    entry = ended(session)
    assert (entry.revoked_reason, int(entry.version)) == ("ADMIN", 2)
    assert 1 <= len(marks) <= 5
    before = len(marks)
    assert reading.revoke(student.id, note["id"], session["viewSessionId"], "ADMIN", also) == entry.revoked_at
    assert reading.revoke(student.id, note["id"], "01M7W40Q13T1PHW4JDV27B5ZA4", "ADMIN", also) is None
    assert len(marks) == before


@pytest.mark.rule("SHIELD-43")
def test_one_that_has_ended_by_itself_is_not_ended_again(desk: Desk) -> None:
    note, student = desk.note(content=pdf()), desk.student()
    session = desk.open(note, student, expect=201).json
    desk.cloud.advance(361)
    at = reading.revoke(student.id, note["id"], session["viewSessionId"], "ADMIN")
    assert at == clock.parse_iso(session["expiresAt"])
    assert ended(session).revoked_at is None


def stale(desk: Desk, note: dict[str, Any], student: Person) -> str:
    """The view token of a viewer that has not asked for its watermark in four rotations."""
    token = desk.open(note, student, expect=201).json["viewToken"]
    desk.cloud.advance(4 * 60 + 1)
    return str(token)


@pytest.mark.rule("SHIELD-66")
@pytest.mark.parametrize("required", [True, False])
def test_a_viewer_that_takes_no_new_facts_is_not_ours(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, *, required: bool
) -> None:
    monkeypatch.setenv("WATERMARK_ROTATE_SECONDS", "60")
    monkeypatch.setenv("SHIELD_REQUIRE_FRESH", str(required).lower())
    note, student = desk.note(content=pdf()), desk.student()
    fresh = desk.open(note, student, expect=201).json["viewToken"]
    desk.cloud.advance(3 * 60)
    assert desk.content(note, student, fresh).status == 200
    token = stale(desk, note, student)
    refused = desk.content(note, student, token)
    assert (refused.status, refused.code if required else None) == (
        (401, "VIEW_TOKEN_INVALID") if required else (200, None)
    )
    item = store.get(NoteReader, NoteReader.place(student.id, note["id"]))
    assert item is not None
    assert (plain(item.last)["stale"], plain(item.last)["status"]) == (True, refused.status)
    place, headers = f"/v1/notes/{note['id']}/view-session/renew", {"X-View-Token": token}
    renewed = desk.client.post(place, token=student.token, headers=headers, expect=200).json
    assert desk.content(note, student, renewed["viewToken"]).status == 200


@pytest.mark.rule("SHIELD-66")
def test_asking_for_the_watermark_is_enough(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATERMARK_ROTATE_SECONDS", "60")
    note, student = desk.note(content=pdf()), desk.student()
    token = stale(desk, note, student)
    place, headers = f"/v1/notes/{note['id']}/watermark", {"X-View-Token": token}
    assert desk.client.get(place, token=student.token, headers=headers).status == 200
    assert desk.content(note, student, token).status == 200


@pytest.mark.rule("NOTE-72")
def test_a_poor_network_repeats_what_it_asked(desk: Desk) -> None:
    note, student = desk.note(content=pdf(3, filler=90_000)), desk.student()
    token = desk.open(note, student, expect=201).json["viewToken"]
    ask = partial(desk.content, note, student, Range="bytes=1000-80000")
    first = ask(token)
    place, headers = f"/v1/notes/{note['id']}/view-session/renew", {"X-View-Token": token}
    renewed = desk.client.post(place, token=student.token, headers=headers, expect=200).json["viewToken"]
    again = [ask(one) for one in (token, token, renewed)]
    assert {(one.status, one.body, one.headers["etag"]) for one in again} == {(206, first.body, first.headers["etag"])}


@pytest.mark.rule("SHIELD-46")
def test_another_network_or_browser_later_is_allowed(desk: Desk) -> None:
    note, student = desk.note(content=pdf()), desk.student()
    session = desk.open(note, student, expect=201).json
    headers = {"X-View-Token": session["viewToken"], "User-Agent": "Another/2.0"}
    path = f"/v1/notes/{note['id']}/content"
    answer = desk.client.get(path, token=student.token, headers=headers, source_ip="198.51.100.77")
    assert answer.status == 200
    entry = ended(session)
    assert len(str(entry.ip_hash)) == len(str(entry.user_agent_hash)) == 32
    assert "203.0.113" not in str(entry.ip_hash)
    item = store.get(NoteReader, NoteReader.place(student.id, note["id"]))
    assert item is not None
    kept = plain(item.sessions)[session["viewSessionId"]]
    assert (kept["ip_hash"], kept["ua_hash"]) == (entry.ip_hash, entry.user_agent_hash)
    assert "198.51.100.77" not in str(desk.cloud.items(f"USER#{student.id}"))


@pytest.mark.rule("SHIELD-80")
def test_an_app_reads_without_anything_of_a_browsers(desk: Desk) -> None:
    note, student = desk.note(content=pdf()), desk.student()
    bare = {"User-Agent": "", "X-View-Token": ""}
    place = f"/v1/notes/{note['id']}"
    hint = {"deviceHint": "Pathshala Android 4.2 / Pixel 6a"}
    opened = desk.client.post(f"{place}/view-session", json=hint, token=student.token, headers=bare, expect=201).json
    assert ended(opened).device_hint == hint["deviceHint"]
    headers = {"User-Agent": "", "X-View-Token": opened["viewToken"]}
    assert desk.client.get(f"{place}/content", token=student.token, headers=headers).status == 200
    assert desk.client.get(f"{place}/watermark", token=student.token, headers=headers).status == 200
    too_long = {"deviceHint": "x" * 65}
    assert desk.open(note, student, json=too_long).status == 422
