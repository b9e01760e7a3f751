"""Bans: in force from the answer on, over by themselves, lifted at once, and written together with the card."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from chalicelib.identity.accounts import User
from chalicelib.identity.people import DeletionDue
from chalicelib.insight.security.bans import MAX_LIVE
from chalicelib.insight.security.items import Ban, Banned
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import AccessCard, plain
from chalicelib.platform.audit import AuditEntry
from chalicelib.platform.ids import new_ulid
from tests.content.desk import Desk
from tests.support.client import Response
from tests.support.people import Person
from tests.support.races import at_once, just_before, round_trips

SECURITY = "/v1/admin/security"
REASON = "Pages of this note were found in a channel"
HOUR = 3_600
DEVICE = "0" * 32


def ban(desk: Desk, guard: Person, student: Person, note: str, hours: int = 48, **more: Any) -> Response:
    """Ban somebody from a note."""
    body = {"noteId": note, "durationHours": hours, "reason": REASON}
    token = fresh(desk, guard)
    return desk.client.post(f"{SECURITY}/users/{student.id}/notes/ban", json=body, token=token, **more)


def lift(desk: Desk, guard: Person, student: Person, note: str, **more: Any) -> Response:
    """Lift a ban."""
    path = f"{SECURITY}/users/{student.id}/notes/ban/{note}"
    return desk.client.delete(path, token=fresh(desk, guard), query={"reason": "Explained"}, **more)


def fresh(desk: Desk, person: Person) -> str:
    """A token that is good now, wherever the clock is."""
    return desk.people.token(person.id, person.session_id, person.user_type)


def on_card(student: Person, name: str = "note_bans") -> dict[str, int]:
    """The bans on somebody's card."""
    card = store.get(AccessCard, AccessCard.place(student.id))
    assert card is not None
    return {key: int(end) for key, end in plain(getattr(card, name)).items()}


def entries(desk: Desk, action: str) -> list[AuditEntry]:
    """The audit entries of an action, oldest first."""
    found = [store.read(raw) for raw in desk.cloud.items() if raw["kind"]["S"] == "AuditEntry"]
    mine = [one for one in found if isinstance(one, AuditEntry) and one.action == action]
    return sorted(mine, key=lambda one: str(one.id))


def statuses(desk: Desk, note: dict[str, Any], student: Person, view_token: str) -> dict[str, Response]:
    """Every entrance to a note, tried."""
    path, token = f"/v1/notes/{note['id']}", fresh(desk, student)
    sent = {"token": token, "headers": {"X-View-Token": view_token}}
    report = {"events": [{"type": "TAB_HIDDEN", "at": clock.iso(clock.now())}]}
    return {
        "open": desk.client.post(f"{path}/view-session", token=token),
        "renew": desk.client.post(f"{path}/view-session/renew", **sent),
        "watermark": desk.client.get(f"{path}/watermark", **sent),
        "content": desk.client.get(f"{path}/content", **sent),
        "page": desk.client.get(f"{path}/pages/1", **sent),
        "report": desk.client.post(f"{path}/view-events", json=report, **sent),
    }


@pytest.mark.rule("SHIELD-15", "SHIELD-70")
@pytest.mark.parametrize("all_notes", [False, True])
def test_a_ban_counts_from_the_next_request_and_ends_by_itself(desk: Desk, guard: Person, all_notes: bool) -> None:
    note, other, student = desk.note(), desk.note(), desk.student()
    view_token = desk.open(note, student, expect=201).json["viewToken"]
    target = "*" if all_notes else note["id"]
    made = ban(desk, guard, student, target.lower(), 2, expect=201)
    assert made.headers["location"] == f"{SECURITY}/users/{student.id}/notes/ban/{target}"
    shown = made.json
    assert (shown["noteId"], shown["userId"], shown["reason"]) == (target, student.id, REASON)
    path = f"/v1/notes/{note['id']}"
    progress = desk.client.post(f"{path}/progress", json={"lastPageRead": 1}, token=fresh(desk, student))
    for name, answer in {"progress": progress, **statuses(desk, note, student, view_token)}.items():
        assert (answer.status, answer.code) == (403, "FORBIDDEN"), name
        assert answer.json["details"] == {"reason": "NOTE_BANNED", "endsAt": shown["endsAt"][:-4] + "000Z"}, name
    listed = desk.client.get("/v1/notes", token=student.token, expect=200).json["items"]
    assert {one["id"]: one["locked"] for one in listed} == {note["id"]: True, other["id"]: all_notes}
    assert desk.open(other, student).status == (403 if all_notes else 201)
    desk.cloud.advance(2 * HOUR + 1)
    assert desk.client.post(f"/v1/notes/{note['id']}/view-session", token=fresh(desk, student)).status == 201


@pytest.mark.rule("SHIELD-71", "AUD-22")
def test_ban_and_lift_are_audited_with_their_reasons(desk: Desk, guard: Person) -> None:
    note, student = desk.note(), desk.student()
    made = ban(desk, guard, student, note["id"], expect=201).json
    for _ in range(2):
        assert lift(desk, guard, student, note["id"], expect=204).body == b""
    (banned,), (lifted,) = entries(desk, "noteban.create"), entries(desk, "noteban.lift")
    assert (banned.resource_id, banned.actor_user_id, banned.reason) == (student.id, guard.id, REASON)
    assert plain(banned.meta) == {"noteId": note["id"], "endsAt": made["endsAt"]}
    assert (lifted.resource_id, lifted.reason, plain(lifted.meta)) == (student.id, "Explained", {"noteId": note["id"]})


@pytest.mark.rule("SHIELD-17")
def test_a_lifted_ban_lets_in_at_once(desk: Desk, guard: Person) -> None:
    note, student = desk.note(), desk.student()
    assert lift(desk, guard, student, note["id"]).code == "BAN_NOT_FOUND"
    for target in (note["id"], "*"):
        ban(desk, guard, student, target, expect=201)
    lift(desk, guard, student, note["id"].lower(), expect=204)
    assert desk.open(note, student).status == 403
    lift(desk, guard, student, "*", expect=204)
    assert desk.open(note, student).status == 201
    assert on_card(student) == {}
    desk.client.delete(f"{SECURITY}/users/{student.id}/notes/ban/*", token=guard.token, expect=422)
    assert lift(desk, guard, student, "nonsense").status == 404


@pytest.mark.rule("SHIELD-15")
def test_a_newer_ban_of_the_same_note_replaces_the_end(desk: Desk, guard: Person) -> None:
    note, student = desk.note(), desk.student()
    ends = [ban(desk, guard, student, note["id"], hours, expect=201).json["endsAt"] for hours in (48, 1)]
    assert ends[1] < ends[0]
    assert on_card(student) == {note["id"]: int(clock.parse_iso(ends[1]).timestamp())}
    (found,) = listed(desk, guard, userId=student.id)
    assert found["endsAt"] == ends[1]


def listed(desk: Desk, guard: Person, **query: Any) -> list[dict[str, Any]]:
    """All pages of the bans, one at a time."""
    found: list[dict[str, Any]] = []
    while True:
        asked = {"limit": 1, **query}
        page = desk.client.get(f"{SECURITY}/bans", token=fresh(desk, guard), query=asked, expect=200).json
        found += page["items"]
        if page["nextCursor"] is None:
            return found
        query["cursor"] = page["nextCursor"]


@pytest.mark.rule("SHIELD-16")
def test_bans_are_listed_newest_first_with_names(desk: Desk, guard: Person) -> None:
    note, students = desk.note(), [desk.student(), desk.student()]
    ban(desk, guard, students[0], note["id"], 1, expect=201)
    desk.cloud.advance(60)
    ban(desk, guard, students[1], "*", 5, expect=201)
    desk.cloud.advance(60)
    ban(desk, guard, students[1], note["id"], 5, expect=201)
    lift(desk, guard, students[1], note["id"], expect=204)
    everybody = [(one["userId"], one["noteId"]) for one in listed(desk, guard, active="false")]
    assert everybody == [(students[1].id, note["id"]), (students[1].id, "*"), (students[0].id, note["id"])]
    (newest, *_) = listed(desk, guard, active="false")
    assert (newest["userName"], newest["noteTitle"], newest["what"]) == ("Asha Verma", note["title"], "NOTE")
    assert newest["liftedByUserId"] == guard.id
    assert newest["createdByName"].startswith("Person")
    assert [one["noteId"] for one in listed(desk, guard, userId=students[1].id)] == ["*"]
    desk.cloud.advance(HOUR)
    assert [one["userId"] for one in listed(desk, guard)] == [students[1].id]
    with desk.cloud.calls.during() as calls:
        desk.client.get(f"{SECURITY}/bans", token=fresh(desk, guard), expect=200)
    assert [call.operation for call in calls] == ["GetItem", "Query", "BatchGetItem"]


@pytest.mark.rule("SHIELD-15", "SHIELD-18")
def test_only_students_are_banned_and_only_from_what_there_is(desk: Desk, guard: Person) -> None:
    student = desk.student()
    assert ban(desk, guard, desk.editor, "*").code == "NOT_A_STUDENT"
    assert ban(desk, guard, student, new_ulid()).issues == {"body.noteId": "UNKNOWN"}
    path = f"{SECURITY}/users/{student.id}/notes/ban"
    good = {"noteId": "*", "durationHours": 1, "reason": REASON}
    for wrong in ({"durationHours": 0}, {"durationHours": 8_761}, {"reason": "no"}, {"noteId": "all"}, {"x": 1}):
        assert desk.client.post(path, json={**good, **wrong}, token=guard.token).status == 422, wrong
    nobody = f"{SECURITY}/users/{new_ulid()}/notes/ban"
    assert desk.client.post(nobody, json=good, token=guard.token).code == "USER_NOT_FOUND"
    support = desk.people.admin("ADMIN_SUPPORT")
    assert desk.client.post(path, json=good, token=support.token).status == 403
    assert on_card(student) == on_card(desk.editor) == {}
    assert entries(desk, "noteban.create") == []


@pytest.mark.rule("SHIELD-70")
def test_fifty_bans_run_at_most_and_those_that_are_over_do_not_count(desk: Desk, guard: Person) -> None:
    note, student = desk.note(), desk.student()
    later, over = clock.epoch() + HOUR, clock.epoch() - 1
    running = {new_ulid(): later for _ in range(MAX_LIVE - 1)}
    bans = {**running, new_ulid(): over}
    store.update(AccessCard, AccessCard.place(student.id), [AccessCard.note_bans.set(bans)])
    ban(desk, guard, student, note["id"], expect=201)
    assert set(on_card(student)) == {*running, note["id"]}
    assert ban(desk, guard, student, "*").code == "TOO_MANY_BANS"
    assert set(on_card(student)) == {*running, note["id"]}
    ban(desk, guard, student, note["id"], expect=201)
    assert len(on_card(student)) == MAX_LIVE == 50
    assert len(entries(desk, "noteban.create")) == 2


@pytest.mark.rule("SHIELD-70")
def test_parallel_bans_all_count_and_never_pass_the_maximum(desk: Desk, guard: Person) -> None:
    notes, student = [desk.note()["id"] for _ in range(3)], desk.student()
    later = {new_ulid(): clock.epoch() + HOUR for _ in range(MAX_LIVE - 2)}
    store.update(AccessCard, AccessCard.place(student.id), [AccessCard.note_bans.set(later)])
    answers = at_once([partial(ban, desk, guard, student, note) for note in notes])
    assert sorted(answer.status for answer in answers) == [201, 201, 409]
    made = {note for note, answer in zip(notes, answers, strict=True) if answer.status == 201}
    assert set(on_card(student)) == {*later, *made}
    assert {plain(one.meta)["noteId"] for one in entries(desk, "noteban.create")} == made
    assert {one["noteId"] for one in listed(desk, guard, userId=student.id)} == made


@pytest.mark.rule("SHIELD-17", "SHIELD-70")
def test_a_ban_that_is_renewed_while_it_is_lifted_is_lifted_as_it_then_is(desk: Desk, guard: Person) -> None:
    note, student = desk.note(), desk.student()
    ban(desk, guard, student, note["id"], 1, expect=201)
    with just_before("TransactWriteItems", lambda: ban(desk, guard, student, note["id"], 9, expect=201)):
        lift(desk, guard, student, note["id"], expect=204)
    assert on_card(student) == {}
    assert listed(desk, guard) == []


@pytest.mark.rule("SHIELD-70")
def test_a_ban_is_one_write(desk: Desk, guard: Person) -> None:
    note, student = desk.note(), desk.student()
    with desk.cloud.calls.during() as calls:
        ban(desk, guard, student, note["id"], expect=201)
    assert round_trips(calls) == 2
    assert [call.operation for call in calls] == ["BatchGetItem", "TransactWriteItems"]
    desk.cloud.fault("dynamodb", "TransactWriteItems", "InternalServerError", times=9)
    assert ban(desk, guard, student, "*").status == 503
    assert set(on_card(student)) == {note["id"]}
    assert store.get(Ban, Ban.place(student.id, Banned.NOTE, "*")) is None


@pytest.mark.rule("SHIELD-18")
def test_a_device_is_banned_by_a_view_session_or_its_hash(desk: Desk, guard: Person) -> None:
    note, student = desk.note(), desk.student()
    opened = desk.open(note, student, expect=201).json
    path = f"{SECURITY}/users/{student.id}/devices/ban"
    wish = {"viewSessionId": opened["viewSessionId"], "durationHours": 2, "reason": REASON}
    made = desk.client.post(path, json=wish, token=guard.token, expect=201).json
    device = made["userAgentHash"]
    assert (made["what"], made["noteId"], len(device)) == ("DEVICE", None, 32)
    assert set(on_card(student, "device_bans")) == {device}
    for answer in statuses(desk, note, student, opened["viewToken"]).values():
        assert answer.status == 403
        assert answer.json["details"]["reason"] == "DEVICE_BANNED"
        assert clock.parse_iso(answer.json["details"]["endsAt"]) <= clock.parse_iso(made["endsAt"])
    other = {"User-Agent": "another/1.0"}
    assert desk.open(note, student, headers=other).status == 201
    assert [one["userAgentHash"] for one in listed(desk, guard)] == [device]
    for query, status in (({"userAgentHash": device}, 204), ({"viewSessionId": opened["viewSessionId"]}, 204)):
        answer = desk.client.delete(path, query={**query, "reason": "Explained"}, token=guard.token)
        assert answer.status == status
        assert desk.open(note, student).status == 201
    assert [one.resource_id for one in entries(desk, "deviceban.lift")] == [student.id]


@pytest.mark.rule("SHIELD-18")
def test_a_device_must_be_named_one_way_and_be_theirs(desk: Desk, guard: Person) -> None:
    note, student, other = desk.note(), desk.student(), desk.student()
    theirs = desk.open(note, other, expect=201).json["viewSessionId"]
    path = f"{SECURITY}/users/{student.id}/devices/ban"
    for named, status, code in (
        ({"viewSessionId": theirs}, 404, "VIEW_SESSION_NOT_FOUND"),
        ({"viewSessionId": new_ulid()}, 404, "VIEW_SESSION_NOT_FOUND"),
        ({}, 422, "VALIDATION_FAILED"),
        ({"viewSessionId": theirs, "userAgentHash": DEVICE}, 422, "VALIDATION_FAILED"),
        ({"userAgentHash": "z" * 32}, 422, "VALIDATION_FAILED"),
    ):
        body = {**named, "durationHours": 1, "reason": REASON}
        assert desk.client.post(path, json=body, token=guard.token).code == code
        answer = desk.client.delete(path, query={**named, "reason": REASON}, token=guard.token)
        assert (answer.status, answer.code) == (status, code)
    never = {"userAgentHash": DEVICE, "reason": REASON}
    assert desk.client.delete(path, query=never, token=guard.token).code == "BAN_NOT_FOUND"
    assert on_card(student, "device_bans") == {}
    assert entries(desk, "deviceban.create") == []


@pytest.mark.rule("USR-40")
def test_bans_go_with_the_account(desk: Desk, guard: Person) -> None:
    note, gone, stays = desk.note(), desk.student(), desk.student()
    for one in (gone, stays):
        ban(desk, guard, one, note["id"], expect=201)
        ban(desk, guard, one, "*", expect=201)
    due = clock.now() - timedelta(hours=1)
    store.update(User, User.place(gone.id), [User.deletion_due_at.set(due)])
    store.put(DeletionDue.of(gone.id, due))
    assert desk.cloud.invoke("erase_accounts").answer == {"erased": 1, "failed": 0}
    desk.cloud.drain()
    assert {one["userId"] for one in listed(desk, guard, active="false")} == {stays.id}
    assert on_card(gone) == {}
    assert ban(desk, guard, gone, "*").code == "USER_NOT_FOUND"
