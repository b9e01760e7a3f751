"""People with an authenticator app."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from chalicelib.identity.factors import totp
from chalicelib.platform import clock
from infra.local.emulator import Emulator
from tests.support.client import Client, Response
from tests.support.people import People, Person


@dataclass
class App:
    """Somebody's authenticator app; ``token``: of the session in which it was set up."""

    cloud: Emulator
    person: Person
    secret: str
    recovery: list[str]
    token: str = ""
    refresh_token: str = ""
    _last: int = field(default=0, repr=False)

    def code(self, *, drift: int = 0) -> str:
        """A code that was not used yet: waits for the next step where this one's was."""
        while totp.step_at(clock.epoch()) + drift <= self._last:
            self.cloud.advance(totp.STEP_SECONDS)
        self._last = totp.step_at(clock.epoch()) + drift
        return totp.code_at(self.secret, self._last)

    def wrong(self) -> str:
        """A code that is none of the steps around now."""
        now = totp.step_at(clock.epoch())
        near = {totp.code_at(self.secret, now + drift) for drift in range(-2, 3)}
        return next(code for code in ("000000", "111111", "222222", "333333", "444444") if code not in near)


Enrol = Callable[[Person], App]
SignIn = Callable[..., Response]


@pytest.fixture
def enrol(cloud: Emulator, client: Client) -> Enrol:
    """Sets up a second factor, as its owner does."""

    def call(person: Person) -> App:
        made = client.post("/v1/auth/mfa/totp/setup", token=person.token, expect=200).json
        app = App(cloud, person, made["secret"], made["recoveryCodes"])
        confirmed = client.post(
            "/v1/auth/mfa/totp/confirm", json={"code": app.code()}, token=person.token, expect=200
        ).json
        app.token, app.refresh_token = confirmed["accessToken"], confirmed["refreshToken"]
        return app

    return call


@pytest.fixture
def app(people: People, enrol: Enrol) -> App:
    """A student's."""
    return enrol(people.student())


@pytest.fixture
def sign_in(client: Client) -> SignIn:
    """The first step, or both with ``mfaCode``."""

    def call(person: Person, expect: int | None = 200, **more: Any) -> Response:
        ip = more.pop("source_ip", "203.0.113.7")
        body = {"email": person.email, "password": person.password, **more}
        return client.post("/v1/auth/login", json=body, expect=expect, source_ip=ip)

    return call


@pytest.fixture
def second(client: Client) -> Callable[..., Response]:
    """The second step."""

    def call(token: str, code: str, expect: int | None = None, source_ip: str = "203.0.113.7") -> Response:
        body = {"mfaToken": token, "code": code}
        return client.post("/v1/auth/mfa/verify", json=body, expect=expect, source_ip=source_ip)

    return call
