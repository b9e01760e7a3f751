"""Sealing: what must be read again but not by whoever reads the table (AUTH-46): AES-256-GCM under ``DATA_KEY``.

For codes and links on their way to an e-mail, and secrets of second factors. What is only ever compared is hashed
instead.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from typing import Any

from chalicelib.platform import settings
from chalicelib.platform.secrets import secret

DATA_KEY = secret("DATA_KEY")
_NONCE_BYTES = 12


def _derived(purpose: bytes) -> bytes:
    return hashlib.sha256(purpose + DATA_KEY().encode()).digest()


def _cipher() -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(_derived(b"seal:"))


def _bound(about: str) -> bytes:
    return f"{settings.STAGE()}:{about}".encode()


def seal(plain: str, *, about: str) -> str:
    """The sealed text; it opens only with the same ``about`` (the id of the item that holds it) in the same stage."""
    nonce = os.urandom(_NONCE_BYTES)
    return base64.b64encode(nonce + _cipher().encrypt(nonce, plain.encode(), _bound(about))).decode()


def unseal(sealed: str, *, about: str) -> str:
    """What was sealed. Raises ``ValueError`` for anything else, altered text included."""
    from cryptography.exceptions import InvalidTag

    raw = base64.b64decode(sealed, validate=True)
    try:
        return str(_cipher().decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], _bound(about)).decode())
    except InvalidTag as error:
        raise ValueError("this was not sealed here, or about something else") from error


def pseudonym(purpose: str, value: str) -> str:
    """32 hex digits that stand for an address in keys: an HMAC, so that keys tell no address."""
    return hmac.new(_derived(b"pseudonym:"), f"{purpose}:{value}".encode(), hashlib.sha256).hexdigest()[:32]
