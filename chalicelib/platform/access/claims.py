"""What verified tokens say, whoever issued them."""

from __future__ import annotations

from typing import NamedTuple

from chalicelib.platform import clock
from chalicelib.platform.errors import TokenExpired, TokenInvalid

LEEWAY_SECONDS = 30


class ExternalFacts(NamedTuple):
    """What a token of the external provider says beside; ``email`` and ``name`` as they stand there.

    ``proven_at``: epoch seconds of the last proof at the provider (``auth_time``), 0 where it does not say. ``mfa``:
    whether that took several factors. ``user_type``: null where no claim tells it.
    """

    issuer: str
    subject: str
    email: str | None
    email_verified: bool
    name: str | None
    user_type: str | None
    proven_at: int
    mfa: bool


class Claims(NamedTuple):
    """What a verified token says.

    Of an external token (``external`` is there) ``token_version`` and ``user_type`` say nothing, and ``user_id`` is
    empty until ``identities`` has found whose it is. ``by_ticket``: a ticket says it, which is of
    no session.
    """

    user_id: str
    session_id: str
    token_version: int
    user_type: str
    amr: tuple[str, ...]
    issued_at: int
    expires_at: int
    external: ExternalFacts | None = None
    by_ticket: bool = False


def check_times(claims: Claims) -> None:
    """``TokenInvalid`` for a token of the future, ``TokenExpired`` for one that is too old; 30 s of leeway."""
    now = clock.epoch()
    if claims.issued_at > now + LEEWAY_SECONDS:
        raise TokenInvalid
    if claims.expires_at < now - LEEWAY_SECONDS:
        raise TokenExpired
