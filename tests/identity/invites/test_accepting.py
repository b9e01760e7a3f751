"""Looking at an invitation and accepting it (AUTH-18, AUTH-19)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.identity.accounts import Login, User
from chalicelib.identity.invites import Invite as InviteItem
from chalicelib.identity.roles import Role, RoleHolder
from chalicelib.platform import store
from chalicelib.platform.ids import new_ulid
from infra.local.emulator import Emulator
from tests.identity.conftest import Register
from tests.identity.invites.conftest import EMAIL, PASSWORD, Invite
from tests.support.client import Client, Response
from tests.support.people import Person
from tests.support.races import at_once, just_before

Kinds = Callable[[], dict[str, int]]
Accept = Callable[..., Response]


@pytest.fixture
def accept(client: Client) -> Accept:
    """Accepts with a token."""

    def call(token: str, expect: int | None = 201, **changes: Any) -> Response:
        body = {"token": token, "name": "Meera Nair", "password": PASSWORD, **changes}
        return client.post("/v1/auth/accept-invite", json=body, expect=expect)

    return call


def role(key: str) -> Role:
    found = store.get(Role, Role.place(key))
    assert found is not None
    return found


@pytest.mark.rule("AUTH-18")
def test_what_the_invitation_page_shows(client: Client, invite: Invite, link_token: Callable[[], str]) -> None:
    made = invite(name="Meera", roleKeys=["ADMIN_CONTENT", "ADMIN_TEST"]).json
    shown = client.post("/v1/auth/invite-info", json={"token": link_token()}, expect=200).json
    assert shown == {
        "email": EMAIL,
        "name": "Meera",
        "type": "ADMIN",
        "roleNames": [role("ADMIN_CONTENT").name, role("ADMIN_TEST").name],
        "academyName": "Pathshala",
        "expiresAt": made["expiresAt"],
    }


@pytest.mark.rule("AUTH-19", "AUTH-43")
def test_accepting_makes_an_account_with_roles_and_a_session(
    client: Client, invite: Invite, accept: Accept, link_token: Callable[[], str], kinds: Kinds
) -> None:
    invite_id = invite(roleKeys=["ADMIN_CONTENT", "ADMIN_TEST"]).json["id"]
    before, holders = kinds(), [int(role(key).holders) for key in ("ADMIN_CONTENT", "ADMIN_TEST")]
    tokens = accept(link_token(), deviceLabel="Meera's laptop").json
    me = client.get("/v1/auth/me", token=tokens["accessToken"], expect=200).json
    assert (me["type"], me["email"], me["emailVerified"], me["name"]) == ("ADMIN", EMAIL, True, "Meera Nair")
    assert me["roles"] == ["ADMIN_CONTENT", "ADMIN_TEST"]
    assert set(me["permissions"]) == {*role("ADMIN_CONTENT").permissions, *role("ADMIN_TEST").permissions}
    assert {kind: many - before.get(kind, 0) for kind, many in kinds().items() if many != before.get(kind)} == {
        "Login": 1, "User": 1, "AccessCard": 1, "KnownDevice": 1, "UserHash": 1, "Session": 1, "RoleHolder": 2,
        "AuditEntry": 2,
    }  # fmt: skip
    assert "InviteEmail" not in kinds()
    assert [int(role(key).holders) for key in ("ADMIN_CONTENT", "ADMIN_TEST")] == [many + 1 for many in holders]
    assert store.get(RoleHolder, RoleHolder.place("ADMIN_TEST", me["userId"])) is not None
    used = store.get(InviteItem, InviteItem.place(invite_id))
    user = store.get(User, User.place(me["userId"]))
    assert used is not None
    assert (used.status, used.accepted_user_id) == ("ACCEPTED", me["userId"])
    assert user is not None
    assert user.created_via == "INVITE"
    client.post("/v1/auth/refresh", json={"refreshToken": tokens["refreshToken"]}, expect=200)
    client.post("/v1/auth/login", json={"email": EMAIL, "password": PASSWORD}, expect=200)


@pytest.mark.rule("AUTH-19", "AUTH-17")
def test_a_token_opens_once_and_never_after_its_end(
    cloud: Emulator,
    client: Client,
    invite: Invite,
    accept: Accept,
    boss: Person,
    link_token: Callable[[], str],
    kinds: Kinds,
) -> None:
    made = invite().json["id"]
    token = link_token()
    accept(token)
    before = kinds()
    assert accept(token, expect=401).code == "INVITE_INVALID"
    assert client.post("/v1/auth/invite-info", json={"token": token}, expect=401).code == "INVITE_INVALID"
    refused = client.delete(f"/v1/admin/invites/{made}", token=boss.token, expect=409)
    assert (refused.code, refused.json["details"]) == ("INVITE_NOT_PENDING", {"status": "ACCEPTED"})
    assert client.post(f"/v1/admin/invites/{made}/resend", token=boss.token, expect=409).code == "INVITE_NOT_PENDING"
    assert kinds() == before
    revoked = invite(email="r@example.in").json["id"]
    client.delete(f"/v1/admin/invites/{revoked}", token=boss.token, expect=204)
    assert accept(link_token(), expect=401).code == "INVITE_INVALID"
    invite(email="late@example.in")
    late = link_token()
    cloud.advance(72 * 3_600)
    assert accept(late, expect=401).code == "INVITE_INVALID"


@pytest.mark.rule("AUTH-18", "AUTH-19", "HTTP-42")
def test_tokens_that_are_none(
    client: Client, invite: Invite, accept: Accept, link_token: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RATE_AUTH_FAILURES", "100/60")
    invite()
    right = link_token()
    head, invite_id, secret = right.split(".")
    wrong = [
        f"{head}.{invite_id}.{secret[::-1]}",
        f"{head}.{new_ulid()}.{secret}",
        f"{head}.{invite_id.lower()}.{secret}",
        f"inv2.{invite_id}.{secret}",
        secret,
        right + "A",
        " " + right,
        "\x00",
    ]
    for token in wrong:
        assert accept(token, expect=401).code == "INVITE_INVALID", token
        assert client.post("/v1/auth/invite-info", json={"token": token}, expect=401).code == "INVITE_INVALID"
    monkeypatch.setenv("RATE_AUTH_FAILURES", "3/60")
    assert client.post("/v1/auth/invite-info", json={"token": right}, expect=429).code == "RATE_LIMITED"


@pytest.mark.rule("AUTH-19")
def test_two_parallel_accepts_make_one_account(
    invite: Invite, accept: Accept, link_token: Callable[[], str], kinds: Kinds
) -> None:
    for number in range(10):
        invite(email=f"race{number}@example.in")
        token, before = link_token(), kinds()
        answers = at_once([lambda token=token: accept(token, expect=None)] * 2)  # type: ignore[misc]
        assert sorted((answer.status, answer.code) for answer in answers) == [(201, None), (401, "INVITE_INVALID")]
        assert kinds()["User"] == before["User"] + 1


@pytest.mark.rule("AUTH-19")
def test_the_address_was_registered_meanwhile(
    invite: Invite, accept: Accept, register: Register, link_token: Callable[[], str], kinds: Kinds
) -> None:
    invite()
    register(email=EMAIL)
    before = kinds()
    assert accept(link_token(), expect=409).code == "EMAIL_TAKEN"
    assert kinds() == before


@pytest.mark.rule("AUTH-19", "AUTH-17")
def test_revoked_while_it_is_being_accepted(
    client: Client, invite: Invite, accept: Accept, boss: Person, link_token: Callable[[], str]
) -> None:
    made = invite().json["id"]

    def revoke() -> None:
        client.delete(f"/v1/admin/invites/{made}", token=boss.token, expect=204)

    with just_before("TransactWriteItems", revoke):
        assert accept(link_token(), expect=401).code == "INVITE_INVALID"
    assert store.get(Login, Login.place(EMAIL)) is None


@pytest.mark.rule("AUTH-19")
def test_roles_that_ceased_to_exist(
    client: Client, invite: Invite, accept: Accept, boss: Person, link_token: Callable[[], str], kinds: Kinds
) -> None:
    invite(roleKeys=["ADMIN_CONTENT", "ADMIN_TEST"])
    token = link_token()

    def delete_one() -> None:
        store.delete(Role, Role.place("ADMIN_TEST"))

    with just_before("TransactWriteItems", delete_one):
        tokens = accept(token).json
    assert client.get("/v1/auth/me", token=tokens["accessToken"], expect=200).json["roles"] == ["ADMIN_CONTENT"]
    made = invite(email="stale@example.in", roleKeys=["ADMIN_FINANCE"]).json["id"]
    store.delete(Role, Role.place("ADMIN_FINANCE"))
    before = kinds()
    assert accept(link_token(), expect=409).code == "INVITE_STALE"
    assert client.post(f"/v1/admin/invites/{made}/resend", token=boss.token, expect=409).code == "INVITE_STALE"
    assert kinds() == before


@pytest.mark.rule("AUTH-19", "AUTH-40")
@pytest.mark.parametrize(
    ("password", "issue"), [("short pass!", "LENGTH"), ("meera nair rocks", "PERSONAL"), ("123456789012", "RUN")]
)
def test_staff_need_good_passwords(
    invite: Invite, accept: Accept, link_token: Callable[[], str], kinds: Kinds, password: str, issue: str
) -> None:
    invite()
    before = kinds()
    refused = accept(link_token(), password=password, expect=422)
    assert (refused.code, refused.issues) == ("PASSWORD_TOO_WEAK", {"body.password": issue})
    assert kinds() == before
    accept(link_token())


@pytest.mark.rule("AUTH-19", "AUTH-62")
def test_where_a_second_factor_is_compulsory_it_comes_first(
    client: Client, invite: Invite, accept: Accept, link_token: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    invite()
    monkeypatch.setenv("MFA_ADMIN", "required")
    token = accept(link_token()).json["accessToken"]
    assert client.get("/v1/auth/me", token=token, expect=200).json["mfa"]["required"] is True
    assert client.get("/v1/users/me", token=token, expect=403).code == "MFA_REQUIRED"


@pytest.mark.rule("AUTH-60")
def test_no_accepting_where_an_external_provider_alone_signs_in(
    invite: Invite, accept: Accept, link_token: Callable[[], str], kinds: Kinds, monkeypatch: pytest.MonkeyPatch
) -> None:
    invite()
    before = kinds()
    monkeypatch.setenv("AUTH_PROVIDERS", "external")
    assert accept(link_token(), expect=403).code == "METHOD_DISABLED"
    assert kinds() == before
