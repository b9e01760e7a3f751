"""V2's access token (PAY-93): one for all functions of a stage, fetched by one of them at a time.

A token is renewed from half of its life on: whoever gets the lease fetches, everyone else goes on with the old one.
"""

from __future__ import annotations

import contextlib
import re
import threading
import time
from typing import cast

from pynamodb.expressions.condition import Condition

from chalicelib.commerce.gateways.interface import NotSent
from chalicelib.commerce.gateways.items import GatewayToken
from chalicelib.commerce.gateways.phonepe import configuration, fields
from chalicelib.commerce.gateways.phonepe.calls import GatewayTrouble, Reply, repeated, send
from chalicelib.platform import clock, store
from chalicelib.platform.errors import ApiError
from chalicelib.platform.logs import alarm, count_metric
from chalicelib.platform.records import frozen

LEASE_SECONDS = 30
WAITS = 8
WAIT_SECONDS = 0.15
_TOKEN = re.compile(r"[!-~]{1,8192}")


@frozen
class Token:
    """A token; ``issued_at`` and ``expires_at`` in epoch seconds."""

    text: str
    issued_at: int
    expires_at: int

    def usable(self) -> bool:
        """Not expired, with a few seconds for the call itself."""
        return clock.epoch() < self.expires_at - 5

    def young(self) -> bool:
        """In the first half of its life."""
        return clock.epoch() < (self.issued_at + self.expires_at) // 2


_lock = threading.Lock()
_known: dict[str, Token] = {}


def forget() -> None:
    """Drop what this container knows (tests, after a reset of the table)."""
    with _lock:
        _known.clear()


def authorization(account: configuration.Account, *, refused: str | None = None) -> str:
    """The ``Authorization`` header. ``refused``: a header that the gateway just answered 401 to; another one is got.

    Raises ``NotSent`` when there is no token to be had: whatever needed it did not leave.
    """
    bad = refused.partition(" ")[2] if refused else None
    with _lock:
        token = _known.get(account.merchant_id)
    if token is None or not token.young() or token.text == bad:
        token = _shared(account, bad)
        with _lock:
            _known[account.merchant_id] = token
    return f"O-Bearer {token.text}"


def _shared(account: configuration.Account, bad: str | None) -> Token:
    for _ in range(WAITS):
        item = store.get(GatewayToken, _place(account))
        token = _of(item)
        good = token is not None and token.usable() and token.text != bad
        if token is not None and good and token.young():
            return token
        if _lease(account, item):
            return _fetch(account)
        if token is not None and good:
            return token
        # Somebody else is fetching the first token, or the one after a bad one: it is there in a moment.
        time.sleep(WAIT_SECONDS)
    return _fetch(account)


def _place(account: configuration.Account) -> store.Key:
    return GatewayToken.place(configuration.NAME, account.merchant_id)


def _of(item: GatewayToken | None) -> Token | None:
    if item is None or not item.access_token:
        return None
    return Token(str(item.access_token), int(item.issued_at), int(item.expires_at))


def _lease(account: configuration.Account, seen: GatewayToken | None) -> bool:
    """Whether this caller may fetch: nobody else is at it, and nobody has fetched since ``seen``."""
    now = clock.epoch()
    same = GatewayToken.issued_at == int(seen.issued_at) if seen else GatewayToken.issued_at.does_not_exist()
    idle = GatewayToken.lease_until.does_not_exist() | (GatewayToken.lease_until < now)
    try:
        store.update(
            GatewayToken,
            _place(account),
            [
                GatewayToken.lease_until.set(now + LEASE_SECONDS),
                GatewayToken.kind.set(GatewayToken),
                GatewayToken.issued_at.set(int(seen.issued_at) if seen else 0),
            ],
            when=cast(Condition, same & idle),
        )
    except store.ConditionFailed:
        return False
    return True


def _fetch(account: configuration.Account) -> Token:
    try:
        reply = repeated(lambda: _ask(account))
    except GatewayTrouble as trouble:
        raise NotSent(f"TOKEN_{trouble.reason}") from trouble
    text = reply.body.get("access_token")
    if not reply.ok or not isinstance(text, str) or not _TOKEN.fullmatch(text):
        alarm("PhonePe refuses our client credentials", code=reply.code)
        raise NotSent("TOKEN_REFUSED")
    now = clock.epoch()
    token = Token(
        text,
        fields.paise(reply.body.get("issued_at")) or now,
        fields.paise(reply.body.get("expires_at")) or now + 300,
    )
    count_metric("GatewayTokenFetched")
    _share(account, token)
    return token


def _share(account: configuration.Account, token: Token) -> None:
    """Keep it for everyone, unless a newer one is there; a token that could not be shared is still a token."""
    place = _place(account)
    item = GatewayToken(
        place.pk,
        place.sk,
        access_token=token.text,
        issued_at=token.issued_at,
        expires_at=token.expires_at,
        lease_until=0,
    )
    older = GatewayToken.issued_at.does_not_exist() | (GatewayToken.issued_at <= token.issued_at)
    with contextlib.suppress(store.ConditionFailed, ApiError):
        store.put(item, when=cast(Condition, older))


def _ask(account: configuration.Account) -> Reply:
    return send(
        "POST",
        configuration.auth_base() + configuration.PHONEPE_TOKEN_PATH(),
        headers={"Accept": "application/json"},
        form={
            "client_id": account.client_id,
            "client_secret": account.client_secret,
            "client_version": account.client_version,
            "grant_type": "client_credentials",
        },
    )
