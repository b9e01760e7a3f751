"""What the tests of invitations share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.platform import messages
from chalicelib.platform.messages import Message
from chalicelib.platform.store import read
from infra.local.emulator import Emulator
from tests.support.client import Client, Response
from tests.support.people import People, Person

EMAIL = "meera@example.in"
PASSWORD = "correct horse battery staple"

Invite = Callable[..., Response]


@pytest.fixture
def boss(people: People) -> Person:
    return people.super_admin()


@pytest.fixture
def roles(cloud: Emulator) -> None:
    """The default roles."""
    cloud.invoke("seed")


@pytest.fixture
def invite(client: Client, boss: Person, roles: None) -> Invite:
    """Invites ``meera@example.in`` as ADMIN_CONTENT, or as the keywords say."""

    def call(expect: int | None = 201, token: str | None = None, **changes: Any) -> Response:
        body = {"email": EMAIL, "roleKeys": ["ADMIN_CONTENT"], **changes}
        return client.post("/v1/admin/invites", json=body, token=token or boss.token, expect=expect)

    return call


@pytest.fixture
def mails(cloud: Emulator) -> Callable[[], list[Message]]:
    """The invitations mailed so far, oldest first."""

    def found() -> list[Message]:
        own = [
            one for one in map(read, cloud.items()) if isinstance(one, Message) and one.template_key == "AUTH_INVITE"
        ]
        return sorted(own, key=lambda one: (one.created_at, one.dedup_key))

    return found


@pytest.fixture
def link_token(mails: Callable[[], list[Message]]) -> Callable[[], str]:
    """The token in the link of the last mail."""

    def found() -> str:
        link = messages.unsealed(mails()[-1])["inviteUrl"]
        return parse_qs(urlsplit(link).query)["token"][0]

    return found
