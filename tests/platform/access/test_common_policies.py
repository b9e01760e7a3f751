"""The policies that stand over every domain: blocked accounts, staff only, second factor, own things, modules off."""

from __future__ import annotations

import pytest

from chalicelib.platform.access.catalogue import Action, Actions, UserType
from chalicelib.platform.access.decisions import decide
from chalicelib.platform.access.resources import Entity
from tests.platform.access.callers import asset, caller, entitlement, note, of_role, thing_of

STAFF_ACTIONS = [action for action in Actions.all().values() if action.for_staff and not action.late]
EVERY_PAIR = [(action, name) for action in STAFF_ACTIONS for name in action.permissions if name not in action.narrowed]


@pytest.mark.rule("ACC-30")
@pytest.mark.policy("account-active", "refuses")
@pytest.mark.parametrize("status", ["BLOCKED", "DELETED", "INVITED"])
def test_nothing_is_allowed_to_who_is_not_active(status: str) -> None:
    person = caller(status=status, entitlements=entitlement("ALL"))
    for action, thing in ((Actions.NOTES_BROWSE, None), (Actions.PROFILE_READ, None), (Actions.NOTES_OPEN, note())):
        decision = decide(person, action, thing)
        assert (decision.allowed, decision.reason) == (False, "ACCOUNT_BLOCKED")
        assert "account-active" in decision.policies


@pytest.mark.rule("ACC-30")
@pytest.mark.policy("account-active", "allows")
def test_the_active_do_what_others_may_not() -> None:
    assert decide(caller(), Actions.PROFILE_READ).allowed


@pytest.mark.rule("ACC-31")
@pytest.mark.parametrize(("action", "name"), EVERY_PAIR, ids=lambda one: getattr(one, "name", str(one)))
def test_each_permission_allows_its_actions_to_staff_and_to_nobody_else(action: Action, name: str) -> None:
    """The generated policies ``permission:<name>``."""
    decision = decide(caller("ADMIN", name, role_keys=["ADMIN_SUPER"]), action)
    assert decision.allowed
    assert f"permission:{name}" in decision.policies
    without = {one for one in STAFF_ACTIONS for one in one.permissions} - set(action.permissions)
    refused = decide(caller("ADMIN", *without), action)
    assert (refused.allowed, refused.reason) == (False, "MISSING_PERMISSION")
    assert not decide(caller("STUDENT", name), action).allowed


@pytest.mark.rule("ACC-32")
@pytest.mark.rule("ACC-57")
@pytest.mark.policy("staff-only", "refuses")
@pytest.mark.parametrize("user_type", [UserType.STUDENT, UserType.OPERATOR])
@pytest.mark.parametrize("action", [one for one in Actions.all().values() if one.for_staff], ids=lambda one: one.name)
def test_a_permission_on_the_wrong_card_is_worth_nothing(action: Action, user_type: str) -> None:
    person = caller(user_type, *action.permissions)
    decision = decide(person, action, asset(person.user_id) if action.late else None)
    assert (decision.allowed, decision.reason) == (False, "WRONG_USER_TYPE")
    assert "staff-only" in decision.policies


@pytest.mark.rule("ACC-32")
@pytest.mark.policy("staff-only", "allows")
def test_the_admin_group_is_open_to_staff() -> None:
    assert decide(of_role("ADMIN_CONTENT"), Actions.CONTENT_MANAGE).allowed


@pytest.mark.rule("ACC-33")
@pytest.mark.policy("staff-mfa", "refuses")
def test_staff_without_a_second_factor_are_refused_where_it_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MFA_ADMIN", "required")
    decision = decide(of_role("ADMIN_CONTENT"), Actions.CONTENT_MANAGE)
    assert (decision.allowed, decision.reason) == (False, "MFA_REQUIRED")
    assert decision.policies == ("staff-mfa",)


@pytest.mark.rule("ACC-33")
@pytest.mark.policy("staff-mfa", "allows")
def test_staff_with_a_second_factor_pass_and_students_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MFA_ADMIN", "required")
    assert decide(caller("ADMIN", "content.manage", mfa=True), Actions.CONTENT_MANAGE).allowed
    assert decide(caller(), Actions.PROFILE_READ).allowed


@pytest.mark.rule("ACC-34")
@pytest.mark.policy("own-things", "allows")
@pytest.mark.parametrize(
    "action", [one for one in Actions.all().values() if one.own and not one.for_staff], ids=lambda one: one.name
)
@pytest.mark.parametrize("user_type", list(UserType))
def test_people_reach_what_is_their_own(action: Action, user_type: str) -> None:
    decision = decide(caller(user_type), action)
    assert decision.allowed
    assert decision.policies == ("own-things",)


@pytest.mark.rule("ACC-34")
@pytest.mark.policy("own-things", "refuses")
def test_people_do_not_reach_what_is_somebody_elses() -> None:
    order = Entity("Order", "01JH8Z6V3N4Q5R6S7T8V9WXYZ5", {"ownerId": caller().user_id})
    decision = decide(caller(), Actions.ORDERS_READ, order)
    assert (decision.allowed, decision.reason) == (False, "NOT_OWNER")
    assert decide(of_role("ADMIN_SUPER"), Actions.ORDERS_READ, order).allowed is False


@pytest.mark.rule("ACC-49")
@pytest.mark.policy("feature-off", "refuses")
@pytest.mark.parametrize("action", [one for one in Actions.all().values() if one.feature], ids=lambda one: one.name)
def test_a_module_that_is_off_is_closed_to_students(action: Action, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEATURES_OFF", f"courses,{action.feature}")
    person = caller(entitlements=entitlement("ALL"))
    thing = thing_of(action)
    decision = decide(person, action, thing)
    assert (decision.allowed, decision.reason) == (False, "FEATURE_OFF")
    assert "feature-off" in decision.policies
    monkeypatch.setenv("FEATURES_OFF", "")
    assert decide(person, action, thing).allowed


@pytest.mark.rule("ACC-49")
@pytest.mark.policy("feature-off", "allows")
def test_staff_and_other_modules_are_not_affected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEATURES_OFF", "notes")
    assert decide(of_role("ADMIN_CONTENT"), Actions.NOTES_OPEN, note()).allowed
    assert decide(caller(), Actions.PAYMENTS_CHECKOUT).allowed
    assert decide(caller(), Actions.PROFILE_READ).allowed


@pytest.mark.policy("checkout", "allows")
def test_students_buy() -> None:
    assert decide(caller(), Actions.PAYMENTS_CHECKOUT).policies == ("checkout",)


@pytest.mark.policy("checkout", "refuses")
@pytest.mark.policy("checkout-students-only", "refuses")
@pytest.mark.parametrize("user_type", [UserType.ADMIN, UserType.OPERATOR])
def test_nobody_else_buys(user_type: str) -> None:
    decision = decide(caller(user_type), Actions.PAYMENTS_CHECKOUT)
    assert (decision.allowed, decision.reason) == (False, "WRONG_USER_TYPE")
    assert decision.policies == ("checkout-students-only",)


@pytest.mark.policy("checkout-students-only", "allows")
def test_a_student_who_pays_is_in_nobodys_way() -> None:
    assert "checkout-students-only" not in decide(caller(), Actions.PAYMENTS_CHECKOUT).policies
