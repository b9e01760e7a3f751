"""Blocking and unblocking (USR-09, USR-30)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chalicelib.identity.accounts import User
from chalicelib.identity.accounts.events import user_events
from chalicelib.identity.roles import Role
from chalicelib.platform import store
from chalicelib.platform.access.card import AccessCard, plain
from chalicelib.platform.events.changes import Change
from infra.local.emulator import Emulator
from tests.identity.people.conftest import Items, card_of, user_of
from tests.support.client import Client, Response
from tests.support.people import People, Person
from tests.support.races import at_once, just_before, round_trips

Audited = Callable[[], list[str]]
REASON = "Shares the account with others"


def set_status(client: Client, by: Person, user_id: str, status: str, **more: object) -> Response:
    given = {"status": status, **({"reason": REASON} if status == "BLOCKED" else {})}
    return client.patch(f"/v1/admin/users/{user_id}/status", token=by.token, json=given, **more)


def with_counters(cloud: Emulator, *roles: str, active: int) -> None:
    """The roles as the seed creates them, with so many active holders."""
    assert cloud.invoke("seed").error is None
    for role in roles:
        actions = [Role.holders.set(active), Role.active_holders.set(active)]
        store.update(Role, Role.place(role), actions)


def active_holders(role: str) -> int:
    found = store.get(Role, Role.place(role))
    assert found is not None
    return int(found.active_holders)


@pytest.mark.rule("USR-09", "USR-30", "AUTH-55", "AUTH-33")
def test_a_block_counts_from_the_next_request_and_lifts_without_sessions(
    cloud: Emulator, client: Client, people: People, audited: Audited
) -> None:
    support, entitled = people.admin("ADMIN_SUPPORT"), {"kind": "ALL", "startsAt": 1, "endsAt": 4_000_000_000}
    student = people.student(entitlements={"E1": entitled})
    before = user_of(student.id)
    cloud.calls.clear()
    blocked = set_status(client, support, student.id, "BLOCKED", expect=200).json
    assert round_trips(cloud.calls.of("set_user_status")) == 2
    assert (blocked["status"], blocked["liveSessions"], blocked["version"]) == ("BLOCKED", 0, 2)
    assert (blocked["block"]["reason"], blocked["block"]["byUserId"]) == (REASON, support.id)
    assert client.get("/v1/auth/me", token=student.token, expect=403).code == "ACCOUNT_BLOCKED"
    refreshed = client.post("/v1/auth/refresh", json={"refreshToken": student.refresh_token}, expect=403)
    assert refreshed.code == "ACCOUNT_BLOCKED"
    given = {"email": student.email, "password": student.password}
    assert client.post("/v1/auth/login", json=given, expect=403).code == "ACCOUNT_BLOCKED"
    shut = user_of(student.id)
    assert plain(shut.row)["status"] == "BLOCKED"

    lifted = set_status(client, support, student.id, "ACTIVE", expect=200).json
    assert (lifted["status"], lifted["block"], lifted["roleKeys"]) == ("ACTIVE", None, ["STUDENT"])
    card = card_of(student.id)
    assert (set(plain(card.entitlements)), plain(card.sessions)) == ({"E1"}, {})
    assert client.get("/v1/auth/me", token=student.token, expect=401).code == "SESSION_REVOKED"
    client.post("/v1/auth/login", json=given, expect=200)
    assert audited() == ["user.block", "user.unblock"]
    told = [*user_events(Change(before, shut, "1")), *user_events(Change(shut, user_of(student.id), "2"))]
    assert [type(one).__name__ for one in told] == ["UserBlocked", "UserUnblocked"]
    assert len({one.key for one in told}) == 2


@pytest.mark.rule("USR-30", "HTTP-61")
def test_blocking_a_blocked_one_writes_nothing(
    cloud: Emulator, client: Client, people: People, audited: Audited
) -> None:
    support, student = people.admin("ADMIN_SUPPORT"), people.student()
    first = set_status(client, support, student.id, "BLOCKED", expect=200).json
    with cloud.calls.during() as calls:
        assert set_status(client, support, student.id, "BLOCKED", expect=200).json == first
    assert "TransactWriteItems" not in {call.operation for call in calls}
    assert audited() == ["user.block"]
    works = [lambda: set_status(client, support, student.id, "ACTIVE").status] * 4
    assert at_once(works) == [200] * 4
    assert audited() == ["user.block", "user.unblock"]


@pytest.mark.rule("USR-30", "ACC-53")
def test_who_cannot_be_blocked_by_whom(client: Client, people: People, audited: Audited) -> None:
    support, boss = people.admin("ADMIN_SUPPORT"), people.super_admin()
    content = people.admin("ADMIN_CONTENT")
    assert set_status(client, support, support.id, "BLOCKED", expect=409).code == "SELF"
    for mightier in (boss, content):
        refused = set_status(client, support, mightier.id, "BLOCKED", expect=403)
        assert refused.code == "TARGET_OUTRANKS"
        assert card_of(mightier.id).status == "ACTIVE"
    nobody = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    assert set_status(client, support, nobody, "BLOCKED", expect=404).code == "USER_NOT_FOUND"
    path = f"/v1/admin/users/{content.id}/status"
    refused = client.patch(path, token=boss.token, json={"status": "BLOCKED"}, expect=422)
    assert refused.issues == {"body.reason": "MISSING"}
    assert client.patch(path, token=content.token, json={"status": "BLOCKED"}, expect=403).code == "FORBIDDEN"
    assert audited() == []


@pytest.mark.rule("USR-30", "ACC-58")
def test_counters_of_roles_follow_and_the_last_super_admin_stays(
    cloud: Emulator, client: Client, people: People
) -> None:
    boss, second, support = people.super_admin(), people.super_admin(), people.admin("ADMIN_SUPPORT")
    with_counters(cloud, "ADMIN_SUPER", active=2)
    with_counters(cloud, "ADMIN_SUPPORT", active=1)
    set_status(client, boss, second.id, "BLOCKED", expect=200)
    set_status(client, boss, support.id, "BLOCKED", expect=200)
    assert (active_holders("ADMIN_SUPER"), active_holders("ADMIN_SUPPORT")) == (1, 0)
    set_status(client, boss, support.id, "ACTIVE", expect=200)
    assert active_holders("ADMIN_SUPPORT") == 1
    # Somebody else who has every permission cannot block the one who is left either.
    other = people.super_admin()
    store.update(AccessCard, AccessCard.place(other.id), [AccessCard.role_keys.set(["ADMIN_SUPPORT"])])
    assert set_status(client, other, boss.id, "BLOCKED", expect=409).code == "LAST_SUPER_ADMIN"
    assert (card_of(boss.id).status, active_holders("ADMIN_SUPER")) == ("ACTIVE", 1)


@pytest.mark.rule("USR-30", "USR-31")
def test_whoever_is_blocked_meanwhile_blocks_nobody(cloud: Emulator, client: Client, people: People) -> None:
    boss, second, third = people.super_admin(), people.super_admin(), people.super_admin()
    with_counters(cloud, "ADMIN_SUPER", active=3)
    with just_before("TransactWriteItems", lambda: set_status(client, second, boss.id, "BLOCKED", expect=200)):
        assert set_status(client, boss, third.id, "BLOCKED", expect=403).code == "ACCOUNT_BLOCKED"
    assert card_of(third.id).status == "ACTIVE"


@pytest.mark.rule("USR-30", "ACC-53")
def test_somebody_who_becomes_mightier_meanwhile_is_not_blocked(client: Client, people: People) -> None:
    support, student = people.admin("ADMIN_SUPPORT"), people.admin("ADMIN_SUPPORT")
    rise = [AccessCard.permissions.add({"payments.refund"}), AccessCard.roles_version.add(1)]
    with just_before("TransactWriteItems", lambda: store.update(AccessCard, AccessCard.place(student.id), rise)):
        assert set_status(client, support, student.id, "BLOCKED", expect=403).code == "TARGET_OUTRANKS"
    assert card_of(student.id).status == "ACTIVE"


@pytest.mark.rule("USR-30")
def test_a_change_of_the_profile_meanwhile_is_kept(client: Client, people: People, of_kind: Items) -> None:
    support, student = people.admin("ADMIN_SUPPORT"), people.student()
    path, given = "/v1/users/me", {"name": "Asha"}
    with just_before("TransactWriteItems", lambda: client.patch(path, token=student.token, json=given, expect=200)):
        blocked = set_status(client, support, student.id, "BLOCKED", expect=200).json
    assert (blocked["name"], blocked["status"], blocked["version"]) == ("Asha", "BLOCKED", 3)
    assert len(of_kind("User")) == 2
    user = store.get(User, User.place(student.id))
    assert user is not None
    assert (user.name, user.status) == ("Asha", "BLOCKED")
