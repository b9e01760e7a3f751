"""Time-based one-time passwords: RFC 6238 with SHA-1, 6 digits, steps of 30 seconds.

Written out, since the whole of it is one HMAC and a truncation: what a library would add (drift, counters)
is ours to keep in the table anyway. ``tests/identity/factors`` holds it to the vectors of RFC 4226 and RFC 6238.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from urllib.parse import quote, urlencode

STEP_SECONDS = 30
DIGITS = 6
DRIFT = 1
"""Steps before and after the current one that are accepted."""
SECRET_BYTES = 20


def new_secret() -> str:
    """A fresh secret, 160 bits in base32 as authenticator apps take it."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def step_at(epoch: int) -> int:
    """The step of an instant (epoch seconds)."""
    return epoch // STEP_SECONDS


def code_at(secret: str, step: int, digits: int = DIGITS) -> str:
    """The code of a step (RFC 4226, section 5.3, with the step as the counter)."""
    digest = hmac.digest(base64.b32decode(secret), step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0x0F
    truncated = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return str(truncated % 10**digits).zfill(digits)


def step_of(secret: str, code: str, epoch: int) -> int | None:
    """The newest acceptable step whose code this is; None for a wrong code. Takes the same time for any."""
    now, found = step_at(epoch), None
    for step in range(now - DRIFT, now + DRIFT + 1):
        if hmac.compare_digest(code_at(secret, step).encode(), code.encode()):
            found = step
    return found


def uri(secret: str, *, account: str, issuer: str) -> str:
    """The ``otpauth://`` address that a QR code carries (Google's Key URI format)."""
    label = quote(f"{issuer}:{account}", safe=":@")
    query = urlencode(
        {"secret": secret, "issuer": issuer, "algorithm": "SHA1", "digits": DIGITS, "period": STEP_SECONDS},
        quote_via=quote,
    )
    return f"otpauth://totp/{label}?{query}"
