"""Cursors of lists: authenticated encryption of where the next page begins (HTTP-16).

A cursor opens only the list, caller, filters and stage it was made for, reveals no key, and lives 24 hours.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any

from chalicelib.platform import clock, settings
from chalicelib.platform.errors import CursorInvalid
from chalicelib.platform.secrets import secret

CURSOR_KEY = secret("CURSOR_KEY")
LIFETIME_SECONDS = 24 * 3600
_NONCE_BYTES = 12


def _cipher() -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(hashlib.sha256(b"cursor:" + CURSOR_KEY().encode()).digest())


def _bound(list_id: str, caller_id: str, filters: Mapping[str, Any]) -> bytes:
    facts = [settings.STAGE(), list_id, caller_id, sorted((k, str(v)) for k, v in filters.items())]
    return json.dumps(facts, separators=(",", ":")).encode()


def seal(list_id: str, caller_id: str, filters: Mapping[str, Any], start_key: Mapping[str, str] | None) -> str | None:
    """The cursor of the page that begins at ``start_key``; None when there is none."""
    if start_key is None:
        return None
    nonce = os.urandom(_NONCE_BYTES)
    plain = json.dumps({"k": dict(start_key), "t": clock.epoch()}, separators=(",", ":")).encode()
    sealed = _cipher().encrypt(nonce, plain, _bound(list_id, caller_id, filters))
    return base64.urlsafe_b64encode(nonce + sealed).decode().rstrip("=")


def open_(list_id: str, caller_id: str, filters: Mapping[str, Any], cursor: str | None) -> dict[str, str] | None:
    """The start key inside a cursor; None for None. Raises ``CursorInvalid`` for every other cursor."""
    from cryptography.exceptions import InvalidTag

    if cursor is None:
        return None
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        if base64.urlsafe_b64encode(raw).decode().rstrip("=") != cursor:
            raise CursorInvalid
        plain = _cipher().decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], _bound(list_id, caller_id, filters))
    except (binascii.Error, ValueError, InvalidTag) as error:
        raise CursorInvalid from error
    facts = json.loads(plain)
    if clock.epoch() - int(facts["t"]) > LIFETIME_SECONDS:
        raise CursorInvalid
    return {str(name): str(value) for name, value in facts["k"].items()}
