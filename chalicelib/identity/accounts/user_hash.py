"""The short name of a person that stands in watermarks (SHIELD-62)."""

from __future__ import annotations

import hashlib
import hmac

from chalicelib.platform.secrets import secret

WATERMARK_KEY = secret("WATERMARK_KEY")

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CHARACTERS = 10
_BITS = 5


def user_hash(user_id: str) -> str:
    """10 Crockford base32 characters of HMAC-SHA256(``WATERMARK_KEY``, user id): stable for life, tells nothing."""
    digest = hmac.new(WATERMARK_KEY().encode(), user_id.encode(), hashlib.sha256).digest()
    number = int.from_bytes(digest, "big") >> (len(digest) * 8 - _CHARACTERS * _BITS)
    return "".join(_CROCKFORD[number >> _BITS * place & 31] for place in reversed(range(_CHARACTERS)))
