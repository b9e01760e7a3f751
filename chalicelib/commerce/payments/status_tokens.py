"""``statusToken`` (PAY-49): lets a return page that lost its session ask for one order's status, and nothing else."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

from chalicelib.commerce.payments.configuration import STATUS_TOKEN_KEY
from chalicelib.platform import clock
from chalicelib.platform.errors import TokenExpired, TokenInvalid

LIFETIME_SECONDS = 60 * 60
_FORM = re.compile(r"(\d{10})\.([A-Za-z0-9_-]{43})")


def _signature(order_id: str, expires: int) -> str:
    text = f"order-status:{order_id}:{expires}".encode()
    digest = hmac.new(STATUS_TOKEN_KEY().encode(), text, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def issue(order_id: str) -> str:
    """A token for this order, good for an hour."""
    expires = clock.epoch() + LIFETIME_SECONDS
    return f"{expires}.{_signature(order_id, expires)}"


def check(order_id: str, token: str) -> None:
    """401 unless the token is of this order and still good."""
    match = _FORM.fullmatch(token)
    right = _signature(order_id, int(match[1]) if match else 0)
    if not hmac.compare_digest((match[2] if match else "").encode(), right.encode()):
        raise TokenInvalid
    if match is not None and int(match[1]) < clock.epoch():
        raise TokenExpired
