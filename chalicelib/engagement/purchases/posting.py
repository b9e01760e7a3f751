"""Putting a mail that a purchase causes: once for its cause, in the person's language, with links of our own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from chalicelib.identity.accounts import DELETED, User
from chalicelib.platform import messages
from chalicelib.platform.messages import Template
from chalicelib.platform.money import rupees
from chalicelib.platform.sites import FRONTEND_URL
from chalicelib.platform.store import Item, Transaction, TransactionLost


def post(user: Item | None, template: Template, cause: str, payload: Mapping[str, Any]) -> bool:
    """Put a mail to somebody; whether it was this call that did. One write.

    ``cause`` makes it happen once. What has no value (None) is left out. Nobody is written to who has no account.
    """
    if not isinstance(user, User) or user.status == DELETED or not user.email:
        return False
    given = {**payload, "userName": user.name}
    return _put(template, str(user.email), cause, given, user_id=str(user.id), locale=str(user.locale or "en-IN"))


def post_to_staff(addresses: tuple[str, ...], template: Template, cause: str, payload: Mapping[str, Any]) -> int:
    """Put a mail to addresses of the academy's own; how many it was this call that put. One write each."""
    return sum(_put(template, address, cause, payload, user_id=None, locale="en-IN") for address in addresses)


def _put(
    template: Template, to: str, cause: str, payload: Mapping[str, Any], *, user_id: str | None, locale: str
) -> bool:
    tx = Transaction()
    given = {name: value for name, value in payload.items() if value is not None}
    dedup = f"{template.key}:{cause}"
    messages.post(tx, template, to, dedup=dedup, user_id=user_id, locale=locale, payload=given)
    try:
        tx.commit()
    except TransactionLost:
        return False
    return True


def amount(paise: int, currency: str) -> str:
    """``₹1,499.00``; of other currencies the code and two decimals, ``USD 14.99``."""
    if currency == "INR":
        return rupees(paise)
    whole, cents = divmod(paise, 100)
    return f"{currency} {whole:,}.{cents:02d}"


def order_url(order_id: str) -> str:
    """Where somebody sees their order, with its invoice."""
    return _site(f"/orders/{quote(order_id)}")


def plan_url(plan_key: str) -> str:
    """Where a plan is offered."""
    return _site(f"/plans/{quote(plan_key)}")


def retry_url(order_id: str, plan_key: str | None) -> str:
    """Where a checkout that failed is begun anew in one step."""
    wanted = {"planKey": plan_key, "retryOf": order_id} if plan_key else {"retryOf": order_id}
    return _site(f"/checkout?{urlencode(wanted)}")


def _site(path: str) -> str:
    return f"{FRONTEND_URL().rstrip('/')}{path}"
