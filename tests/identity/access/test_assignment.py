"""Roles and exceptions given to people (ACC-08, ACC-09, ACC-73), and what nobody may do to whom (ACC-52, ACC-53)."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from chalicelib.identity.accounts import User
from chalicelib.identity.roles import Role
from chalicelib.platform import clock, store
from tests.identity.access.staff import Office, card_of, holders_of, role_of
from tests.support.races import at_once, just_before


def _permissions(key: str) -> set[str]:
    return {str(name) for name in role_of(key).permissions or ()}


def _stored(office: Office, user_id: str) -> dict[str, Any]:
    return next(item for item in office.cloud.items(f"USER#{user_id}") if item["kind"]["S"] == "AccessCard")


@pytest.mark.rule("ACC-08", "ACC-60")
def test_roles_are_replaced_in_one_transaction(office: Office) -> None:
    person = office.staff("ADMIN_TEST")
    with office.cloud.calls.during() as calls:
        answer = office.assign(office.boss, person.id, "ADMIN_FINANCE", "ADMIN_SUPPORT")
    assert answer.status == 200, answer.body
    due = _permissions("ADMIN_FINANCE") | _permissions("ADMIN_SUPPORT")
    assert answer.json == {
        "userId": person.id,
        "roleKeys": ["ADMIN_FINANCE", "ADMIN_SUPPORT"],
        "permissions": sorted(due),
        "expiresAt": {},
        "grants": [],
        "denies": [],
    }
    written = [call.operation for call in calls if call.service == "dynamodb" and call.operation != "UpdateItem"]
    assert written == ["BatchGetItem", "Query", "TransactWriteItems"]
    assert {str(name) for name in card_of(person.id).permissions or ()} == due
    assert [office.numbers(key) for key in ("ADMIN_TEST", "ADMIN_FINANCE", "ADMIN_SUPPORT")] == [
        (0, 0, 0),
        (1, 1, 1),
        (1, 1, 1),
    ]
    row = store.get(User, User.place(person.id)).row  # type: ignore[union-attr]
    assert list(row["roleKeys"]) == ["ADMIN_FINANCE", "ADMIN_SUPPORT"]
    entry = office.audited()[-1]
    assert (entry["action"], entry["resource_id"], entry["reason"]) == (
        "user.roles_changed",
        person.id,
        "Moves to another desk",
    )
    assert entry["meta"] == {"changed": {"roleKeys": [["ADMIN_TEST"], ["ADMIN_FINANCE", "ADMIN_SUPPORT"]]}}
    # In force from the very next request.
    assert office.client.get("/v1/admin/payments/orders", token=person.token).status == 200


@pytest.mark.rule("ACC-08")
def test_the_same_again_changes_nothing(office: Office) -> None:
    person = office.staff("ADMIN_TEST", "ADMIN_SUPPORT")
    same = office.unchanged()
    assert office.assign(office.boss, person.id, "ADMIN_SUPPORT", "ADMIN_TEST", "ADMIN_TEST").status == 200
    assert same()


@pytest.mark.rule("ACC-08", "ACC-57")
@pytest.mark.parametrize(
    ("keys", "more", "issue"),
    [
        (["CENTRE_STAFF"], {}, {"body.roleKeys[0]": "WRONG_USER_TYPE"}),
        (["ADMIN_TEST", "STUDENT"], {}, {"body.roleKeys[1]": "WRONG_USER_TYPE"}),
        (["NO_SUCH_ROLE"], {}, {"body.roleKeys[0]": "UNKNOWN_ROLE"}),
        (
            ["ADMIN_TEST"],
            {"expiresAt": {"ADMIN_TEST": "2020-01-01T00:00:00Z"}},
            {"body.expiresAt.ADMIN_TEST": "IN_PAST"},
        ),
        (
            ["ADMIN_TEST"],
            {"expiresAt": {"ADMIN_FINANCE": "2099-01-01T00:00:00Z"}},
            {"body.expiresAt.ADMIN_FINANCE": "NOT_ASSIGNED"},
        ),
        (
            ["ADMIN_SUPER"],
            {"expiresAt": {"ADMIN_SUPER": "2099-01-01T00:00:00Z"}},
            {"body.expiresAt.ADMIN_SUPER": "CANNOT_END"},
        ),
    ],
)
def test_what_cannot_be_given(office: Office, keys: list[str], more: dict[str, Any], issue: dict[str, str]) -> None:
    person = office.staff("ADMIN_SUPPORT")
    same = office.unchanged()
    answer = office.assign(office.boss, person.id, *keys, **more)
    assert (answer.status, answer.issues) == (422, issue)
    assert same()


@pytest.mark.rule("ACC-08", "ACC-57")
def test_a_student_is_given_no_role_of_staff(office: Office) -> None:
    student = office.people.student()
    same = office.unchanged()
    answer = office.assign(office.boss, student.id, "ADMIN_TEST")
    assert (answer.status, answer.issues) == (422, {"body.roleKeys[0]": "WRONG_USER_TYPE"})
    assert office.assign(office.boss, student.id, "STUDENT").status == 200
    assert same()


@pytest.mark.rule("ACC-08", "ACC-52", "ACC-53", "AUTH-59")
def test_who_may_not_give_what_to_whom(office: Office) -> None:
    """A deputy may edit access, and holds what ADMIN_TEST does; no more."""
    office.client.post(
        "/v1/admin/access/roles",
        json={"key": "DEPUTY", "name": "Deputy", "userType": "ADMIN", "permissions": ["access.manage"]},
        token=office.boss.token,
        expect=201,
    )
    deputy, tester, finance = (
        office.staff("DEPUTY", "ADMIN_TEST"),
        office.staff("ADMIN_TEST"),
        office.staff("ADMIN_FINANCE"),
    )
    support = office.staff("ADMIN_SUPPORT")
    same = office.unchanged()

    def grant(by: Any, user_id: str, *names: str) -> Any:
        body = {"grants": list(names), "denies": [], "reason": "Because I can"}
        return office.client.put(f"/v1/admin/users/{user_id}/permissions", json=body, token=by.token)

    mightier = {"permissions": sorted(_permissions("ADMIN_FINANCE") - _permissions("ADMIN_TEST"))}
    for answer, status, code, details in (
        (office.assign(deputy, deputy.id, "ADMIN_SUPER"), 409, "SELF", None),
        (grant(deputy, deputy.id, "payments.refund"), 409, "SELF", None),
        (office.assign(deputy, finance.id, "ADMIN_TEST"), 403, "TARGET_OUTRANKS", mightier),
        (grant(deputy, finance.id), 403, "TARGET_OUTRANKS", mightier),
        (office.assign(deputy, tester.id, "ADMIN_TEST", "ADMIN_FINANCE"), 403, "WOULD_ESCALATE", mightier),
        (grant(deputy, tester.id, "payments.refund"), 403, "WOULD_ESCALATE", {"permissions": ["payments.refund"]}),
        (office.assign(support, support.id, "ADMIN_SUPER"), 403, "FORBIDDEN", None),
        (office.assign(office.boss, "0" * 26, "ADMIN_TEST"), 404, "USER_NOT_FOUND", None),
    ):
        assert (answer.status, answer.code) == (status, code)
        assert details is None or answer.json["details"] == details
    assert same()
    assert office.assign(deputy, tester.id, "DEPUTY").status == 200
    office.cloud.advance(601)
    same = office.unchanged()
    for answer in (office.assign(office.boss, tester.id, "ADMIN_TEST"), grant(office.boss, tester.id)):
        assert (answer.status, answer.code) == (401, "REAUTH_REQUIRED")
    assert same()


@pytest.mark.rule("ACC-08", "ACC-58")
def test_one_super_admin_remains(office: Office) -> None:
    other = office.staff("ADMIN_SUPER")
    blocked = office.staff("ADMIN_SUPER", status="BLOCKED")
    assert office.numbers("ADMIN_SUPER") == (3, 2, 3)
    assert office.assign(office.boss, blocked.id, "ADMIN_TEST").status == 200
    assert office.numbers("ADMIN_SUPER") == (2, 2, 2)
    assert office.numbers("ADMIN_TEST") == (1, 0, 1)
    assert office.assign(office.boss, other.id, "ADMIN_TEST").status == 200
    deputy = office.staff("ADMIN_SUPER")
    store.update(Role, Role.place("ADMIN_SUPER"), [Role.active_holders.set(1)])
    same = office.unchanged()
    answer = office.assign(deputy, office.boss.id, "ADMIN_TEST")
    assert (answer.status, answer.code) == (409, "LAST_SUPER_ADMIN")
    assert same()


@pytest.mark.rule("ACC-08", "ACC-58")
def test_two_super_admins_who_remove_each_other(office: Office) -> None:
    one, two = office.boss, office.staff("ADMIN_SUPER")
    for _ in range(50):
        answers = at_once(
            [
                partial(office.assign, one, two.id, "ADMIN_SUPPORT"),
                partial(office.assign, two, one.id, "ADMIN_SUPPORT"),
            ]
        )
        assert sorted(answer.status for answer in answers)[0] == 200
        assert [answer.status for answer in answers].count(200) == 1
        left, gone = (one, two) if answers[0].status == 200 else (two, one)
        assert holders_of("ADMIN_SUPER") == [left.id]
        assert office.numbers("ADMIN_SUPER") == (1, 1, 1)
        assert office.numbers("ADMIN_SUPPORT") == (1, 1, 1)
        assert office.assign(left, gone.id, "ADMIN_SUPER").status == 200


@pytest.mark.rule("ACC-08", "ACC-52")
def test_whoever_lost_their_roles_gives_none_away_any_more(office: Office) -> None:
    """The request was let in; their role is taken away while it is under way."""
    deputy, person = office.staff("ADMIN_SUPER"), office.staff("ADMIN_TEST")

    def demote() -> None:
        assert office.assign(office.boss, deputy.id, "ADMIN_SUPPORT").status == 200

    with just_before("TransactWriteItems", demote):
        answer = office.assign(deputy, person.id, "ADMIN_SUPER")
    assert (answer.status, answer.code) == (409, "CONFLICT")
    assert office.assign(deputy, person.id, "ADMIN_SUPER").status == 403
    assert list(card_of(person.id).role_keys) == ["ADMIN_TEST"]


@pytest.mark.rule("ACC-05", "ACC-08", "ACC-60")
@pytest.mark.parametrize("kept", [False, True])
def test_a_role_edited_while_it_is_given_counts_as_it_is_then(office: Office, kept: bool) -> None:
    person = office.staff("ADMIN_TEST", "ADMIN_SUPPORT") if kept else office.staff("ADMIN_SUPPORT")

    def edit() -> None:
        assert office.edit("ADMIN_TEST", remove=["tests.publish"]).status == 200

    with just_before("TransactWriteItems", edit):
        assert office.assign(office.boss, person.id, "ADMIN_TEST", "ADMIN_FINANCE").status == 200
    assert "tests.publish" not in card_of(person.id).permissions
    assert {str(name) for name in card_of(person.id).permissions} == _permissions("ADMIN_TEST") | _permissions(
        "ADMIN_FINANCE"
    )


@pytest.mark.rule("ACC-09")
def test_exceptions_for_one_person(office: Office) -> None:
    person = office.staff("ADMIN_TEST")
    path = f"/v1/admin/users/{person.id}/permissions"
    body = {"grants": ["payments.read", "attempts.read"], "denies": ["attempts.read"], "reason": "A yearly report"}
    answer = office.client.put(path, json=body, token=office.boss.token, expect=200)
    due = (_permissions("ADMIN_TEST") | {"payments.read"}) - {"attempts.read"}
    assert set(answer.json["permissions"]) == due == {str(name) for name in card_of(person.id).permissions}
    assert (answer.json["grants"], answer.json["denies"]) == (["attempts.read", "payments.read"], ["attempts.read"])
    assert office.client.get("/v1/admin/payments/orders", token=person.token).status == 200
    same = office.unchanged()
    office.client.put(path, json=body, token=office.boss.token, expect=200)
    assert same()
    entry = office.audited()[-1]
    assert entry["action"] == "user.permissions_changed"
    # They outlive an assignment and an edit of the role.
    assert office.assign(office.boss, person.id, "ADMIN_TEST", "INSTRUCTOR").status == 200
    assert office.edit("INSTRUCTOR", add=["attempts.read"]).status == 200
    assert "attempts.read" not in card_of(person.id).permissions
    assert "payments.read" in card_of(person.id).permissions
    office.client.put(path, json={"reason": "The report is done"}, token=office.boss.token, expect=200)
    assert {str(name) for name in card_of(person.id).permissions} == _permissions("ADMIN_TEST") | _permissions(
        "INSTRUCTOR"
    )


@pytest.mark.rule("ACC-09", "ACC-58")
def test_exceptions_that_cannot_be(office: Office) -> None:
    person, student, other = office.staff("ADMIN_TEST"), office.people.student(), office.staff("ADMIN_SUPER")
    office.client.put(
        f"/v1/admin/users/{person.id}/permissions",
        json={"denies": ["tests.read"], "reason": "Not these"},
        token=office.boss.token,
        expect=200,
    )
    same = office.unchanged()
    for target, body, status, found in (
        (person, {"grants": ["no.such"]}, 422, {"body.grants[0]": "UNKNOWN_PERMISSION"}),
        (person, {"denies": ["centre.seats.manage"]}, 422, {"body.denies[0]": "UNKNOWN_PERMISSION"}),
        (student, {"grants": ["users.read"]}, 422, {"body.grants[0]": "WRONG_USER_TYPE"}),
        (other, {"denies": ["access.manage"]}, 409, "ROLE_FIXED"),
    ):
        path = f"/v1/admin/users/{target.id}/permissions"
        answer = office.client.put(path, json={**body, "reason": "Trying"}, token=office.boss.token)
        assert (answer.status, answer.issues if status == 422 else answer.code) == (status, found)
    answer = office.assign(office.boss, person.id, "ADMIN_SUPER")
    assert (answer.status, answer.issues) == (422, {"body.roleKeys[0]": "HAS_DENIES"})
    assert same()


@pytest.mark.rule("ACC-73", "ACC-71")
def test_a_role_ends_to_the_second(office: Office) -> None:
    person = office.staff("INSTRUCTOR")
    end = (clock.now() + timedelta(seconds=900)).replace(microsecond=0)
    answer = office.assign(
        office.boss, person.id, "INSTRUCTOR", "ADMIN_FINANCE", expiresAt={"ADMIN_FINANCE": clock.iso(end)}
    )
    assert answer.json["expiresAt"] == {"ADMIN_FINANCE": clock.iso(end)}
    assert "payments.read" in answer.json["permissions"]
    # What lasts stands apart: nothing that reads permissions without looking at the time sees more than that.
    assert {str(name) for name in card_of(person.id).permissions} == _permissions("INSTRUCTOR")
    orders = partial(office.client.get, "/v1/admin/payments/orders", token=person.token)
    with office.cloud.calls.during() as calls:
        assert orders().status == 200
    assert next(call.operation for call in calls if call.operation.endswith("GetItem")) == "GetItem"
    # An edit of the role while it runs.
    assert office.edit("ADMIN_FINANCE", remove=["payments.read"]).status == 200
    assert orders().status == 403
    assert office.edit("ADMIN_FINANCE", add=["payments.read"]).status == 200
    office.cloud.advance((end - clock.now()).total_seconds() - 1)
    assert orders().status == 200
    office.cloud.advance(1.1)
    assert orders().status == 403
    me = office.client.get("/v1/auth/me", token=person.token, expect=200).json
    assert me["roles"] == ["INSTRUCTOR"]
    assert set(me["permissions"]) == _permissions("INSTRUCTOR")


@pytest.mark.rule("ACC-73", "ACC-53")
def test_a_role_that_ends_counts_as_long_as_it_runs(office: Office) -> None:
    """Somebody with it is mightier than who lacks it; giving it longer is giving it."""
    office.client.post(
        "/v1/admin/access/roles",
        json={"key": "DEPUTY", "name": "Deputy", "userType": "ADMIN", "permissions": ["access.manage"]},
        token=office.boss.token,
        expect=201,
    )
    deputy, person = office.staff("DEPUTY", "ADMIN_TEST"), office.staff("ADMIN_TEST")
    end = clock.iso(clock.now() + timedelta(seconds=300))
    office.assign(office.boss, person.id, "ADMIN_TEST", "ADMIN_FINANCE", expiresAt={"ADMIN_FINANCE": end})
    assert office.assign(deputy, person.id, "ADMIN_TEST").code == "TARGET_OUTRANKS"
    office.cloud.advance(301)
    longer = clock.iso(clock.now() + timedelta(seconds=300))
    answer = office.assign(deputy, person.id, "ADMIN_TEST", "ADMIN_FINANCE", expiresAt={"ADMIN_FINANCE": longer})
    assert answer.code == "WOULD_ESCALATE"
    assert office.assign(deputy, person.id, "ADMIN_TEST").status == 200
    assert card_of(person.id).timed_roles.as_dict() == {}
    assert office.numbers("ADMIN_FINANCE") == (0, 0, 0)


@pytest.mark.rule("ACC-12")
def test_ping_is_for_super_admins(office: Office) -> None:
    answer = office.client.get("/v1/admin/ping", token=office.boss.token, expect=200)
    assert answer.json == {"pong": True, "userId": office.boss.id, "roles": ["ADMIN_SUPER"]}
    for key in ("ADMIN_SECURITY", "ADMIN_CONTENT"):
        assert office.client.get("/v1/admin/ping", token=office.staff(key).token).status == 403


@pytest.mark.rule("ACC-60")
def test_nothing_else_of_the_card_is_touched(office: Office) -> None:
    person = office.staff("ADMIN_TEST")
    before = _stored(office, person.id)
    assert office.assign(office.boss, person.id, "INSTRUCTOR").status == 200
    after = _stored(office, person.id)
    own = {"role_keys", "permissions", "roles_version", "timed_roles", "version"}
    assert {name for name in {*before, *after} if before.get(name) != after.get(name)} <= own
