"""Beginning a session: its item, its entry on the access card, its tokens."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from chalicelib.identity.sessions import access_tokens, refresh_tokens
from chalicelib.identity.sessions.device import Device
from chalicelib.identity.sessions.items import Session
from chalicelib.platform import clock, settings
from chalicelib.platform.access.catalogue import UserType
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.records import frozen

REFRESH_TTL_DAYS = settings.integer("REFRESH_TTL_DAYS", default=30, minimum=1, maximum=365)
REFRESH_TTL_DAYS_ADMIN = settings.integer("REFRESH_TTL_DAYS_ADMIN", default=30, minimum=1, maximum=365)
SESSION_MAX_DAYS = settings.integer("SESSION_MAX_DAYS", default=180, minimum=1, maximum=730)
SESSION_MAX_DAYS_ADMIN = settings.integer("SESSION_MAX_DAYS_ADMIN", default=30, minimum=1, maximum=730)

_REFRESH_TTL = {
    UserType.STUDENT: REFRESH_TTL_DAYS,
    UserType.ADMIN: REFRESH_TTL_DAYS_ADMIN,
    UserType.OPERATOR: REFRESH_TTL_DAYS_ADMIN,
}
_SESSION_MAX = {
    UserType.STUDENT: SESSION_MAX_DAYS,
    UserType.ADMIN: SESSION_MAX_DAYS_ADMIN,
    UserType.OPERATOR: SESSION_MAX_DAYS_ADMIN,
}
KEPT_AFTER_END = timedelta(days=30)


@frozen
class Tokens:
    """What a sign-in or refresh hands out. ``expires_in``: seconds the access token lives."""

    user_id: str
    user_type: str
    session_id: str
    access: str
    expires_in: int
    refresh: str
    refresh_expires_at: datetime


def new_session(
    user_id: str, user_type: str, token_version: int, device: Device, amr: Sequence[str]
) -> tuple[Session, dict[str, Any]]:
    """A session that begins now, and its entry for the card: ``{exp, authAt, mfa}`` (epoch seconds)."""
    now = clock.now()
    session_id, salt = new_ulid(), secrets.token_hex(16)
    end = now + timedelta(days=_SESSION_MAX[UserType(user_type)]())
    session = Session(
        *Session.place(user_id, session_id),
        id=session_id,
        user_id=user_id,
        user_type=user_type,
        salt=salt,
        token_hash=refresh_tokens.hash_of(refresh_tokens.secret_of(session_id, 1, salt)),
        token_version=token_version,
        ip=device.ip,
        user_agent=device.user_agent,
        device_label=device.shown,
        amr=list(amr),
        created_at=now,
        last_used_at=now,
        expires_at=refresh_end(user_type, end),
        absolute_expires_at=end,
        ttl=int((end + KEPT_AFTER_END).timestamp()),
    )
    entry = {"exp": int(end.timestamp()), "authAt": int(now.timestamp()), "mfa": "totp" in amr}
    return session, entry


def refresh_end(user_type: str, absolute_end: datetime) -> datetime:
    """Until when a refresh token made now can be used (AUTH-53)."""
    return min(clock.now() + timedelta(days=_REFRESH_TTL[UserType(user_type)]()), absolute_end)


def tokens_of(session: Session) -> Tokens:
    """The current tokens of a session: its one refresh token, and a new access token."""
    generation = int(session.generation)
    own = refresh_tokens.secret_of(session.id, generation, session.salt)
    version = int(session.token_version)
    return Tokens(
        user_id=session.user_id,
        user_type=session.user_type,
        session_id=session.id,
        access=access_tokens.issue(session.user_id, session.user_type, session.id, version, list(session.amr)),
        expires_in=access_tokens.ACCESS_TTL_SECONDS(),
        refresh=refresh_tokens.render(session.user_id, session.id, generation, own),
        refresh_expires_at=session.expires_at,
    )
