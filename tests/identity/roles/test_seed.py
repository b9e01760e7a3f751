"""The seed: default roles and the first super-admin (AUTH-31, ACC-52, ACC-57, ACC-58)."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.identity.accounts import User, create_staff, create_student
from chalicelib.identity.roles import Role, RoleHolder
from chalicelib.identity.roles.errors import WouldEscalate
from chalicelib.platform import registry, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.access.catalogue import ACADEMY_PERMISSIONS, DEFAULT_ROLES, UserType
from chalicelib.platform.http.endpoint import Endpoint
from infra.local.emulator import Emulator
from tests.identity.conftest import PASSWORD, Register
from tests.support.client import Client
from tests.support.races import at_once

EMAIL = "head@academy.in"
EVERYTHING = {str(permission) for permission in ACADEMY_PERMISSIONS}
NOTHING = {"rolesCreated": [], "rolesUpdated": [], "cardsUpdated": [], "superAdminCreated": False}


@pytest.fixture(autouse=True)
def _super_admin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPERADMIN_EMAIL", EMAIL)


def seed(cloud: Emulator) -> Any:
    outcome = cloud.invoke("seed")
    assert outcome.error is None, outcome.error
    return outcome.answer


def role(key: str) -> Role:
    found = store.get(Role, Role.place(key))
    assert found is not None
    return found


def card(user_id: str) -> AccessCard:
    found = store.get(AccessCard, AccessCard.place(user_id))
    assert found is not None
    return found


@pytest.mark.rule("AUTH-31", "ACC-58")
def test_the_first_run_creates_roles_and_a_super_admin(cloud: Emulator, client: Client) -> None:
    done = seed(cloud)
    assert sorted(done["rolesCreated"]) == sorted(default.key for default in DEFAULT_ROLES)
    assert done["superAdminCreated"] is True
    for default in DEFAULT_ROLES:
        made = role(default.key)
        assert set(made.permissions or ()) == {str(name) for name in default.permissions}
        assert (made.system, made.editable) == (True, not default.fixed)
    body = {"email": EMAIL, "password": cloud.secret("SUPERADMIN_PASSWORD")}
    tokens = client.post("/v1/auth/login", json=body, expect=200).json
    me = client.get("/v1/auth/me", token=tokens["accessToken"], expect=200).json
    assert me["roles"] == ["ADMIN_SUPER"]
    assert set(me["permissions"]) == EVERYTHING
    assert me["mustChangePassword"] is True
    user = store.get(User, User.place(me["userId"]))
    assert user is not None
    assert user.created_via == "SEED"
    assert (role("ADMIN_SUPER").holders, role("ADMIN_SUPER").active_holders) == (1, 1)
    assert [holder.user_id for holder in store.every(RoleHolder.of("ADMIN_SUPER"))] == [me["userId"]]


@pytest.mark.rule("AUTH-31")
def test_a_second_run_changes_nothing(cloud: Emulator) -> None:
    seed(cloud)
    edited = role("ADMIN_TEST")
    store.update(Role, edited.itself, [Role.permissions.set({"tests.read"})])
    cloud.put_secret("SUPERADMIN_PASSWORD", "another good password")
    before = cloud.items()
    assert seed(cloud) == NOTHING
    assert cloud.items() == before


@pytest.mark.rule("AUTH-31", "ACC-58")
def test_super_admins_get_what_a_deployment_adds(cloud: Emulator) -> None:
    seed(cloud)
    holder = next(iter(store.every(RoleHolder.of("ADMIN_SUPER")))).user_id
    older = EVERYTHING - {"certificates.manage"}
    store.update(Role, Role.place("ADMIN_SUPER"), [Role.permissions.set(older)])
    store.update(AccessCard, AccessCard.place(holder), [AccessCard.permissions.set(older)])
    assert seed(cloud) == {**NOTHING, "rolesUpdated": ["ADMIN_SUPER"], "cardsUpdated": [holder]}
    assert set(role("ADMIN_SUPER").permissions) == EVERYTHING
    assert set(card(holder).permissions) == EVERYTHING
    # A run that stopped between role and cards is finished by the next.
    store.update(AccessCard, AccessCard.place(holder), [AccessCard.permissions.set(older)])
    assert seed(cloud) == {**NOTHING, "cardsUpdated": [holder]}
    assert seed(cloud) == NOTHING


@pytest.mark.rule("AUTH-31")
def test_an_email_of_a_student_stops_the_seed(cloud: Emulator, register: Register) -> None:
    register(email=EMAIL)
    before = cloud.items()
    assert "SeedRefused" in str(cloud.invoke("seed").error)
    assert cloud.items() == before


@pytest.mark.rule("AUTH-31", "AUTH-73")
@pytest.mark.parametrize(
    "password", ["changeme-changeme", "Password-Password-1", "short-one", "aaaaaaaaaaaaaaaa", " " * 20]
)
def test_default_passwords_stop_the_seed(cloud: Emulator, password: str) -> None:
    cloud.put_secret("SUPERADMIN_PASSWORD", password)
    error = str(cloud.invoke("seed").error)
    assert "SeedRefused" in error
    assert password.strip() == "" or password not in error
    assert cloud.items() == []


@pytest.mark.rule("AUTH-31")
def test_without_an_address_only_roles_are_made(cloud: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUPERADMIN_EMAIL")
    assert seed(cloud)["superAdminCreated"] is False
    assert {item["kind"]["S"] for item in cloud.items()} == {"Role", "AuditEntry"}


@pytest.mark.rule("ACC-60")
def test_staff_have_the_permissions_of_their_roles(cloud: Emulator, client: Client) -> None:
    seed(cloud)
    user_id = create_staff("ravi@academy.in", PASSWORD, "Ravi", ["ADMIN_SUPPORT", "ADMIN_TEST"], phone="9876543210")
    due = set(role("ADMIN_SUPPORT").permissions) | set(role("ADMIN_TEST").permissions)
    assert set(card(user_id).permissions) == due
    assert list(card(user_id).role_keys) == ["ADMIN_SUPPORT", "ADMIN_TEST"]
    for key in ("ADMIN_SUPPORT", "ADMIN_TEST"):
        assert (role(key).holders, role(key).active_holders, role(key).version) == (1, 1, 2)
    client.post("/v1/auth/login", json={"email": "ravi@academy.in", "password": PASSWORD}, expect=200)


@pytest.mark.rule("ACC-60")
def test_parallel_assignments_all_count(cloud: Emulator) -> None:
    seed(cloud)
    works = [
        lambda turn=turn: create_staff(f"staff{turn}@academy.in", PASSWORD, "Ravi", ["ADMIN_TEST"]) for turn in range(5)
    ]
    assert len(set(at_once(works))) == 5
    assert (role("ADMIN_TEST").holders, role("ADMIN_TEST").active_holders) == (5, 5)
    assert len(store.every(RoleHolder.of("ADMIN_TEST"))) == 5


@pytest.mark.rule("ACC-57")
def test_roles_belong_to_their_kind_of_account(cloud: Emulator) -> None:
    seed(cloud)
    before = cloud.items()
    for keys, user_type in ((["STUDENT"], UserType.ADMIN), (["ADMIN_TEST"], UserType.OPERATOR), ([], UserType.ADMIN)):
        with pytest.raises(ValueError):
            create_staff("ravi@academy.in", PASSWORD, "Ravi", keys, user_type=user_type)
    assert cloud.items() == before


@pytest.mark.rule("ACC-57", "AUTH-43")
def test_students_hold_no_permissions(cloud: Emulator) -> None:
    seed(cloud)
    user_id = create_student("asha@example.in", PASSWORD, "Asha")
    assert card(user_id).permissions is None
    assert list(card(user_id).role_keys) == ["STUDENT"]
    assert role("STUDENT").holders == 0


@pytest.mark.rule("ACC-52")
def test_nobody_gives_what_they_do_not_have(cloud: Emulator) -> None:
    seed(cloud)
    support = create_staff("ravi@academy.in", PASSWORD, "Ravi", ["ADMIN_SUPPORT"])
    by = Caller(card(support), "session")
    before = cloud.items()
    with pytest.raises(WouldEscalate) as refused:
        create_staff("gita@academy.in", PASSWORD, "Gita", ["ADMIN_SUPPORT", "ADMIN_FINANCE"], by=by)
    assert refused.value.details == {
        "permissions": ["analytics.read", "payments.manage", "payments.refund"],
    }
    assert cloud.items() == before
    create_staff("gita@academy.in", PASSWORD, "Gita", ["ADMIN_SUPPORT"], by=by)


ACTING_ON_STUDENTS = {
    "POST /v1/admin/security/users/{userId}/notes/ban",
    "DELETE /v1/admin/security/users/{userId}/notes/ban/{noteId}",
    "POST /v1/admin/security/users/{userId}/devices/ban",
    "DELETE /v1/admin/security/users/{userId}/devices/ban",
    "POST /v1/admin/users/{userId}/access-card/rebuild",
    "POST /v1/admin/users/{userId}/entitlements/grant",
    "POST /v1/admin/users/{userId}/entitlements/revoke",
    "POST /v1/admin/users/{userId}/subscriptions",
    "POST /v1/admin/users/{userId}/subscriptions/{subscriptionId}/cancel",
    "POST /v1/admin/users/{userId}/subscriptions/{subscriptionId}/extend",
}
"""Endpoints that change students only: nobody mightier is among them (SHIELD-15, ENT-21)."""
ACTING_ON_PEOPLE = {
    "DELETE /v1/admin/users/{userId}/sessions/{sessionId}",
    "PATCH /v1/admin/users/{userId}",
    "PATCH /v1/admin/users/{userId}/status",
    "POST /v1/admin/users/{userId}/force-logout",
    "POST /v1/admin/users/{userId}/mfa/reset",
    "POST /v1/admin/users/{userId}/reset-password",
    "PUT /v1/admin/users/{userId}/permissions",
    "PUT /v1/admin/users/{userId}/roles",
}
"""Endpoints that change somebody else; beside the tests of each stands that nobody does it to someone mightier."""


@pytest.mark.rule("ACC-53", "ACC-52")
def test_whatever_acts_on_somebody_else_is_proven() -> None:
    """Whoever adds one proves there that nobody acts on someone mightier, and names it here."""
    registry.load_all()
    acting = {one.place for one in registry.of(Endpoint) if "/users/{userId}" in one.path and one.method != "GET"}
    assert acting == ACTING_ON_PEOPLE | ACTING_ON_STUDENTS
