"""What an edit would change (ACC-75), and who holds a role (ACC-07)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.platform import clock
from tests.identity.access.staff import Office, card_of, seed_holders
from tests.support.races import round_trips

PATH = "/v1/admin/access/simulate"
NOTHING: dict[str, list[str]] = {"permissions": [], "actions": []}


@pytest.mark.rule("ACC-75")
def test_who_would_gain_and_lose_what(office: Office) -> None:
    tester, both = office.staff("ADMIN_TEST"), office.staff("ADMIN_TEST", "ADMIN_SUPPORT")
    timed = office.staff("INSTRUCTOR")
    end = clock.iso(clock.now() + timedelta(seconds=60))
    office.assign(office.boss, timed.id, "INSTRUCTOR", "ADMIN_TEST", expiresAt={"ADMIN_TEST": end})
    draft = {"key": "ADMIN_TEST", "add": ["docs.read"], "remove": ["attempts.read", "content.read"]}
    answer = office.client.post(PATH, json=draft, token=office.staff("ADMIN_SECURITY").token, expect=200).json
    gains = {"permissions": ["docs.read"], "actions": ["docs.read"]}
    assert (answer["roleKey"], answer["holders"]) == ("ADMIN_TEST", 3)
    assert answer["gains"] == gains
    assert answer["loses"]["permissions"] == ["attempts.read", "content.read"]
    assert "content.read" in answer["loses"]["actions"]
    people = {one["userId"]: one for one in answer["items"]}
    assert people[tester.id]["loses"]["permissions"] == ["attempts.read", "content.read"]
    assert people[tester.id]["gains"] == gains
    assert people[tester.id]["name"].startswith("Person")
    # Another role of theirs gives it, too.
    assert people[both.id]["loses"] == NOTHING
    assert people[timed.id]["loses"]["permissions"] == ["attempts.read"]
    office.cloud.advance(61)
    answer = office.client.post(PATH, json=draft, token=office.boss.token, expect=200).json
    assert timed.id not in {one["userId"] for one in answer["items"]}


@pytest.mark.rule("ACC-75")
def test_a_simulation_changes_nothing_and_agrees_with_the_edit(office: Office) -> None:
    ids = seed_holders("ADMIN_TEST", 12)
    draft: dict[str, Any] = {"permissions": ["tests.read", "docs.read"]}
    same = office.unchanged()
    found: dict[str, dict[str, list[str]]] = {}
    cursor = None
    for _ in range(4):
        body = {"key": "ADMIN_TEST", **draft, "limit": 5, **({"cursor": cursor} if cursor else {})}
        with office.cloud.calls.during() as calls:
            answer = office.client.post(PATH, json=body, token=office.boss.token, expect=200).json
        assert round_trips(calls, counters=False) <= 5
        found |= {one["userId"]: one["loses"] for one in answer["items"]}
        cursor = answer["nextCursor"]
        if cursor is None:
            break
    assert set(found) == set(ids)
    assert same()
    before = {str(name) for name in card_of(ids[0]).permissions}
    assert office.edit("ADMIN_TEST", **draft).status == 200
    lost = before - {str(name) for name in card_of(ids[0]).permissions}
    assert found[ids[0]]["permissions"] == sorted(lost)


@pytest.mark.rule("ACC-75")
def test_drafts_that_cannot_be(office: Office) -> None:
    for body, status, code in (
        ({"key": "NO_SUCH_ROLE", "add": ["tests.read"]}, 404, "ROLE_NOT_FOUND"),
        ({"key": "ADMIN_TEST", "add": ["no.such"]}, 422, "VALIDATION_FAILED"),
        ({"key": "ADMIN_TEST", "cursor": "x"}, 400, "CURSOR_INVALID"),
    ):
        answer = office.client.post(PATH, json=body, token=office.boss.token)
        assert (answer.status, answer.code) == (status, code)


@pytest.mark.rule("ACC-07", "USR-32")
def test_holders_come_in_pages_with_names_in_one_read(office: Office) -> None:
    ids = sorted(seed_holders("ADMIN_TEST", 5))
    path = "/v1/admin/access/roles/ADMIN_TEST/holders"
    with office.cloud.calls.during() as calls:
        first = office.client.get(path, query={"limit": 3}, token=office.boss.token, expect=200).json
    own = [call.operation for call in calls if call.service == "dynamodb" and call.operation != "UpdateItem"]
    assert own == ["BatchGetItem", "Query", "BatchGetItem"]
    rest = office.client.get(path, query={"cursor": first["nextCursor"]}, token=office.boss.token, expect=200).json
    items = first["items"] + rest["items"]
    assert [one["userId"] for one in items] == ids
    assert rest["nextCursor"] is None
    assert items[0]["name"].startswith("Holder")
    assert items[0]["email"].endswith("@example.com")
    assert (items[0]["status"], items[0]["assignedBy"], items[0]["expiresAt"]) == ("ACTIVE", None, None)
    assert office.client.get("/v1/admin/access/roles/NO_SUCH/holders", token=office.boss.token).status == 404
    # A cursor of one role opens no other's list.
    other = office.client.get(
        path.replace("ADMIN_TEST", "ADMIN_SUPPORT"), query={"cursor": first["nextCursor"]}, token=office.boss.token
    )
    assert (other.status, other.code) == (400, "CURSOR_INVALID")
    role = {"key": "AUDITOR", "name": "Auditor", "userType": "ADMIN", "permissions": ["access.read"]}
    office.client.post("/v1/admin/access/roles", json=role, token=office.boss.token, expect=201)
    seen = office.client.get(path, token=office.staff("AUDITOR").token, expect=200).json["items"]
    assert {one["email"] for one in seen} == {None}
    end = clock.iso(clock.now() + timedelta(seconds=60))
    person = office.staff("INSTRUCTOR")
    office.assign(office.boss, person.id, "AUDITOR", expiresAt={"AUDITOR": end})
    holders = office.client.get(path.replace("ADMIN_TEST", "AUDITOR"), token=office.boss.token).json["items"]
    assert [(one["expiresAt"] or "")[:19] for one in holders if one["userId"] == person.id] == [end[:19]]
    assert office.boss.id in {one["assignedBy"] for one in holders}
