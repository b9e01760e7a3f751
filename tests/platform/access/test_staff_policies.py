"""Policies on what staff do: refunds within their window, one's own courses; and who fetches images."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.platform.access.catalogue import Action, Actions
from chalicelib.platform.access.decisions import decide, refusal
from chalicelib.platform.access.resources import Entity
from tests.platform.access.callers import OTHER, caller, of_role


def _order(hours: int | None) -> Entity:
    return Entity("Order", OTHER, {"ownerId": OTHER, **({} if hours is None else {"capturedHoursAgo": hours})})


def _course(teacher: str) -> Entity:
    return Entity("Course", OTHER, {"instructorId": teacher, "published": False})


def _image(**facts: Any) -> Entity:
    return Entity(
        "Asset", OTHER, {"ownerId": OTHER, "purpose": "CMS_IMAGE", "public": False, "reachable": False, **facts}
    )


@pytest.mark.rule("ACC-45")
@pytest.mark.policy("refund-window", "allows")
@pytest.mark.parametrize(("role", "hours"), [("ADMIN_FINANCE", 23), ("ADMIN_FINANCE", None), ("ADMIN_SUPER", 25)])
def test_refunds_within_the_window_and_later_ones_by_who_may(role: str, hours: int | None) -> None:
    assert decide(of_role(role), Actions.PAYMENTS_REFUND, _order(hours)).policies == ("permission:payments.refund",)


@pytest.mark.rule("ACC-45", "ACC-55")
@pytest.mark.policy("refund-window", "refuses")
@pytest.mark.parametrize("hours", [24, 25, 9_000])
def test_no_refund_after_the_window(hours: int) -> None:
    decision = decide(of_role("ADMIN_FINANCE"), Actions.PAYMENTS_REFUND, _order(hours))
    assert (decision.allowed, decision.reason) == (False, "REFUND_TOO_LATE")
    assert (decision.policies, decision.missing) == (("refund-window",), ("payments.refund.late",))
    told = refusal(Actions.PAYMENTS_REFUND, decision)
    assert told.details == {"reason": "MISSING_PERMISSION", "permission": ["payments.refund.late"]}


@pytest.mark.rule("ACC-45")
def test_the_window_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFUND_MAX_AGE_HOURS", "48")
    assert decide(of_role("ADMIN_FINANCE"), Actions.PAYMENTS_REFUND, _order(47)).allowed
    assert not decide(of_role("ADMIN_FINANCE"), Actions.PAYMENTS_REFUND, _order(48)).allowed


@pytest.mark.rule("ACC-45", "ACC-55")
def test_who_may_not_refund_at_all_lacks_the_permission() -> None:
    decision = decide(caller("ADMIN", "payments.refund.late"), Actions.PAYMENTS_REFUND, _order(25))
    assert (decision.reason, decision.missing) == ("MISSING_PERMISSION", ("payments.refund",))


@pytest.mark.rule("PAY-81", "ACC-45")
@pytest.mark.policy("refund-own", "allows")
@pytest.mark.policy("refund-own", "refuses")
@pytest.mark.parametrize("role", ["ADMIN_FINANCE", "ADMIN_SUPER"])
def test_nobody_refunds_an_order_of_their_own_account(role: str) -> None:
    staff = of_role(role)
    own = Entity("Order", OTHER, {"ownerId": staff.user_id, "capturedHoursAgo": 1})
    decision = decide(staff, Actions.PAYMENTS_REFUND, own)
    assert (decision.allowed, decision.policies) == (False, ("refund-own",))
    assert decide(staff, Actions.PAYMENTS_REFUND, _order(1)).policies == ("permission:payments.refund",)


@pytest.mark.rule("ACC-48")
@pytest.mark.policy("own-course", "allows")
@pytest.mark.policy("publish-own-course", "allows")
@pytest.mark.parametrize(
    ("action", "policy"),
    [(Actions.COURSES_WRITE, "own-course"), (Actions.COURSES_PUBLISH, "publish-own-course")],
    ids=["write", "publish"],
)
def test_courses_are_authored_by_who_teaches_them(action: Action, policy: str) -> None:
    teacher = caller("ADMIN", action.name)
    assert decide(teacher, action, _course(teacher.user_id)).policies == (policy,)
    assert decide(of_role("ADMIN_CONTENT"), action, _course(OTHER)).policies == ("permission:courses.manage",)
    assert decide(of_role("INSTRUCTOR"), Actions.COURSES_WRITE).policies == ("own-course",)


@pytest.mark.rule("ACC-48")
@pytest.mark.policy("own-course", "refuses")
@pytest.mark.policy("publish-own-course", "refuses")
@pytest.mark.parametrize("action", [Actions.COURSES_WRITE, Actions.COURSES_PUBLISH], ids=lambda one: one.name)
def test_nobody_authors_the_course_of_somebody_else_nor_without_the_permission(action: Action) -> None:
    decision = decide(caller("ADMIN", action.name), action, _course(OTHER))
    assert (decision.allowed, decision.reason, decision.missing) == (False, "MISSING_PERMISSION", ("courses.manage",))
    without = caller("ADMIN", "courses.read")
    assert decide(without, action, _course(without.user_id)).reason == "MISSING_PERMISSION"
    student = caller("STUDENT", action.name)
    assert decide(student, action, _course(student.user_id)).reason == "WRONG_USER_TYPE"


@pytest.mark.rule("ACC-44")
@pytest.mark.policy("fetch-asset", "allows")
def test_images_are_fetched_by_who_may_see_where_they_are_used() -> None:
    person = caller()
    for thing in (_image(public=True), _image(reachable=True), _image(ownerId=person.user_id)):
        assert decide(person, Actions.ASSETS_FETCH, thing).policies == ("fetch-asset",)
    for name in ("content.read", "content.manage"):
        assert decide(caller("ADMIN", name), Actions.ASSETS_FETCH, _image()).allowed


@pytest.mark.rule("ACC-44")
@pytest.mark.policy("fetch-asset", "refuses")
def test_images_are_not_fetched_by_others() -> None:
    for person in (caller(), caller("ADMIN", "payments.read"), caller("STUDENT", "content.manage")):
        decision = decide(person, Actions.ASSETS_FETCH, _image())
        assert (decision.allowed, decision.reason) == (False, "NOT_OWNER")


@pytest.mark.rule("ACC-35")
@pytest.mark.parametrize("action", [Actions.TESTS_BROWSE, Actions.SEARCH_USE], ids=lambda one: one.name)
def test_tests_and_search_are_browsed_by_everybody_signed_in(action: Action) -> None:
    assert decide(caller(), action).policies == ("browse-published",)
    draft = decide(caller(), action, Entity("Test", OTHER, {"published": False}))
    assert (draft.allowed, draft.reason) == (False, "NOT_PUBLISHED")
