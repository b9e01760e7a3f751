"""View sessions as they stand on the reader's item, and their tokens (SHIELD-42, SHIELD-43)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
from collections.abc import Mapping
from typing import Any

from pynamodb.expressions.operand import Path

from chalicelib.content.reading.errors import ViewTokenInvalid
from chalicelib.content.reading.items import NoteReader
from chalicelib.platform import settings
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import plain
from chalicelib.platform.records import frozen

VIEW_SESSION_TTL_SECONDS = settings.integer("VIEW_SESSION_TTL_SECONDS", default=300, minimum=120, maximum=900)
VIEW_SESSION_MAX_MINUTES = settings.integer("VIEW_SESSION_MAX_MINUTES", default=240, minimum=15, maximum=1_440)
MAX_VIEW_SESSIONS = settings.integer("MAX_VIEW_SESSIONS", default=2, minimum=1, maximum=10)

HEADER = "x-view-token"
RENEW_GRACE_SECONDS = 60
PREVIOUS_SECONDS = 10
RENEW_AT = 0.8
TOKEN_BYTES = 32

_TOKEN = re.compile(r"vt1\.(?P<id>[0-9A-HJKMNP-TV-Z]{26})\.[A-Za-z0-9_-]{43}")


@frozen
class ViewSession:
    """One entry of ``NoteReader.sessions``; ``facts`` are its members."""

    id: str
    facts: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.facts[name]

    def get(self, name: str) -> Any:
        """A member that may not be there."""
        return self.facts.get(name)

    @property
    def revoked(self) -> bool:
        return self.facts.get("revoked_at") is not None

    def live(self, now: int) -> bool:
        """Whether its token can be valid."""
        return not self.revoked and int(self["expires_at"]) > now

    def renewable(self, now: int) -> bool:
        """Whether a renewal can keep it, or bring it back: up to a minute after its end, within its longest life."""
        return not self.revoked and now < min(int(self["expires_at"]) + RENEW_GRACE_SECONDS, int(self["max_until"]))

    @property
    def path(self) -> Path:
        """Where it stands in its item, for updates and conditions."""
        return path_of(self.id)


def path_of(view_session_id: str) -> Path:
    """Where a session stands in its item."""
    return Path(["sessions", view_session_id])


def sessions_of(reader: object) -> list[ViewSession]:
    """All sessions of a reader, oldest first; none of nobody."""
    if not isinstance(reader, NoteReader):
        return []
    found = [ViewSession(name, dict(entry)) for name, entry in plain(reader.sessions).items()]
    return sorted(found, key=lambda one: (int(one["created_at"]), one.id))


def new_token(view_session_id: str) -> tuple[str, str]:
    """A new token of a session, and the hash that is kept of it."""
    secret = base64.urlsafe_b64encode(os.urandom(TOKEN_BYTES)).decode().rstrip("=")
    token = f"vt1.{view_session_id}.{secret}"
    return token, hash_of(token)


def hash_of(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def named_by(reader: object, token: str | None) -> ViewSession:
    """The session that a token names, whatever its state; the token's secret is not looked at yet."""
    match = _TOKEN.fullmatch(token or "")
    found = next((one for one in sessions_of(reader) if match and one.id == match["id"]), None)
    if found is None:
        raise ViewTokenInvalid
    return found


def fits(session: ViewSession, token: str | None, *, now: int | None) -> bool:
    """Whether a token is the session's, or was until ten seconds ago (``now`` None: whenever)."""
    given = hash_of(token or "")
    current = hmac.compare_digest(given, str(session["token_hash"]))
    before = hmac.compare_digest(given, str(session.get("prev_token_hash") or ""))
    return current or (before and (now is None or now < int(session.get("prev_until") or 0)))


def check(reader: object, token: str | None, caller: Caller, now: int, *, renewing: bool = False) -> ViewSession:
    """The session of a valid token. Raises ``ViewTokenInvalid``, the same whatever is wrong.

    ``reader`` is the item of this user and this note. ``renewing`` allows one that ended less than a minute ago.
    """
    session = named_by(reader, token)
    in_time = session.renewable(now) if renewing else session.live(now)
    signed_in = caller.is_signed_in_by(str(session["login_session_id"]))
    same_version = int(session["token_version"]) == int(caller.card.token_version)
    if not (fits(session, token, now=now) and in_time and signed_in and same_version):
        raise ViewTokenInvalid
    return session


def renew_after(lifetime: int) -> int:
    """Seconds after which a viewer should renew: 80 % of what the session has left."""
    return max(1, int(lifetime * RENEW_AT))
