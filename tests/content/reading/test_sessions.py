"""View sessions: their tokens, their life, and how many there are."""

from __future__ import annotations

import threading
from functools import partial
from typing import Any

import pytest

from chalicelib.content.reading import NoteReader
from chalicelib.content.reading.sessions import sessions_of
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import AccessCard, plain
from tests.content.desk import Desk
from tests.content.paper import pdf
from tests.support.people import Person
from tests.support.races import at_once

CONTENT = pdf(2)


def view(desk: Desk, method: str, note: dict[str, Any], reader: Person, token: str, what: str = "/renew") -> Any:
    """A call about a view session."""
    place = f"/v1/notes/{note['id']}/view-session{what}"
    return desk.client.call(
        method, place, token=desk.people.token(reader.id, reader.session_id, "STUDENT"), headers={"X-View-Token": token}
    )


def fetched(desk: Desk, note: dict[str, Any], reader: Person, token: str) -> int:
    """The status of a content request, with an access token that is still young."""
    access = desk.people.token(reader.id, reader.session_id, "STUDENT")
    place = f"/v1/notes/{note['id']}/content"
    return int(desk.client.get(place, token=access, headers={"X-View-Token": token}).status)


def live(note: dict[str, Any], reader: Person) -> list[str]:
    """Ids of the sessions that are live now."""
    item = store.get(NoteReader, NoteReader.place(reader.id, note["id"]))
    return [one.id for one in sessions_of(item) if one.live(clock.epoch())]


def registered(desk: Desk, session_id: str) -> dict[str, Any]:
    """The register's entry of a session."""
    (entry,) = desk.cloud.items(f"VSESS#{session_id}")
    return entry


@pytest.mark.rule("SHIELD-01", "SHIELD-43")
def test_opening_answers_all_that_a_viewer_needs(desk: Desk) -> None:
    note, student = desk.note(content=CONTENT), desk.student()
    answer = desk.open(note, student, json={"deviceHint": "Android 15", "acceptNotice": 3}, expect=201)
    body = answer.json
    assert body["viewToken"].startswith(f"vt1.{body['viewSessionId']}.")
    assert (body["contentLength"], body["pageCount"]) == (len(CONTENT), 2)
    assert (body["etag"], body["pagesAvailable"]) == (f'"n{note["id"]}-1"', False)
    assert (body["maxRangeBytes"], body["recommendedChunkBytes"]) == (1_048_576, 524_288)
    assert body["renewAfterSeconds"] == 240
    assert abs(clock.parse_iso(body["expiresAt"]).timestamp() - clock.epoch() - 300) <= 2
    entry = registered(desk, body["viewSessionId"])
    assert entry["device_hint"]["S"] == "Android 15"
    assert int(entry["ttl"]["N"]) > clock.epoch() + 399 * 86_400
    everything = str(desk.cloud.items())
    assert body["viewToken"] not in everything
    assert body["viewToken"].rsplit(".", 1)[1] not in everything


@pytest.mark.rule("SHIELD-01")
def test_who_may_not_open_learns_why(desk: Desk) -> None:
    note = desk.note(isPremium=True)
    other = desk.subject()
    now = clock.epoch()
    cases = [
        (desk.student(), "NO_ENTITLEMENT"),
        (desk.student({"subjectIds": [other["id"]]}), "ENTITLEMENT_OUT_OF_SCOPE"),
        (desk.student({"startsAt": now - 90, "endsAt": now - 1}), "ENTITLEMENT_EXPIRED"),
        (desk.student({}, note_bans={note["id"]: now + 60}), "NOTE_BANNED"),
        (desk.student({}, note_bans={"*": now + 60}), "NOTE_BANNED"),
    ]
    for student, reason in cases:
        answer = desk.open(note, student, expect=403)
        assert (answer.code, answer.json["details"]["reason"]) == ("FORBIDDEN", reason)
        assert store.get(NoteReader, NoteReader.place(student.id, note["id"])) is None
    draft = desk.draft()
    for missing in (draft, {"id": "01M7W40Q13T1PHW4JDV27B5ZA4"}):
        assert desk.open(missing, desk.student({}), expect=404).code == "NOTE_NOT_FOUND"


@pytest.mark.rule("SHIELD-01")
def test_openings_are_limited(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RATE_VIEW_SESSION", "2/3600")
    note, student = desk.note(), desk.student()
    assert [desk.open(note, student).status for _ in range(3)] == [201, 201, 429]


@pytest.mark.rule("SHIELD-42")
def test_what_is_not_the_token_is_refused_the_same_way(desk: Desk) -> None:
    note, other = desk.note(content=CONTENT), desk.note(content=CONTENT)
    student, stranger = desk.student(), desk.student()
    token = desk.open(note, student).json["viewToken"]
    theirs = desk.open(note, stranger).json["viewToken"]
    of_other = desk.open(other, student).json["viewToken"]
    head, session_id, secret = token.split(".")
    wrong = [
        "",
        "nonsense",
        token[:-1],
        token + "A",
        f"{head}.{session_id}.{'A' * 43}",
        f"{head}.{theirs.split('.')[1]}.{secret}",
        f"vt2.{session_id}.{secret}",
        theirs,
        of_other,
    ]
    answers = [desk.content(note, student, given) for given in wrong]
    assert {(answer.status, answer.code, answer.json["message"]) for answer in answers} == {
        (401, "VIEW_TOKEN_INVALID", answers[0].json["message"])
    }
    place = f"/v1/notes/{note['id']}/content"
    assert desk.client.get(place, token=student.token).code == "VIEW_TOKEN_INVALID"
    assert desk.client.get(f"{place}?viewToken={token}", token=student.token).status == 422
    assert desk.content(note, student, token).status == 200


@pytest.mark.rule("SHIELD-42")
def test_a_token_dies_with_its_login_session_and_token_version(desk: Desk) -> None:
    note, student = desk.note(content=CONTENT), desk.student()
    token = desk.open(note, student).json["viewToken"]
    card, other = AccessCard.place(student.id), "01M7W40Q13T1PHW4JDV27B5ZA4"
    entry = {"exp": clock.epoch() + 900, "authAt": clock.epoch(), "mfa": False}
    store.update(AccessCard, card, [AccessCard.sessions.set({other: entry})])
    access = desk.people.token(student.id, other, "STUDENT")
    place = f"/v1/notes/{note['id']}/content"
    elsewhere = desk.client.get(place, token=access, headers={"X-View-Token": token})
    assert elsewhere.code == "VIEW_TOKEN_INVALID"
    store.update(
        AccessCard, card, [AccessCard.sessions.set({student.session_id: entry}), AccessCard.token_version.add(1)]
    )
    renewed = desk.people.token(student.id, student.session_id, "STUDENT", version=2)
    assert desk.client.get(place, token=renewed, headers={"X-View-Token": token}).code == "VIEW_TOKEN_INVALID"


@pytest.mark.rule("SHIELD-02", "SHIELD-42")
def test_the_token_before_is_good_for_ten_seconds_more(desk: Desk) -> None:
    note, student = desk.note(content=CONTENT), desk.student()
    first = desk.open(note, student).json
    desk.cloud.advance(200)
    renewed = view(desk, "POST", note, student, first["viewToken"])
    assert renewed.status == 200
    second = renewed.json["viewToken"]
    assert second.split(".")[1] == first["viewSessionId"]
    assert abs(clock.parse_iso(renewed.json["expiresAt"]).timestamp() - clock.epoch() - 300) <= 2
    assert [fetched(desk, note, student, token) for token in (first["viewToken"], second)] == [200, 200]
    desk.cloud.advance(11)
    assert [fetched(desk, note, student, token) for token in (first["viewToken"], second)] == [401, 200]
    assert len(live(note, student)) == 1


@pytest.mark.rule("SHIELD-02", "SHIELD-42")
def test_a_renewal_whose_answer_was_lost_can_be_repeated(desk: Desk) -> None:
    note, student = desk.note(content=CONTENT), desk.student()
    token = desk.open(note, student).json["viewToken"]
    answers = at_once([partial(view, desk, "POST", note, student, token)] * 4)
    assert {answer.status for answer in answers} <= {200, 401}
    assert 200 in {answer.status for answer in answers}
    assert len(live(note, student)) == 1


@pytest.mark.rule("SHIELD-02", "SHIELD-43")
def test_a_session_can_be_renewed_up_to_a_minute_after_its_end(desk: Desk) -> None:
    note, student = desk.note(content=CONTENT), desk.student()
    token = desk.open(note, student).json["viewToken"]
    desk.cloud.advance(301)
    assert fetched(desk, note, student, token) == 401
    desk.cloud.advance(50)
    renewed = view(desk, "POST", note, student, token)
    assert renewed.status == 200
    assert fetched(desk, note, student, renewed.json["viewToken"]) == 200
    desk.cloud.advance(361)
    late = view(desk, "POST", note, student, renewed.json["viewToken"])
    assert (late.status, late.code) == (401, "VIEW_TOKEN_INVALID")


@pytest.mark.rule("SHIELD-43")
def test_after_its_longest_life_a_new_session_is_needed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIEW_SESSION_MAX_MINUTES", "15")
    note, student = desk.note(content=CONTENT), desk.student()
    token = desk.open(note, student).json["viewToken"]
    for _ in range(3):
        desk.cloud.advance(280)
        renewed = view(desk, "POST", note, student, token)
        assert renewed.status == 200
        token = renewed.json["viewToken"]
    left = clock.parse_iso(renewed.json["expiresAt"]).timestamp() - clock.epoch()
    assert 55 <= left <= 61
    assert renewed.json["renewAfterSeconds"] <= 0.8 * 61
    desk.cloud.advance(62)
    assert view(desk, "POST", note, student, token).status == 401
    assert (
        desk.client.post(
            f"/v1/notes/{note['id']}/view-session", token=desk.people.token(student.id, student.session_id, "STUDENT")
        ).status
        == 201
    )


@pytest.mark.rule("SHIELD-03")
def test_closing_ends_the_session_and_can_be_repeated(desk: Desk) -> None:
    note, student = desk.note(content=CONTENT), desk.student()
    first, second = (desk.open(note, student).json for _ in range(2))
    for _ in range(2):
        assert view(desk, "DELETE", note, student, first["viewToken"], "").status == 204
    assert fetched(desk, note, student, first["viewToken"]) == 401
    assert fetched(desk, note, student, second["viewToken"]) == 200
    assert registered(desk, first["viewSessionId"])["revoked_reason"]["S"] == "USER"
    assert view(desk, "DELETE", note, student, "nonsense", "").code == "VIEW_TOKEN_INVALID"
    stranger = desk.student()
    assert view(desk, "DELETE", note, stranger, second["viewToken"], "").code == "VIEW_TOKEN_INVALID"
    assert live(note, student) == [second["viewSessionId"]]


@pytest.mark.rule("SHIELD-03")
def test_closing_works_when_the_note_does_not_open_any_more(desk: Desk) -> None:
    note, student = desk.note(content=CONTENT), desk.student()
    token = desk.open(note, student).json["viewToken"]
    desk.post(f"/v1/admin/notes/{note['id']}/unpublish", expect=200)
    assert view(desk, "DELETE", note, student, token, "").status == 204
    assert live(note, student) == []


@pytest.mark.rule("SHIELD-44")
def test_opening_a_third_ends_the_oldest(desk: Desk) -> None:
    note, student = desk.note(content=CONTENT), desk.student()
    opened = []
    for _ in range(7):
        opened.append(desk.open(note, student, expect=201).json)
        desk.cloud.advance(1)
    assert live(note, student) == [one["viewSessionId"] for one in opened[-2:]]
    assert [fetched(desk, note, student, one["viewToken"]) for one in opened] == [401] * 5 + [200] * 2
    assert registered(desk, opened[0]["viewSessionId"])["revoked_reason"]["S"] == "LIMIT"
    item = store.get(NoteReader, NoteReader.place(student.id, note["id"]))
    assert item is not None
    assert len(plain(item.sessions)) == 5


@pytest.mark.rule("SHIELD-44")
def test_one_that_can_still_be_renewed_counts(desk: Desk) -> None:
    note, student = desk.note(content=CONTENT), desk.student()
    access = partial(desk.people.token, student.id, student.session_id, "STUDENT")
    first = desk.open(note, student).json
    desk.cloud.advance(310)
    others = [
        desk.client.post(f"/v1/notes/{note['id']}/view-session", token=access(), expect=201).json for _ in range(2)
    ]
    assert view(desk, "POST", note, student, first["viewToken"]).status == 401
    assert live(note, student) == sorted(one["viewSessionId"] for one in others)


@pytest.mark.rule("SHIELD-44")
def test_never_three_are_live_whoever_opens_at_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RATE_VIEW_SESSION", "off")
    note, student = desk.note(content=CONTENT), desk.student()
    seen: list[int] = []
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.01):
            seen.append(len(live(note, student)))

    watcher = threading.Thread(target=watch)
    watcher.start()
    answers = at_once([partial(desk.open, note, student)] * 30)
    done.set()
    watcher.join()
    assert {answer.status for answer in answers} <= {201, 409}
    assert max(seen) <= 2
    alive = live(note, student)
    assert len(alive) == 2
    opened = {answer.json["viewSessionId"]: answer.json["viewToken"] for answer in answers if answer.status == 201}
    working = [one for one, token in opened.items() if fetched(desk, note, student, token) == 200]
    assert sorted(working) == sorted(alive)
