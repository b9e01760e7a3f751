"""Of a whole run, no code, link, password or token stands in table or log in clear (AUTH-46, QUAL-34)."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chalicelib.platform import logs
from infra.local.emulator import Emulator
from tests.identity.conftest import PASSWORD, Register
from tests.identity.credentials.conftest import Post, Verify
from tests.identity.mfa.conftest import App, Enrol
from tests.support.client import Client
from tests.support.people import People

EMAIL, NEW_EMAIL = "asha@example.in", "asha.new@example.in"
NEW = "seven lilacs over Jaipur"


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    """What the backend logs from now on, as in production."""
    python_logger = logging.getLogger(logs.logger.name)
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    handler.setFormatter(python_logger.handlers[0].formatter)
    python_logger.addHandler(handler)
    yield heard
    python_logger.removeHandler(handler)


def standing_in(text: str, secrets: list[str]) -> list[str]:
    """Those that a text has as words of their own: six digits stand in many a number."""
    return [one for one in secrets if re.search(rf"(?<![\w.]){re.escape(one)}(?!\w)", text)]


@pytest.mark.rule("AUTH-46", "AUTH-49")
def test_no_secret_of_the_run_stands_in_table_or_log(
    cloud: Emulator,
    client: Client,
    register: Register,
    verify: Verify,
    coded: Callable[..., dict[str, Any]],
    post: Post,
    said: io.StringIO,
) -> None:
    first = register().json
    secrets = [PASSWORD, NEW, first["accessToken"], first["refreshToken"], post.code(EMAIL)]

    cloud.advance(61)
    given = coded(EMAIL)
    secrets.append(given["code"])
    wrong = verify({**given, "code": "000000"})
    assert wrong.status == 401
    tokens = verify(given, expect=200).json
    secrets += [tokens["accessToken"], tokens["refreshToken"]]

    reset = verify(coded(EMAIL, "RESET"), expect=200).json["resetToken"]
    secrets += [reset, post.code(EMAIL)]
    cloud.advance(61)
    client.post("/v1/auth/request-password-reset", json={"email": EMAIL}, expect=202)
    link = post.link_token(EMAIL)
    secrets.append(link)
    client.post("/v1/auth/reset-password", json={"token": link, "newPassword": NEW}, expect=204)

    signed_in = client.post("/v1/auth/login", json={"email": EMAIL, "password": NEW}, expect=200).json
    body = {"newEmail": NEW_EMAIL, "password": NEW}
    asked = client.post("/v1/users/me/email", json=body, token=signed_in["accessToken"], expect=202).json
    code = post.code(NEW_EMAIL)
    proof = {"challengeId": asked["challengeId"], "code": code}
    moved = client.post("/v1/users/me/email/confirm", json=proof, token=signed_in["accessToken"], expect=200).json
    secrets += [code, signed_in["refreshToken"], moved["tokens"]["accessToken"]]

    assert standing_in(str(cloud.items()), secrets) == []
    assert standing_in(said.getvalue(), [*secrets, EMAIL, NEW_EMAIL]) == []
    assert "request-otp" in said.getvalue()


@pytest.mark.rule("AUTH-35", "AUTH-62")
def test_the_authenticator_app_proves_again(cloud: Emulator, client: Client, people: People, enrol: Enrol) -> None:
    app: App = enrol(people.student())
    cloud.advance(601)
    reauthenticate = "/v1/auth/reauthenticate"
    given = {"totp": app.code()}
    body = {"newEmail": NEW_EMAIL}
    assert client.post("/v1/users/me/email", json=body, token=app.token, expect=401).code == "REAUTH_REQUIRED"
    wrong = client.post(reauthenticate, json={"totp": app.wrong()}, token=app.token, expect=401)
    assert wrong.code == "INVALID_CREDENTIALS"
    client.post(reauthenticate, json=given, token=app.token, expect=204)
    assert client.post(reauthenticate, json=given, token=app.token, expect=401).code == "INVALID_CREDENTIALS"
    client.post("/v1/users/me/email", json=body, token=app.token, expect=202)


@pytest.mark.rule("AUTH-10", "AUTH-62")
def test_a_code_does_not_replace_the_second_factor(
    client: Client, people: People, enrol: Enrol, coded: Callable[..., dict[str, Any]], verify: Verify
) -> None:
    app = enrol(people.student())
    given = coded(app.person.email)
    pending = verify(given, expect=200)
    assert (pending.json["mfaRequired"], pending.cookies) == (True, ())
    assert verify(given, expect=401).code == "OTP_INVALID"
    body = {"mfaToken": pending.json["mfaToken"], "code": app.code()}
    tokens = client.post("/v1/auth/mfa/verify", json=body, expect=200).json
    assert client.get("/v1/auth/me", token=tokens["accessToken"], expect=200).json["amr"] == ["otp", "totp"]
