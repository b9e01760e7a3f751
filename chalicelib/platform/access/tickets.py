"""Tickets (FILE-49): what an ``<img>``, which sends no ``Authorization``, shows instead of signing in.

A ticket lets one person fetch one thing for ten minutes, and dies earlier with their tokens. It is handed out with
what shows the thing, to somebody who was signed in and may see it; it opens nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

from chalicelib.platform import clock, settings
from chalicelib.platform.access.claims import Claims
from chalicelib.platform.secrets import secret

TICKET_KEY = secret("TICKET_KEY")
LIFE_SECONDS = 600
MAX_LENGTH = 120
_FORM = re.compile(r"([0-9A-HJKMNP-TV-Z]{26})\.(\d{1,9})\.(\d{10})\.([A-Za-z0-9_-]{43})", re.ASCII)


def _signature(about: str, user_id: str, version: int, expires: int) -> str:
    text = f"ticket:{settings.STAGE()}:{about}:{user_id}:{version}:{expires}".encode()
    digest = hmac.new(TICKET_KEY().encode(), text, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def issue(about: str, user_id: str, token_version: int) -> str:
    """A ticket of one person for the thing of this id; ``token_version`` as their card has it."""
    expires = clock.epoch() + LIFE_SECONDS
    return f"{user_id}.{token_version}.{expires}.{_signature(about, user_id, token_version, expires)}"


def read(about: str, ticket: str) -> Claims | None:
    """Whose ticket for this thing it is; None when it is none, is altered, is for something else, or is too old."""
    match = _FORM.fullmatch(ticket)
    if match is None:
        return None
    user_id, version, expires = match[1], int(match[2]), int(match[3])
    right = _signature(about, user_id, version, expires)
    if not hmac.compare_digest(match[4].encode(), right.encode()) or expires <= clock.epoch():
        return None
    return Claims(user_id, "", version, "", (), expires - LIFE_SECONDS, expires, by_ticket=True)
