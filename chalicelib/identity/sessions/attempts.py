"""Class ``auth``: attempts of an account, and failures of an address (HTTP-42)."""

from __future__ import annotations

import hashlib
import hmac

from chalicelib.identity.sessions.refresh_tokens import REFRESH_KEY
from chalicelib.platform.http import limits
from chalicelib.platform.http.limits import Limits


def account_subject(email: str) -> str:
    """The name under which attempts of an e-mail are counted: an HMAC, so that the counters tell no address."""
    return hmac.new(REFRESH_KEY().encode(), b"attempts:" + email.encode(), hashlib.sha256).hexdigest()[:32]


def count_attempt(email: str) -> limits.Verdict | None:
    """Count one attempt of an account, up front, whatever comes of it."""
    return limits.hit(Limits.AUTH, account_subject(email))


def failures_left(network: str) -> limits.Verdict | None:
    """Whether this address may fail once more."""
    return limits.peek(Limits.AUTH_FAILURES, f"ip:{network}")


def count_failure(network: str) -> None:
    """Count a failure of an address; 429 for those that parallel attempts carried past the budget."""
    limits.refuse_if_any([limits.hit(Limits.AUTH_FAILURES, f"ip:{network}")])
