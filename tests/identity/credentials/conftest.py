"""What the tests of credentials share: what was mailed, and codes asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.platform import messages, store
from chalicelib.platform.messages import Message
from infra.local.emulator import Emulator
from tests.identity.external.conftest import provider
from tests.identity.mfa.conftest import enrol
from tests.support.client import Client, Response

__all__ = ["enrol", "provider"]

Verify = Callable[..., Response]


class Post:
    """What was put on its way to people, oldest first."""

    def __init__(self, cloud: Emulator) -> None:
        self._cloud = cloud

    def all(self, to: str | None = None, key: str | None = None) -> list[Message]:
        """The messages to an address, of a template."""
        raw = [item for item in self._cloud.items() if item["kind"]["S"] == "Message"]
        found = [one for one in map(store.read, raw) if isinstance(one, Message)]
        mine = [one for one in found if to in (None, one.to) and key in (None, one.template_key)]
        return sorted(mine, key=lambda one: str(one.created_at))

    def code(self, to: str) -> str:
        """The code last sent to an address."""
        return messages.unsealed([one for one in self.all(to) if one.sealed][-1])["code"]

    def link_token(self, to: str) -> str:
        """The token in the link last sent to an address."""
        url = messages.unsealed(self.all(to, "AUTH_RESET")[-1])["resetUrl"]
        return url.partition("?token=")[2]


@pytest.fixture
def post(cloud: Emulator) -> Post:
    return Post(cloud)


@pytest.fixture
def ask(client: Client) -> Callable[..., Response]:
    """Asks for a code."""

    def call(email: str, purpose: str | None = None, expect: int | None = 202, ip: str = "203.0.113.7") -> Response:
        body = {"email": email, **({"purpose": purpose} if purpose else {})}
        return client.post("/v1/auth/request-otp", json=body, expect=expect, source_ip=ip)

    return call


@pytest.fixture
def coded(ask: Callable[..., Response], post: Post) -> Callable[..., dict[str, Any]]:
    """Asks for a code, and answers the body that uses it."""

    def call(email: str, purpose: str | None = None) -> dict[str, Any]:
        challenge = ask(email, purpose).json["challengeId"]
        given = {"email": email, "challengeId": challenge, "code": post.code(email)}
        return {**given, **({"purpose": purpose} if purpose else {})}

    return call


@pytest.fixture
def verify(client: Client) -> Verify:
    """Uses a code."""

    def call(given: dict[str, Any], expect: int | None = None, ip: str = "203.0.113.7", **more: Any) -> Response:
        return client.post("/v1/auth/verify-otp", json={**given, **more}, expect=expect, source_ip=ip)

    return call


def other(code: str) -> str:
    """Another code of six digits."""
    return f"{(int(code) + 1) % 1_000_000:06d}"
