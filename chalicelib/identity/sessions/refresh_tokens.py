"""The form of refresh tokens (AUTH-51): ``prt1.`` + base64url(user id, session id, generation, secret).

The secret is an HMAC, so that the token of any generation of a family can be recognized while only hashes are stored.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct

from ulid import ULID

from chalicelib.platform.records import frozen
from chalicelib.platform.secrets import secret

REFRESH_KEY = secret("REFRESH_KEY")

PREFIX = "prt1."
_LAYOUT = struct.Struct(">16s16sI32s")
_CHARACTERS = 91
MAX_GENERATION = 2**32 - 1


@frozen
class RefreshToken:
    """A token that somebody presents; whether it is one of ours is not said yet."""

    user_id: str
    session_id: str
    generation: int
    secret: bytes


def parse(text: str) -> RefreshToken | None:
    """What a token says, or None for something that is no token."""
    encoded = text.removeprefix(PREFIX)
    if not text.startswith(PREFIX) or len(encoded) != _CHARACTERS:
        return None
    try:
        raw = base64.b64decode(encoded + "=", altchars=b"-_", validate=True)
        user, session, generation, own = _LAYOUT.unpack(raw)
    except (binascii.Error, ValueError, struct.error):
        return None
    return RefreshToken(str(ULID.from_bytes(user)), str(ULID.from_bytes(session)), generation, own)


def render(user_id: str, session_id: str, generation: int, own: bytes) -> str:
    """The token as clients carry it."""
    raw = _LAYOUT.pack(ULID.from_str(user_id).bytes, ULID.from_str(session_id).bytes, generation, own)
    return PREFIX + base64.urlsafe_b64encode(raw).decode().rstrip("=")


def secret_of(session_id: str, generation: int, salt: str) -> bytes:
    """The secret of one generation of a session."""
    return hmac.new(
        REFRESH_KEY().encode(), f"refresh:{session_id}:{generation}:{salt}".encode(), hashlib.sha256
    ).digest()


def hash_of(own: bytes) -> str:
    """What is stored of a secret."""
    return hashlib.sha256(own).hexdigest()
