"""What is offered (AUTH-22), and what an external provider alone leaves of it (AUTH-60)."""

from __future__ import annotations

from typing import Any

import pytest

from infra.local.emulator import Emulator
from tests.identity.conftest import PASSWORD, Register
from tests.identity.credentials.conftest import Post
from tests.identity.external.provider import Provider
from tests.support.client import Client
from tests.support.people import People


@pytest.mark.rule("AUTH-22")
def test_what_the_front_end_draws(cloud: Emulator, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud.calls.clear()
    answer = client.get("/v1/auth/providers", expect=200)
    assert answer.json == {
        "password": True,
        "otp": True,
        "google": None,
        "external": None,
        "registration": True,
        "passwordRules": {"minLength": 8, "minLengthStaff": 12, "maxLength": 128},
    }
    assert cloud.calls.of("providers") == []
    monkeypatch.setenv("AUTH_OTP_LOGIN", "false")
    monkeypatch.setenv("AUTH_REGISTRATION", "closed")
    monkeypatch.setenv("AUTH_PROVIDERS", "local,external")
    monkeypatch.setenv("OIDC_ISSUER", "https://id.example.in")
    told = client.get("/v1/auth/providers", expect=200).json
    assert (told["password"], told["otp"], told["registration"]) == (True, False, False)
    assert told["external"] == {"issuer": "https://id.example.in", "authorizeUrl": None}
    monkeypatch.setenv("AUTH_PROVIDERS", "external")
    monkeypatch.setenv("AUTH_OTP_LOGIN", "true")
    monkeypatch.setenv("AUTH_REGISTRATION", "open")
    monkeypatch.setenv("OIDC_AUTHORIZE_URL", "https://id.example.in/authorize")
    told = client.get("/v1/auth/providers", expect=200).json
    assert (told["password"], told["otp"], told["registration"]) == (False, False, False)
    assert told["external"]["authorizeUrl"] == "https://id.example.in/authorize"


@pytest.mark.rule("AUTH-60", "AUTH-01", "AUTH-09", "AUTH-10", "AUTH-11", "AUTH-12", "AUTH-13")
def test_with_an_external_provider_alone_there_are_no_credentials_here(
    client: Client, people: People, register: Register, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTH_PROVIDERS", "external")
    student = people.student()
    code: dict[str, Any] = {"email": student.email, "code": "482913", "challengeId": "01JH8Z6V3N4Q5R6S7T8V9WXYZ0"}
    for path, body in (
        ("/v1/auth/request-otp", {"email": student.email}),
        ("/v1/auth/verify-otp", code),
        ("/v1/auth/request-password-reset", {"email": student.email}),
        ("/v1/auth/reset-password", {"token": "x" * 43, "newPassword": PASSWORD}),
    ):
        refused = client.post(path, json=body)
        assert (refused.status, refused.code) == (403, "METHOD_DISABLED"), path
    assert register(expect=403).code == "METHOD_DISABLED"
    assert post.all() == []


@pytest.mark.rule("AUTH-60", "AUTH-13", "AUTH-35", "USR-03")
def test_a_session_of_the_provider_has_no_credentials_here(client: Client, provider: Provider, post: Post) -> None:
    token = provider.token("asha")
    client.get("/v1/auth/me", token=token, expect=200)
    for path, body in (
        ("/v1/auth/change-password", {"newPassword": "seven lilacs over Jaipur"}),
        ("/v1/auth/reauthenticate", {"password": PASSWORD}),
        ("/v1/users/me/email", {"newEmail": "mine@example.in", "password": PASSWORD}),
    ):
        refused = client.post(path, json=body, token=token)
        assert (refused.status, refused.code) == (403, "METHOD_DISABLED"), path
    assert post.all() == []
