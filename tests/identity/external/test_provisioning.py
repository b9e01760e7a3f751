"""First sight of an external subject, and what ends their tokens (AUTH-60, AUTH-61)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.identity.accounts import Login, User
from chalicelib.identity.sessions.ending import all_ended
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.access.identities import ExternalIdentity
from infra.local.emulator import Emulator
from tests.identity.conftest import Register
from tests.identity.external.provider import Provider
from tests.support.client import Client
from tests.support.people import People, Person
from tests.support.races import at_once

Kinds = Callable[[], dict[str, int]]


def verify_email(person: Person) -> None:
    store.update(User, User.place(person.id), [User.email_verified_at.set(clock.now())], when=store.present(User))


@pytest.mark.rule("AUTH-60", "AUTH-61")
def test_a_new_subject_becomes_a_student(client: Client, provider: Provider) -> None:
    token = provider.token("asha", name="  Asha   Verma ")
    me = client.get("/v1/auth/me", token=token, expect=200).json
    assert (me["type"], me["email"], me["emailVerified"], me["name"]) == (
        "STUDENT", "asha@example.in", True, "Asha Verma",
    )  # fmt: skip
    assert me["amr"] == ["oidc"]
    assert me["sessionId"].startswith("ext-")
    assert client.get("/v1/users/me", token=token, expect=200).json["id"] == me["userId"]
    again = client.get("/v1/auth/me", token=provider.token("asha", email=None), expect=200).json
    assert (again["userId"], again["sessionId"]) == (me["userId"], me["sessionId"])
    login = store.get(Login, Login.place("asha@example.in"))
    user = store.get(User, User.place(me["userId"]))
    assert (login and login.password_hash, user and user.created_via) == (None, "OIDC")
    found = store.every(ExternalIdentity.of(me["userId"]))
    assert [one.itself for one in found] == [ExternalIdentity.place(provider.url, "asha")]
    refused = client.post("/v1/auth/login", json={"email": "asha@example.in", "password": "x"}, expect=401)
    assert refused.code == "INVALID_CREDENTIALS"


@pytest.mark.rule("AUTH-61")
@pytest.mark.parametrize(
    ("mode", "claims"),
    [
        ("off", {}),
        ("link", {}),
        ("student", {"email_verified": False}),
        ("student", {"email_verified": None}),
        ("student", {"email": None}),
        ("student", {"email": "no address"}),
        ("student", {"userType": "ADMIN"}),
    ],
)
def test_who_is_not_provisioned(
    client: Client,
    provider: Provider,
    kinds: Kinds,
    monkeypatch: pytest.MonkeyPatch,
    mode: str,
    claims: dict[str, Any],
) -> None:
    monkeypatch.setenv("OIDC_PROVISION", mode)
    monkeypatch.setenv("OIDC_CLAIM_TYPE", "userType")
    refused = client.get("/v1/auth/me", token=provider.token("asha", **claims), expect=403)
    assert refused.code == "NOT_PROVISIONED"
    assert kinds() == {}


@pytest.mark.rule("AUTH-61", "AUTH-42")
@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("अनु शर्मा", "अनु शर्मा"),
        ("<b>Asha</b>", "Student"),
        ("A\ud800", "Student"),
        ("A\u202eB", "Student"),
        ("A\x00B", "Student"),
        ("7", "Student"),
        ("A" * 300, "A" * 100),
        (["Asha"], "Student"),
    ],
)
def test_names_that_people_may_not_have_here(client: Client, provider: Provider, given: Any, kept: str) -> None:
    assert client.get("/v1/auth/me", token=provider.token("asha", name=given), expect=200).json["name"] == kept


@pytest.mark.rule("AUTH-60")
def test_an_external_token_costs_one_read_more(cloud: Emulator, client: Client, provider: Provider) -> None:
    token = provider.token("asha")
    client.get("/v1/auth/me", token=token, expect=200)
    with cloud.calls.during() as calls:
        client.get("/v1/users/me", token=token, expect=200)
    assert [call.operation for call in calls] == ["GetItem", "BatchGetItem"]


@pytest.mark.rule("AUTH-61")
def test_only_one_endpoint_welcomes(client: Client, provider: Provider, kinds: Kinds) -> None:
    token = provider.token("asha")
    for path in ("/v1/users/me", "/v1/notes", "/v1/admin/invites"):
        assert client.get(path, token=token, expect=403).code == "NOT_PROVISIONED"
    assert kinds() == {}


@pytest.mark.rule("AUTH-61")
@pytest.mark.parametrize("mode", ["link", "student"])
def test_linking_to_an_account_of_the_same_verified_address(
    client: Client, provider: Provider, people: People, kinds: Kinds, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setenv("OIDC_PROVISION", mode)
    admin = people.admin("ADMIN_SUPPORT")
    token = provider.token("staff-1", email=admin.email.upper())
    before = kinds()
    # Whoever registered the address before its owner would otherwise share the account.
    assert client.get("/v1/auth/me", token=token, expect=403).code == "NOT_PROVISIONED"
    assert kinds() == before
    verify_email(admin)
    me = client.get("/v1/auth/me", token=token, expect=200).json
    assert (me["userId"], me["type"], me["roles"]) == (admin.id, "ADMIN", ["ADMIN_SUPPORT"])
    assert {kind: many - before.get(kind, 0) for kind, many in kinds().items() if many != before.get(kind)} == {
        "ExternalIdentity": 1,
        "AuditEntry": 1,
    }
    client.get("/v1/auth/me", token=admin.token, expect=200)


@pytest.mark.rule("AUTH-61")
def test_a_type_that_the_token_tells_must_be_the_accounts(
    client: Client, provider: Provider, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OIDC_CLAIM_TYPE", "user_type")
    student = people.student()
    verify_email(student)
    as_admin = provider.token("s", email=student.email, user_type="ADMIN")
    assert client.get("/v1/auth/me", token=as_admin, expect=403).code == "NOT_PROVISIONED"
    right = provider.token("s", email=student.email, user_type="STUDENT")
    client.get("/v1/auth/me", token=right, expect=200)
    assert client.get("/v1/auth/me", token=as_admin, expect=401).code == "SESSION_REVOKED"


@pytest.mark.rule("AUTH-61")
def test_twenty_first_requests_make_one_account(client: Client, provider: Provider, kinds: Kinds) -> None:
    token = provider.token("asha")
    answers = at_once([lambda: client.get("/v1/auth/me", token=token)] * 20)
    assert {answer.status for answer in answers} == {200}
    assert len({answer.json["userId"] for answer in answers}) == 1
    assert (kinds()["User"], kinds()["ExternalIdentity"]) == (1, 1)


@pytest.mark.rule("AUTH-61", "AUTH-55")
def test_ending_everything_ends_external_tokens_of_that_second_too(
    cloud: Emulator, client: Client, provider: Provider
) -> None:
    token = provider.token("asha", seconds=7_200)
    user_id = client.get("/v1/auth/me", token=token, expect=200).json["userId"]
    store.update(AccessCard, AccessCard.place(user_id), all_ended())
    assert client.get("/v1/auth/me", token=token, expect=401).code == "SESSION_REVOKED"
    assert client.get("/v1/auth/me", token=provider.token("asha"), expect=401).code == "SESSION_REVOKED"
    cloud.advance(1)
    client.get("/v1/auth/me", token=provider.token("asha"), expect=200)
    assert client.get("/v1/auth/me", token=token, expect=401).code == "SESSION_REVOKED"


@pytest.mark.rule("AUTH-61", "AUTH-55")
@pytest.mark.parametrize(
    ("status", "expected"), [("BLOCKED", (403, "ACCOUNT_BLOCKED")), ("DELETED", (401, "SESSION_REVOKED"))]
)
def test_blocked_and_deleted_people(client: Client, provider: Provider, status: str, expected: tuple[int, str]) -> None:
    token = provider.token("asha")
    user_id = client.get("/v1/auth/me", token=token, expect=200).json["userId"]
    store.update(AccessCard, AccessCard.place(user_id), [AccessCard.status.set(status)])
    refused = client.get("/v1/auth/me", token=token)
    assert (refused.status, refused.code) == expected


@pytest.mark.rule("AUTH-60")
def test_registering_meanwhile_is_linked_once_verified(client: Client, provider: Provider, register: Register) -> None:
    user_id = register().json["user"]["id"]
    token = provider.token("asha")
    assert client.get("/v1/auth/me", token=token, expect=403).code == "NOT_PROVISIONED"
    store.update(User, User.place(user_id), [User.email_verified_at.set(clock.now())])
    assert client.get("/v1/auth/me", token=token, expect=200).json["userId"] == user_id


@pytest.mark.rule("AUTH-61")
def test_the_password_flag_stops_nobody_who_needs_none(client: Client, provider: Provider, people: People) -> None:
    student = people.student(must_change_password=True)
    verify_email(student)
    token = provider.token("s", email=student.email)
    assert client.get("/v1/auth/me", token=token, expect=200).json["mustChangePassword"] is False
    client.get("/v1/users/me", token=token, expect=200)
    assert client.get("/v1/users/me", token=student.token, expect=403).code == "PASSWORD_CHANGE_REQUIRED"


@pytest.mark.rule("AUTH-60", "ACC-33")
def test_a_second_factor_is_the_providers(
    client: Client, provider: Provider, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MFA_ADMIN", "required")
    admin = people.super_admin()
    verify_email(admin)
    one = provider.token("boss", email=admin.email, amr=["pwd"])
    client.get("/v1/auth/me", token=one, expect=200)
    assert client.get("/v1/admin/plans", token=one, expect=403).code == "MFA_REQUIRED"
    several = provider.token("boss", amr=["pwd", "otp", "mfa"])
    client.get("/v1/admin/plans", token=several, expect=200)
