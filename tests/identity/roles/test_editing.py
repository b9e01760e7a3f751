"""Roles as data: the catalogue, created, read, edited, deleted (ACC-01 … ACC-06), and who is told (ACC-54)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from chalicelib.identity.roles import Role
from chalicelib.platform import store
from chalicelib.platform.access.catalogue import ACADEMY_PERMISSIONS, DEFAULT_ROLES, Permission
from chalicelib.platform.messages import Message
from infra.local.emulator import Emulator
from tests.content.desk import Desk
from tests.identity.access.staff import Office, card_of, holders_of, role_of, seed_holders
from tests.support.client import Client
from tests.support.people import People
from tests.support.races import at_once, just_before

ROLES = "/v1/admin/access/roles"
DESK = {"key": "EXAM_DESK", "name": "Examination desk", "userType": "ADMIN", "permissions": ["tests.read"]}


@pytest.fixture
def office(cloud: Emulator, client: Client, people: People) -> Office:
    return Office(cloud, client, people)


def _create(office: Office, by: Any = None, **changes: Any) -> Any:
    return office.client.post(ROLES, json={**DESK, **changes}, token=(by or office.boss).token)


def _mails(office: Office) -> list[Message]:
    found = [store.read(item) for item in office.cloud.items() if item["kind"]["S"] == "Message"]
    return [one for one in found if isinstance(one, Message)]


@pytest.mark.rule("ACC-01")
def test_the_catalogue(office: Office) -> None:
    items = office.client.get("/v1/admin/access/permissions", token=office.boss.token, expect=200).json["items"]
    assert [one["name"] for one in items] == [name.value for name in Permission]
    assert all(one["description"] for one in items)
    by_name = {one["name"]: one for one in items}
    assert by_name["payments.refund.late"]["sensitive"] is True
    assert by_name["payments.read"] == {
        "name": "payments.read",
        "area": "payments",
        "description": "See orders, transactions, events and subscriptions, and export them",
        "userType": "ADMIN",
        "sensitive": False,
    }
    assert by_name["centre.seats.manage"]["userType"] == "OPERATOR"
    assert sum(one["sensitive"] for one in items) == 5


@pytest.mark.rule("ACC-02", "ACC-03")
def test_roles_are_read(office: Office) -> None:
    with office.cloud.calls.during() as calls:
        items = office.client.get(ROLES, token=office.boss.token, expect=200).json["items"]
    assert [one.operation for one in calls if one.operation == "Query"] == ["Query"]
    assert {one["key"] for one in items} == {one.key for one in DEFAULT_ROLES}
    one = office.client.get(f"{ROLES}/ADMIN_SUPER", token=office.boss.token, expect=200)
    assert set(one.json["permissions"]) == {str(name) for name in ACADEMY_PERMISSIONS}
    assert (one.json["holders"], one.json["activeHolders"], one.json["editable"]) == (1, 1, False)
    assert one.json["propagation"] == {"state": "DONE", "remaining": 0}
    assert one.headers["etag"] == f'"v{one.json["version"]}"'
    for key in ("NO_SUCH_ROLE", "no-key"):
        assert office.client.get(f"{ROLES}/{key}", token=office.boss.token).code == "ROLE_NOT_FOUND"


@pytest.mark.rule("ACC-04")
def test_a_role_is_created(office: Office) -> None:
    made = _create(office, description="For the examinations", copyFrom="INSTRUCTOR")
    assert made.status == 201
    instructor = {str(name) for name in role_of("INSTRUCTOR").permissions}
    assert set(made.json["permissions"]) == {"tests.read"} | instructor
    assert (made.json["system"], made.json["holders"], made.json["version"]) == (False, 0, 1)
    assert made.headers["location"] == f"{ROLES}/EXAM_DESK"
    assert office.audited()[-1]["action"] == "role.create"
    person = office.staff("ADMIN_TEST")
    assert office.assign(office.boss, person.id, "EXAM_DESK").status == 200
    assert {str(name) for name in card_of(person.id).permissions} == set(made.json["permissions"])


@pytest.mark.rule("ACC-04", "ACC-52", "ACC-57")
@pytest.mark.parametrize(
    ("changes", "status", "found"),
    [
        ({"key": "ADMIN_TEST"}, 409, "ROLE_EXISTS"),
        ({"key": "lower"}, 422, "VALIDATION_FAILED"),
        ({"key": "AB"}, 422, "VALIDATION_FAILED"),
        ({"userType": "STUDENT"}, 422, "VALIDATION_FAILED"),
        ({"permissions": []}, 422, {"body.permissions": "MISSING"}),
        ({"permissions": ["tests.read", "no.such"]}, 422, {"body.permissions[1]": "UNKNOWN_PERMISSION"}),
        ({"permissions": ["centre.seats.manage"]}, 422, {"body.permissions[0]": "WRONG_USER_TYPE"}),
        ({"userType": "OPERATOR"}, 422, {"body.permissions[0]": "WRONG_USER_TYPE"}),
        ({"copyFrom": "NO_SUCH_ROLE"}, 422, {"body.copyFrom": "UNKNOWN_ROLE"}),
        ({"name": "x" * 61}, 422, "VALIDATION_FAILED"),
        ({"description": "x" * 301}, 422, "VALIDATION_FAILED"),
    ],
)
def test_roles_that_cannot_be(office: Office, changes: dict[str, Any], status: int, found: Any) -> None:
    same = office.unchanged()
    answer = _create(office, **changes)
    assert (answer.status, answer.issues if isinstance(found, dict) else answer.code) == (status, found)
    assert same()


@pytest.mark.rule("ACC-04", "ACC-05", "ACC-06", "ACC-52", "AUTH-59")
def test_nobody_makes_a_role_mightier_than_themselves(office: Office) -> None:
    _create(office, key="DEPUTY", permissions=["access.manage", "access.read", "tests.read"])
    deputy = office.staff("DEPUTY")
    _create(office, key="MONEY", permissions=["payments.read"])
    same = office.unchanged()
    for answer, missing in (
        (_create(office, deputy, permissions=["tests.read", "payments.refund"]), ["payments.refund"]),
        (_create(office, deputy, copyFrom="MONEY"), ["payments.read"]),
        (office.edit("EXAM_DESK", deputy, add=["payments.read"]), None),
        (office.edit("DEPUTY", deputy, add=["payments.refund"]), ["payments.refund"]),
        (office.edit("MONEY", deputy, permissions=["tests.read"]), ["payments.read"]),
    ):
        if missing is None:
            assert answer.code == "ROLE_NOT_FOUND"
        else:
            assert (answer.status, answer.code) == (403, "WOULD_ESCALATE")
            assert answer.json["details"] == {"permissions": missing}
    assert same()
    assert _create(office, deputy).status == 201
    office.cloud.advance(601)
    same = office.unchanged()
    for answer in (
        _create(office, deputy, key="LATER"),
        office.edit("EXAM_DESK", deputy, name="Desk"),
        office.client.delete(f"{ROLES}/EXAM_DESK", token=deputy.token),
    ):
        assert (answer.status, answer.code) == (401, "REAUTH_REQUIRED")
    assert same()


@pytest.mark.rule("ACC-04")
def test_there_are_at_most_fifty_roles(office: Office) -> None:
    own = role_of("ADMIN_TEST")
    for number in range(49 - len(DEFAULT_ROLES)):
        own.pk, own.sk = Role.place(f"EXTRA_{number}")
        own.key = f"EXTRA_{number}"
        store.put(own)
    answers = at_once([partial(_create, office, key=f"LAST_{turn}") for turn in range(4)])
    assert sorted(answer.status for answer in answers) == [201, 409, 409, 409]
    assert {answer.code for answer in answers} == {None, "TOO_MANY_ROLES"}


@pytest.mark.rule("ACC-05", "ACC-60")
def test_an_edit_is_in_force_for_every_holder(office: Office) -> None:
    ids = seed_holders("ADMIN_TEST", 78, also="ADMIN_SUPPORT") + seed_holders("ADMIN_TEST", 2)
    version = role_of("ADMIN_TEST").version
    with office.cloud.calls.during() as calls:
        answer = office.edit(
            "ADMIN_TEST",
            headers={"If-Match": f'"v{version}"'},
            name="Testers",
            add=["docs.read"],
            remove=["tests.publish", "attempts.read"],
        )
    assert answer.status == 200, answer.body
    assert [call.operation for call in calls].count("TransactWriteItems") == 1
    assert answer.json["propagation"] == {"state": "DONE", "remaining": 0}
    assert answer.json["role"]["name"] == "Testers"
    assert answer.json["role"]["version"] == version + 1
    mine = {str(name) for name in role_of("ADMIN_TEST").permissions}
    assert "docs.read" in mine
    assert not mine & {"tests.publish", "attempts.read"}
    support = {str(name) for name in role_of("ADMIN_SUPPORT").permissions}
    for user_id in ids[:78]:
        assert {str(name) for name in card_of(user_id).permissions} == mine | support
    for user_id in ids[78:]:
        assert {str(name) for name in card_of(user_id).permissions} == mine
    meta = office.audited()[-1]["meta"]
    assert meta == {
        "changed": {"name": ["Test editor", "Testers"]},
        "added": ["docs.read"],
        "removed": ["attempts.read", "tests.publish"],
    }


@pytest.mark.rule("ACC-05", "ACC-06")
def test_edits_that_cannot_be(office: Office) -> None:
    _create(office)
    held = office.staff("EXAM_DESK")
    same = office.unchanged()
    for answer, status, code in (
        (office.edit("ADMIN_SUPER", name="Boss"), 409, "ROLE_FIXED"),
        (office.edit("STUDENT", add=["tests.read"]), 409, "ROLE_FIXED"),
        (office.edit("EXAM_DESK", headers={"If-Match": '"v9"'}, name="Desk"), 412, "VERSION_MISMATCH"),
        (office.edit("EXAM_DESK", permissions=["tests.read"], add=["docs.read"]), 422, "VALIDATION_FAILED"),
        (office.edit("EXAM_DESK", remove=["tests.read"], add=["tests.read"]), 422, "VALIDATION_FAILED"),
        (office.edit("EXAM_DESK", add=["no.such"]), 422, "VALIDATION_FAILED"),
        (office.edit("NO_SUCH_ROLE", name="Desk"), 404, "ROLE_NOT_FOUND"),
        (office.client.delete(f"{ROLES}/ADMIN_TEST", token=office.boss.token), 409, "ROLE_FIXED"),
        (office.client.delete(f"{ROLES}/EXAM_DESK", token=office.boss.token), 409, "ROLE_IN_USE"),
        (office.edit("EXAM_DESK", name="Examination desk", add=["tests.read"]), 200, None),
        (office.edit("EXAM_DESK"), 200, None),
    ):
        assert (answer.status, answer.code) == (status, code)
    assert same()
    assert office.assign(office.boss, held.id, "ADMIN_TEST").status == 200
    assert office.client.delete(f"{ROLES}/EXAM_DESK", token=office.boss.token).status == 204
    assert office.client.get(f"{ROLES}/EXAM_DESK", token=office.boss.token).status == 404
    assert office.audited()[-1]["action"] == "role.delete"


@pytest.mark.rule("ACC-05", "ACC-60")
def test_an_assignment_in_between_is_not_missed(office: Office) -> None:
    person = office.staff("ADMIN_SUPPORT")

    def assign() -> None:
        assert office.assign(office.boss, person.id, "ADMIN_TEST").status == 200

    with just_before("TransactWriteItems", assign):
        assert office.edit("ADMIN_TEST", remove=["tests.publish"]).status == 200
    assert "tests.publish" not in card_of(person.id).permissions


@pytest.mark.rule("ACC-06", "ACC-60")
def test_a_role_that_is_being_given_is_not_deleted(office: Office) -> None:
    _create(office)
    person = office.staff("ADMIN_SUPPORT")

    def assign() -> None:
        assert office.assign(office.boss, person.id, "EXAM_DESK").status == 200

    with just_before("TransactWriteItems", assign):
        answer = office.client.delete(f"{ROLES}/EXAM_DESK", token=office.boss.token)
    assert (answer.status, answer.code) == (409, "ROLE_IN_USE")
    assert holders_of("EXAM_DESK") == [person.id]


@pytest.mark.rule("ACC-05", "ACC-52")
def test_an_editor_edits_the_role_that_makes_them_one(office: Office) -> None:
    _create(office, key="DEPUTY", permissions=["access.manage", "tests.read"])
    deputy = office.staff("DEPUTY")
    assert office.edit("DEPUTY", deputy, remove=["access.manage"]).status == 200
    assert office.edit("DEPUTY", deputy, name="No more").status == 403


@pytest.mark.rule("ACC-05", "ACC-71")
def test_a_permission_taken_away_is_gone_from_the_next_request(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The holder publishes in a loop: after the 200 of the edit not one publish succeeds."""
    monkeypatch.setenv("UPLOAD_ENDPOINT_URL", "http://127.0.0.1:5000")
    editor = office.staff("ADMIN_CONTENT")
    note = Desk(office.cloud, office.client, office.people).note()
    path = f"/v1/admin/notes/{note['id']}"
    seen: list[tuple[bool, int]] = []
    taken = [False]

    def publish() -> None:
        while len(seen) < 500:
            was_taken = taken[0]
            seen.append((was_taken, office.client.post(f"{path}/publish", token=editor.token).status))
            if sum(after for after, _ in seen) >= 20:
                return

    def take() -> None:
        while len(seen) < 10:
            office.client.get("/v1/auth/me", token=office.boss.token)
        assert office.edit("ADMIN_CONTENT", remove=["notes.publish"]).status == 200
        taken[0] = True

    at_once([publish, publish, take])
    assert 200 in {status for after, status in seen if not after}
    assert {status for after, status in seen if after} == {403}


@contextmanager
def _told(office: Office, *people: Any) -> Iterator[None]:
    before = {one.id for one in _mails(office)}
    yield
    fresh = [one for one in _mails(office) if one.id not in before]
    assert sorted(one.to for one in fresh) == sorted(person.email for person in people)
    for one in fresh:
        assert (one.template_key, one.message_class) == ("AUTH_ACCESS_CHANGED", "SECURITY")
        assert one.payload["roleName"] == "Examination desk"
        assert one.payload["actorName"].startswith("Person")


@pytest.mark.rule("ACC-54")
def test_something_sensitive_in_a_role_is_mailed_to_all_super_admins(office: Office) -> None:
    other, blocked = office.staff("ADMIN_SUPER"), office.staff("ADMIN_SUPER", status="BLOCKED")
    store.update(type(_user(blocked.id)), _user(blocked.id).itself, [type(_user(blocked.id)).status.set("BLOCKED")])
    with _told(office, office.boss, other):
        assert _create(office, permissions=["payments.refund", "payments.read"]).status == 201
    assert {one.payload["permissions"] for one in _mails(office)} == {"payments.refund"}
    with _told(office):
        assert office.edit("EXAM_DESK", add=["tests.read"]).status == 200
        assert office.edit("EXAM_DESK", remove=["payments.refund"]).status == 200
        assert _create(office, key="HARMLESS").status == 201
    with _told(office, office.boss, other):
        assert office.edit("EXAM_DESK", add=["security.manage", "users.invite"]).status == 200
    assert "security.manage, users.invite" in {one.payload["permissions"] for one in _mails(office)}


def _user(user_id: str) -> Any:
    from chalicelib.identity.accounts import User

    found = store.get(User, User.place(user_id))
    assert found is not None
    return found
