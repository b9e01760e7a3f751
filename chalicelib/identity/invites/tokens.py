"""Tokens of invitations: which one, and a secret of which only the hash is kept (AUTH-46)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
from typing import NamedTuple

TOKEN_BYTES = 32
_TOKEN = re.compile(r"inv1\.(?P<id>[0-9A-HJKMNP-TV-Z]{26})\.(?P<secret>[A-Za-z0-9_-]{43})")


class ParsedToken(NamedTuple):
    """A token's parts."""

    invite_id: str
    secret: str


def new_secret() -> str:
    """32 random bytes as text."""
    return base64.urlsafe_b64encode(os.urandom(TOKEN_BYTES)).decode().rstrip("=")


def render(invite_id: str, secret: str) -> str:
    """The token as it stands in a link."""
    return f"inv1.{invite_id}.{secret}"


def parse(token: str) -> ParsedToken | None:
    """The parts of a token; None for anything else."""
    match = _TOKEN.fullmatch(token)
    return ParsedToken(match["id"], match["secret"]) if match else None


def hash_of(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def fits(secret: str, known_hash: str) -> bool:
    """Whether a secret is the one of a hash, in constant time."""
    return hmac.compare_digest(hash_of(secret), known_hash)
