"""The audit explorer through its functions: every way to ask, in pages, across months."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.identity.accounts import User
from chalicelib.platform import audit, clock, store
from chalicelib.platform.audit import SYSTEM, Actor, AuditEntry
from infra.local.emulator import Emulator
from tests.insight.audit_trail.entries import ADDRESS, CREATE, DAY, UPDATE, USER_UPDATE, by, note
from tests.support.client import Client
from tests.support.people import People, Person

AUDIT = "/v1/admin/audit"


@pytest.fixture
def auditor(people: People) -> Person:
    return people.admin("ADMIN_SECURITY")


@pytest.fixture
def editor(people: People) -> Person:
    return people.admin("ADMIN_CONTENT")


def ids(client: Client, person: Person, **query: Any) -> list[str]:
    """All pages of a question."""
    found: list[str] = []
    for _ in range(50):
        answer = client.get(AUDIT, token=person.token, query=query, expect=200)
        found += [one["id"] for one in answer.json["items"]]
        query["cursor"] = answer.json["nextCursor"]
        if query["cursor"] is None:
            return found
    raise AssertionError("the list has no end")


def iso(seconds_ago: float) -> str:
    """An instant of the past, as a query has it."""
    return clock.iso(clock.now() - timedelta(seconds=seconds_ago))


@pytest.mark.rule("AUD-01")
def test_an_entry_says_who_did_what_when_and_from_where(client: Client, auditor: Person, editor: Person) -> None:
    own_id = note(editor, UPDATE, "S1", changed={"name": ["A", "B"]})
    (shown,) = client.get(AUDIT, token=auditor.token, expect=200).json["items"]
    assert shown["at"][:10] == clock.iso(clock.now())[:10]
    assert {name: shown[name] for name in shown if name not in {"at", "requestId"}} == {
        "id": own_id,
        "actorUserId": editor.id,
        "actorKind": "USER",
        "actorUserType": "ADMIN",
        "actorRoles": ["ADMIN_CONTENT"],
        "actor": {"id": editor.id, "name": "Person 2", "type": "ADMIN"},
        "action": "subject.update",
        "resourceType": "subject",
        "resourceId": "S1",
        "outcome": "DONE",
        "reason": None,
        "meta": {"changed": {"name": ["A", "B"]}},
        "sessionId": None,
        "ip": ADDRESS,
        "userAgent": "sample-browser/1.0",
    }


@pytest.mark.rule("AUD-01")
def test_each_question_finds_its_entries_newest_first(
    cloud: Emulator, client: Client, auditor: Person, editor: Person
) -> None:
    """By resource, actor, type, action, outcome, alone and together; limit 1 answers the same as one page."""
    made = [
        note(editor, CREATE, "S1", seconds=50),
        note(auditor, UPDATE, "S1", seconds=40),
        note(editor, UPDATE, "S2", seconds=30),
        note(SYSTEM, UPDATE, "S2", seconds=20),
        note(editor, USER_UPDATE, editor.id, seconds=10),
    ]
    audit.refused(by(editor), "users.manage", "block_user", "FORBIDDEN")
    cloud.drain()
    newest = list(reversed(made))
    questions: list[tuple[dict[str, Any], list[str]]] = [
        ({"resourceType": "subject"}, newest[1:]),
        ({"action": "subject.update"}, newest[1:4]),
        ({"action": "subject.update", "resourceType": "subject"}, newest[1:4]),
        ({"action": "subject.update", "resourceType": "user"}, []),
        ({"actorUserId": editor.id, "outcome": "DONE"}, [made[4], made[2], made[0]]),
        ({"actorUserId": editor.id.lower(), "action": "subject.create"}, [made[0]]),
        ({"actorUserId": editor.id, "resourceType": "subject"}, [made[2], made[0]]),
        ({"actorUserId": "SYSTEM"}, [made[3]]),
        ({"resourceType": "subject", "resourceId": "S1"}, [made[1], made[0]]),
        ({"resourceType": "subject", "resourceId": "S1", "actorUserId": auditor.id}, [made[1]]),
        ({"resourceType": "subject", "resourceId": "S2", "actorUserId": "SYSTEM"}, [made[3]]),
        ({"resourceType": "subject", "resourceId": "S2", "action": "subject.create"}, []),
        ({"outcome": "DONE"}, newest),
    ]
    for query, expected in questions:
        assert ids(client, auditor, **query) == expected, query
        assert ids(client, auditor, **query, limit=1) == expected, query
    (refused,) = client.get(AUDIT, token=auditor.token, query={"outcome": "REFUSED"}).json["items"]
    assert (refused["action"], refused["resourceId"], refused["reason"]) == ("users.manage", "block_user", "FORBIDDEN")


@pytest.mark.rule("AUD-01", "HTTP-16")
def test_pages_go_back_across_months_and_neither_repeat_nor_skip(
    client: Client, auditor: Person, editor: Person
) -> None:
    made = [note(editor, about=str(days), seconds=days * DAY) for days in (85, 62, 61, 31, 30, 1, 0)]
    assert ids(client, auditor) == [made[6], made[5]]
    for limit in (1, 2, 3, 100):
        assert ids(client, auditor, limit=limit, **{"from": iso(86 * DAY)}) == list(reversed(made)), limit
        assert ids(client, auditor, limit=limit, outcome="DONE", **{"from": iso(86 * DAY)}) == list(reversed(made))
    assert ids(client, auditor, **{"from": iso(62.5 * DAY), "to": iso(30.5 * DAY)}) == [made[3], made[2], made[1]]


@pytest.mark.rule("AUD-01", "HTTP-16")
def test_the_period_of_a_list_stays_while_it_is_paged(
    cloud: Emulator, client: Client, auditor: Person, editor: Person, people: People
) -> None:
    """An entry at the far edge of the last 7 days is there on the last page, though it is older by then."""
    old, new = note(editor, seconds=7 * DAY - 30), note(editor)
    first = client.get(AUDIT, token=auditor.token, query={"limit": 1}, expect=200).json
    cloud.advance(60)
    note(editor)
    second = client.get(AUDIT, token=auditor.token, query={"limit": 1, "cursor": first["nextCursor"]}, expect=200).json
    assert [first["items"][0]["id"], second["items"][0]["id"]] == [new, old]


@pytest.mark.rule("AUD-01")
@pytest.mark.parametrize(
    ("query", "issues"),
    [
        ({"from": "2026-01-01", "to": "2026-04-03"}, {"query.from": "PERIOD_TOO_LONG"}),
        ({"from": "2026-01-02T00:00:00Z", "to": "2026-01-02T00:00:00Z"}, {"query.to": "BEFORE_FROM"}),
        ({"resourceId": "S1"}, {"query.resourceType": "REQUIRED"}),
        ({"action": "subject.invented"}, {"query.action": "UNKNOWN"}),
        ({"actorId": "me"}, {"query.actorId": "UNKNOWN_FIELD"}),
    ],
)
def test_a_wrong_question_is_refused_by_its_field(
    client: Client, auditor: Person, query: dict[str, str], issues: dict[str, str]
) -> None:
    answer = client.get(AUDIT, token=auditor.token, query=query, expect=422)
    assert set(answer.issues) == set(issues)
    if issues != {"query.actorId": "UNKNOWN_FIELD"}:
        assert answer.issues == issues
    assert "subject.create" not in answer.body.decode()


@pytest.mark.rule("AUD-01")
@pytest.mark.parametrize("query", [{"from": "0001-01-01", "to": "0001-02-01"}, {"from": "9999-11-01T00:00:00Z"}])
def test_a_period_in_which_nothing_can_be_is_empty_or_refused(
    client: Client, auditor: Person, query: dict[str, str]
) -> None:
    answer = client.get(AUDIT, token=auditor.token, query=query)
    assert answer.status in (200, 422)
    assert answer.status == 422 or answer.json == {"items": [], "nextCursor": None}


@pytest.mark.rule("AUD-01")
def test_a_page_costs_the_same_however_it_is_found(
    cloud: Emulator, client: Client, auditor: Person, editor: Person
) -> None:
    """After the card: one query, and one batch read of what it names."""
    for number in range(30):
        note(editor, about="S1", seconds=number)
    cloud.drain()
    for query in ({}, {"actorUserId": editor.id}, {"resourceType": "subject"}, {"action": "subject.create"}):
        with cloud.calls.during() as calls:
            client.get(AUDIT, token=auditor.token, query={**query, "limit": 20}, expect=200)
        assert [call.operation for call in calls] == ["GetItem", "Query", "BatchGetItem"], query


@pytest.mark.rule("AUD-02")
def test_one_entry_is_found_by_its_id_alone(cloud: Emulator, client: Client, auditor: Person, editor: Person) -> None:
    own_id = note(editor, UPDATE, "S1", seconds=80 * DAY, changed={"name": ["A", "B"]})
    with cloud.calls.during() as calls:
        shown = client.get(f"{AUDIT}/{own_id.lower()}", token=auditor.token, expect=200).json
    assert (shown["id"], shown["meta"], shown["actor"]["id"]) == (own_id, {"changed": {"name": ["A", "B"]}}, editor.id)
    assert [call.operation for call in calls] == ["BatchGetItem"] * 2
    for nobody in ("01JH8Z6V3N4Q5R6S7T8V9WXYZ0", "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"):
        missing = client.get(f"{AUDIT}/{nobody}", token=auditor.token, expect=404)
        assert missing.code == "AUDIT_NOT_FOUND"


@pytest.mark.rule("AUD-03")
def test_every_action_that_an_entry_can_name_is_told(client: Client, auditor: Person, editor: Person) -> None:
    items = client.get(f"{AUDIT}/actions", token=auditor.token, expect=200).json["items"]
    told = {one["action"]: one for one in items}
    assert list(told) == sorted(told)
    assert told["subject.create"] == {
        "action": "subject.create",
        "resourceType": "subject",
        "description": CREATE.description,
    }
    assert "users.manage" in told
    assert "profile.read" not in told
    client.get(AUDIT, token=editor.token, expect=403)
    assert {one["action"] for one in client.get(AUDIT, token=auditor.token).json["items"]} <= set(told)


@pytest.mark.rule("AUD-30")
def test_of_a_deleted_account_the_id_stays(cloud: Emulator, client: Client, auditor: Person, people: People) -> None:
    gone, staff = people.student(), people.super_admin()
    own = note(gone, USER_UPDATE, gone.id, seconds=4, changed={"name": ["Asha", "Asha K"], "locale": ["en-IN", "hi"]})
    before = note(Actor(kind="ANONYMOUS"), USER_UPDATE, gone.id, seconds=3, email="as***@g***.com")
    other = note(staff, USER_UPDATE, gone.id, seconds=2, changed={"email": ["as***@g***.com", None]})
    thing = note(staff, UPDATE, "S1", seconds=1, changed={"name": ["Polity", "Civics"]})
    store.update(User, User.place(gone.id), [User.status.set("DELETED"), User.name.set("Deleted user")])
    shown = {one["id"]: one for one in client.get(AUDIT, token=auditor.token, expect=200).json["items"]}
    assert shown[own]["actor"] == {"id": gone.id, "name": "Deleted user", "type": "STUDENT"}
    assert (shown[own]["actorUserId"], shown[own]["ip"], shown[own]["userAgent"]) == (gone.id, None, None)
    assert shown[own]["meta"] == {"changed": {"locale": ["en-IN", "hi"]}}
    assert (shown[before]["ip"], shown[before]["meta"]) == (None, {})
    assert (shown[other]["ip"], shown[other]["meta"]) == (ADDRESS, {"changed": {}})
    assert (shown[thing]["ip"], shown[thing]["meta"]) == (ADDRESS, {"changed": {"name": ["Polity", "Civics"]}})
    kept = store.get(AuditEntry, AuditEntry.of_id(own))
    assert kept is not None
    assert kept.ip == ADDRESS


@pytest.mark.rule("AUD-31")
@pytest.mark.policy("audit-list-own", "allows")
@pytest.mark.policy("audit-list", "refuses")
def test_staff_see_what_was_done_in_their_own_name(
    cloud: Emulator, client: Client, auditor: Person, editor: Person
) -> None:
    own = note(editor, about="S1")
    note(auditor, about="S1")
    cloud.drain()
    assert ids(client, editor, actorUserId="me") == ids(client, editor, actorUserId=editor.id) == [own]
    assert ids(client, editor, actorUserId="me", resourceType="subject", resourceId="S1") == [own]
    for query in ({}, {"actorUserId": auditor.id}, {"actorUserId": "SYSTEM"}, {"resourceType": "subject"}):
        refused = client.get(AUDIT, token=editor.token, query=query, expect=403)
        assert refused.json["details"] == {"reason": "MISSING_PERMISSION", "permission": ["admin.audit.read"]}
    for path in (f"{AUDIT}/actions", f"{AUDIT}/{own}"):
        client.get(path, token=editor.token, expect=403)


@pytest.mark.rule("AUD-31")
@pytest.mark.policy("audit-list-own", "refuses")
@pytest.mark.policy("audit-list", "allows")
def test_nobody_but_staff_asks_not_even_for_their_own(client: Client, auditor: Person, people: People) -> None:
    client.get(AUDIT, token=auditor.token, expect=200)
    for person in (people.student(), people.admin("CENTRE_OWNER")):
        for query in ({"actorUserId": "me"}, {"invented": "x"}):
            answer = client.get(AUDIT, token=person.token, query=query, expect=403)
            assert answer.code == "WRONG_USER_TYPE"
            assert "details" not in answer.json
