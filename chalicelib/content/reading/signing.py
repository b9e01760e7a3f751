"""What makes a watermark's facts ours: their signature (SHIELD-64), and the form of trace codes (SHIELD-62)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from chalicelib.content.reading.canonical import canonical
from chalicelib.platform.records import frozen
from chalicelib.platform.secrets import secret

WATERMARK_SECRET = secret("WATERMARK_SECRET")

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SIGNATURE = "watermarkSignature"


@frozen
class SigningKey:
    """One of the keys of ``WATERMARK_SECRET``: a JSON list of ``{keyId, secret}``, newest first."""

    id: str
    secret: bytes


@lru_cache(maxsize=4)
def _parsed(document: str) -> tuple[SigningKey, ...]:
    return tuple(SigningKey(str(one["keyId"]), str(one["secret"]).encode()) for one in json.loads(document))


def keys() -> tuple[SigningKey, ...]:
    """All keys, newest first; older ones only verify."""
    return _parsed(WATERMARK_SECRET())


def key_of(key_id: str) -> SigningKey:
    """The key of an id; the newest where it was taken away."""
    return next((one for one in keys() if one.id == key_id), keys()[0])


def signed(payload: Mapping[str, Any], key: SigningKey) -> str:
    """HMAC-SHA256, base64url, over the payload without its signature in canonical form.

    ``ValueError`` for a payload that has no canonical form.
    """
    unsigned = {name: value for name, value in payload.items() if name != SIGNATURE}
    digest = hmac.new(key.secret, canonical(unsigned), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def verified(payload: Mapping[str, Any], signature: str) -> bool:
    """Whether we signed exactly this payload (its member names as in JSON), with any key that we still know."""
    known = [one for one in keys() if one.id == payload.get("keyId")]
    try:
        ours = signed(payload, (known or keys())[0])
    except (ValueError, RecursionError):
        return False
    # Compared in any case: how long it takes does not tell which key ids there are.
    same = hmac.compare_digest(ours.encode(), signature.encode("utf-8", "replace"))
    return same and bool(known)


def check_character(code: str) -> str:
    """The last character of a trace code: its others weighted by odd numbers, so that any single misreading shows."""
    total = sum((2 * position + 1) * ALPHABET.index(one) for position, one in enumerate(code))
    return ALPHABET[total % len(ALPHABET)]


def shown(code: str) -> str:
    """A trace code as it is drawn: ``XXXX-XXXX-XXXX``."""
    return "-".join(code[first : first + 4] for first in range(0, len(code), 4))
