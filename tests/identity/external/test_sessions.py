"""What works without a session on the card: recent proof, notes, sign-out, endpoints of our own sign-in (AUTH-60)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.identity.sessions.ending import all_ended
from chalicelib.platform import clock, store
from chalicelib.platform.access import proof
from chalicelib.platform.access.caller import recognize
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.access.identities import settled
from chalicelib.platform.access.tokens import verify
from infra.local.emulator import Emulator
from tests.content.desk import Desk
from tests.identity.external.provider import Provider
from tests.support.client import Client
from tests.support.people import People


@pytest.mark.rule("AUTH-59", "AUTH-60")
@pytest.mark.parametrize(
    ("claims", "recent"),
    [({}, False), ({"auth_time": -599}, True), ({"auth_time": -601}, False), ({"auth_time": 9_000}, True)],
)
def test_what_the_provider_says_of_a_proof_counts(
    cloud: Emulator, client: Client, provider: Provider, claims: dict[str, int], recent: bool
) -> None:
    """Not that it issued a token just now; and a proof of the future is as old as its token."""
    given: dict[str, Any] = {name: clock.epoch() + offset for name, offset in claims.items()}
    token = provider.token("asha", seconds=7_200, **given)
    user_id = client.get("/v1/auth/me", token=token, expect=200).json["userId"]

    def caller_is_recent() -> bool:
        card = store.get(AccessCard, AccessCard.place(user_id))
        return proof.is_recent(recognize(settled(verify(token), None), card))

    assert caller_is_recent() is recent
    cloud.advance(620)
    assert caller_is_recent() is False


@pytest.mark.rule("AUTH-60", "AUTH-61")
def test_notes_are_read_as_by_anybody_and_no_longer_after_the_end(
    cloud: Emulator, client: Client, provider: Provider, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPLOAD_ENDPOINT_URL", "http://127.0.0.1:5000")
    desk = Desk(cloud, client, people)
    note = desk.note(isPremium=False)
    place = f"/v1/notes/{note['id']}"
    token = provider.token("asha", seconds=7_200, sid="one")
    user_id = client.get("/v1/auth/me", token=token, expect=200).json["userId"]
    agreed = {"acceptNotice": 1}
    view = client.post(f"{place}/view-session", json=agreed, token=token, expect=201).json["viewToken"]
    headers = {"X-View-Token": view, "Range": "bytes=0-9"}

    def read(with_token: str) -> Any:
        return client.get(f"{place}/content", token=with_token, headers=headers)

    assert read(token).status == 206
    # The provider renews its tokens within the session; another of its sessions did not open this.
    assert read(provider.token("asha", sid="one", jti="2")).status == 206
    other = read(provider.token("asha", sid="two"))
    assert (other.status, other.code) == (401, "VIEW_TOKEN_INVALID")
    store.update(AccessCard, AccessCard.place(user_id), all_ended())
    assert read(token).code == "SESSION_REVOKED"
    cloud.advance(2)
    assert read(provider.token("asha", sid="one")).code == "VIEW_TOKEN_INVALID"


@pytest.mark.rule("AUTH-60")
def test_signing_out_here_changes_nothing_there(
    client: Client, provider: Provider, kinds: Callable[[], dict[str, int]]
) -> None:
    token = provider.token("asha")
    client.get("/v1/auth/me", token=token, expect=200)
    before = kinds()
    client.post("/v1/auth/logout", token=token, expect=204)
    assert kinds() == before
    client.get("/v1/auth/me", token=token, expect=200)


OURS: dict[str, Any] = {
    "POST /v1/auth/register": {
        "email": "ravi@example.in", "password": "correct horse battery", "name": "Ravi", "acceptedTerms": True,
    },
    "POST /v1/auth/login": {"email": "asha@example.in", "password": "correct horse battery"},
    "POST /v1/auth/refresh": {"refreshToken": "prt1.AY"},
    "POST /v1/auth/logout": None,
    "POST /v1/auth/logout-all": None,
    "GET /v1/auth/sessions": None,
    f"DELETE /v1/auth/sessions/{'0' * 26}": None,
    "POST /v1/auth/request-otp": {"email": "asha@example.in"},
    "POST /v1/auth/verify-otp": {"email": "asha@example.in", "code": "123456", "challengeId": "0" * 26},
    "POST /v1/auth/request-password-reset": {"email": "asha@example.in"},
    "POST /v1/auth/reset-password": {"token": "x" * 43, "newPassword": "correct horse battery"},
    "POST /v1/auth/change-password": {"currentPassword": "x", "newPassword": "correct horse battery"},
    "POST /v1/auth/accept-invite": {"token": "x", "name": "Ravi", "password": "correct horse battery"},
}  # fmt: skip
"""AUTH-01 … AUTH-05, AUTH-07 … AUTH-13, AUTH-19. AUTH-06 is where a new person gets their account."""


@pytest.mark.rule("AUTH-60")
@pytest.mark.parametrize("place", OURS)
def test_where_the_provider_alone_signs_in_our_own_ways_are_closed(
    client: Client,
    provider: Provider,
    kinds: Callable[[], dict[str, int]],
    monkeypatch: pytest.MonkeyPatch,
    place: str,
) -> None:
    monkeypatch.setenv("AUTH_PROVIDERS", "external")
    token = provider.token("asha")
    client.get("/v1/auth/me", token=token, expect=200)
    before = kinds()
    method, path = place.split()
    refused = client.call(method, path, json=OURS[place], token=token, expect=403)
    assert (refused.code, kinds()) == ("METHOD_DISABLED", before)


@pytest.mark.rule("AUTH-60", "AUTH-59")
def test_beside_our_own_sign_in_the_providers_sessions_have_no_password_to_prove(
    client: Client, provider: Provider, kinds: Callable[[], dict[str, int]]
) -> None:
    token = provider.token("asha")
    client.get("/v1/auth/me", token=token, expect=200)
    before = kinds()
    change = {"newPassword": "correct horse battery"}
    assert client.post("/v1/auth/change-password", json=change, token=token, expect=403).code == "METHOD_DISABLED"
    proven = client.post("/v1/auth/reauthenticate", json={"password": "x"}, token=token, expect=403)
    assert (proven.code, kinds()) == ("METHOD_DISABLED", before)
    assert client.get("/v1/auth/sessions", token=token, expect=200).json["items"] == []
    client.post("/v1/auth/logout-all", json={"keepCurrent": True}, token=token, expect=204)
    client.get("/v1/auth/me", token=token, expect=200)
    client.post("/v1/auth/logout-all", token=token, expect=204)
    assert client.get("/v1/auth/me", token=token, expect=401).code == "SESSION_REVOKED"
