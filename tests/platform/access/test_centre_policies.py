"""Study centres: a wall between them, and inside one what the membership says."""

from __future__ import annotations

import pytest

from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.catalogue import Action, Actions, Permission
from chalicelib.platform.access.decisions import decide
from chalicelib.platform.access.resources import Entity
from tests.platform.access.callers import CENTRE, OTHER, caller, entitlement, of_role

INSIDE = [action for action in Actions.all().values() if action.centre]
ALL_INSIDE = [str(permission) for permission in Permission if permission.inside_centre]
HERE = Entity("Centre", CENTRE, {"centreId": CENTRE, "tenantId": CENTRE})


def _operator(centre: str, *permissions: str) -> Caller:
    return caller("OPERATOR", centres={centre: [*permissions]})


@pytest.mark.rule("ACC-47")
@pytest.mark.policy("centre-permission", "allows")
@pytest.mark.parametrize("action", INSIDE, ids=lambda one: one.name)
def test_a_membership_allows_what_it_names(action: Action) -> None:
    assert decide(_operator(CENTRE, *action.centre), action, HERE).policies == ("centre-permission",)


@pytest.mark.rule("ACC-47")
@pytest.mark.policy("centre-permission", "refuses")
@pytest.mark.parametrize("action", INSIDE, ids=lambda one: one.name)
def test_a_membership_allows_nothing_else(action: Action) -> None:
    decision = decide(_operator(CENTRE, *(set(ALL_INSIDE) - set(action.centre))), action, HERE)
    assert (decision.allowed, decision.reason) == (False, "MISSING_PERMISSION")
    assert decision.missing == tuple(map(str, action.centre))


@pytest.mark.rule("ACC-46", "ACC-55")
@pytest.mark.policy("tenant-wall", "refuses")
@pytest.mark.parametrize("action", [*INSIDE, Actions.NOTES_BROWSE, Actions.PROFILE_READ], ids=lambda one: one.name)
def test_operators_of_one_centre_meet_a_wall_at_another(action: Action) -> None:
    """Whatever it is, and whatever they may at home; also what would be their own, or published."""
    person = _operator(OTHER, *ALL_INSIDE)
    for more in ({}, {"ownerId": person.user_id}, {"published": True}):
        decision = decide(person, action, Entity("Centre", CENTRE, {**HERE.attributes, **more}))
        assert (decision.allowed, decision.reason) == (False, "OTHER_TENANT")
        assert decision.policies == ("tenant-wall",)


@pytest.mark.rule("ACC-46", "ACC-47")
def test_permissions_at_two_centres_do_not_mix() -> None:
    person = caller("OPERATOR", centres={CENTRE: ["centre.reports.read"], OTHER: ["centre.seats.manage"]})
    assert decide(person, Actions.CENTRE_REPORTS_READ, HERE).allowed
    decision = decide(person, Actions.CENTRE_SEATS_MANAGE, HERE)
    assert (decision.allowed, decision.reason) == (False, "MISSING_PERMISSION")


@pytest.mark.rule("ACC-46")
@pytest.mark.policy("tenant-wall", "allows")
def test_staff_who_see_or_manage_centres_pass_the_wall() -> None:
    assert decide(caller("ADMIN", "centres.read"), Actions.CENTRES_READ, HERE).allowed
    assert decide(of_role("ADMIN_SUPER"), Actions.CENTRES_MANAGE, HERE).allowed
    assert not decide(caller("ADMIN", "centres.read"), Actions.CENTRES_MANAGE, HERE).allowed


@pytest.mark.rule("ACC-46", "ACC-47")
@pytest.mark.parametrize(
    "person",
    [of_role("ADMIN_CONTENT"), caller(entitlements=entitlement("ALL")), caller("STUDENT", "centres.read", *ALL_INSIDE)],
    ids=["staff", "student", "forged"],
)
def test_nobody_else_gets_in(person: Caller) -> None:
    """Permissions of centres count in a membership alone, not on the card."""
    for action in INSIDE:
        decision = decide(person, action, HERE)
        assert (decision.allowed, decision.reason) == (False, "OTHER_TENANT")


@pytest.mark.rule("ACC-47")
def test_staff_who_manage_centres_are_no_members_of_them() -> None:
    for action in INSIDE:
        assert decide(of_role("ADMIN_SUPER"), action, HERE).reason == "MISSING_PERMISSION"
