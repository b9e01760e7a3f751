"""Where the gateway sends the student back to (PAY-48): our own configured page, or another path of its origin."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from chalicelib.commerce.payments.configuration import PAYMENT_RETURN_URL
from chalicelib.commerce.payments.errors import ReturnPathInvalid

MAX_PATH = 200
_PATH = re.compile(r"/(?!/)[A-Za-z0-9._~!$&'()*+,;=:@%/-]*")


def before_id(path: str | None) -> str:
    """The return URL up to the order's id: ``https://academy.example/payment/return?txn=``.

    422 ``RETURN_PATH_INVALID`` unless the path starts with one ``/`` and can only stay on that origin.
    """
    configured = urlsplit(PAYMENT_RETURN_URL())
    origin = f"{configured.scheme}://{configured.netloc}"
    if path is None:
        joint = "&" if configured.query else "?"
        return f"{PAYMENT_RETURN_URL()}{joint}txn="
    if len(path) > MAX_PATH or "//" in path or _PATH.fullmatch(path) is None:
        raise ReturnPathInvalid
    return f"{origin}{path}?txn="
