"""From what is asked to a priced order: sellers give prices, this adds them up with their tax (PAY-41, PAY-50)."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from pynamodb.attributes import MapAttribute

from chalicelib.commerce import gateways, sellers
from chalicelib.commerce.payments import tax
from chalicelib.commerce.payments.configuration import PAYER_KEY
from chalicelib.commerce.payments.errors import AmountTooSmall, CurrencyUnsupported
from chalicelib.commerce.payments.items import PaymentOrder
from chalicelib.commerce.payments.schemas import Billing, CheckoutRequest
from chalicelib.commerce.payments.states import Status
from chalicelib.commerce.sellers import LineOffer
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.errors import ValidationFailed, invalid, problem
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Item, Key

CURRENCY = "INR"
LEAST_PAISE = 100
"""The least that gateways take."""
FREE = "NONE"
"""The gateway of an order that costs nothing."""


@frozen
class Wanted:
    """What somebody asks to buy, before anything was read."""

    user_id: str
    lines: tuple[tuple[str, str], ...]
    gateway: str
    billing: Billing | None
    return_url: str

    @property
    def place(self) -> tax.Place:
        """Where it is supplied."""
        billing = self.billing
        return tax.place_of(billing.country if billing else None, billing.state if billing else None)

    @property
    def checkout_key(self) -> str:
        """Equal for the same lines, in whatever order they are named."""
        return hashlib.sha256(json.dumps(sorted(self.lines)).encode()).hexdigest()

    @property
    def terms(self) -> str:
        """Equal for checkouts that one order can answer: same gateway and place (PAY-44)."""
        return hashlib.sha256(f"{self.gateway}|{self.place.name}".encode()).hexdigest()[:32]

    def keys(self) -> list[list[Key]]:
        """What each line's seller wants to read."""
        return [sellers.seller(kind).keys(ref, self.user_id) for kind, ref in self.lines]


def wanted(body: CheckoutRequest, user_id: str, return_url: str) -> Wanted:
    """The request in terms of what is sold; 422 for a kind that nobody sells or a gateway that is not offered."""
    problems = [
        problem(f"body.items[{position}].kind", "NOT_SOLD", "nothing of this kind is sold")
        for position, (kind, _) in enumerate(body.lines)
        if kind not in sellers.kinds()
    ]
    if len(set(body.lines)) < len(body.lines):
        problems.append(problem("body.items", "DUPLICATE", "must name each thing once"))
    if problems:
        raise ValidationFailed(problems)
    return Wanted(user_id, body.lines, _gateway(body.gateway), body.billing, return_url)


def _gateway(asked: str | None) -> str:
    """The gateway asked for, or the first one that takes the currency (PAY-103)."""
    offered = gateways.offered()
    if asked is not None:
        if asked not in offered:
            raise invalid("body.gateway", "GATEWAY_NOT_OFFERED", "this gateway is not offered")
        if not gateways.gateway(asked).supports(CURRENCY):
            raise CurrencyUnsupported
        return asked
    for name in offered:
        if gateways.gateway(name).supports(CURRENCY):
            return name
    raise CurrencyUnsupported


def offers(asked: Wanted, found: Sequence[Sequence[Item | None]], buyer: AccessCard, now: datetime) -> list[LineOffer]:
    """Each line as it is sold to this buyer now; raises the sellers' refusals."""
    return [
        sellers.seller(kind).offer(ref, items, buyer, currency=CURRENCY, now=now)
        for (kind, ref), items in zip(asked.lines, found, strict=True)
    ]


def pseudonym(user_id: str) -> str:
    """``merchantUserId``: 20 hex digits of an HMAC, so that no gateway learns who pays (PAY-40)."""
    return _hmac("payer:" + user_id)[:20]


def _hmac(text: str) -> str:
    return hmac.new(PAYER_KEY().encode(), text.encode(), hashlib.sha256).hexdigest()


def draft(
    asked: Wanted, sold: Sequence[LineOffer], order_id: str, now: datetime, *, ip: str, user_agent: str
) -> PaymentOrder:
    """The order, priced, before any gateway; 422 ``AMOUNT_TOO_SMALL`` when none would take so little."""
    place = asked.place
    taxes = [tax.line_tax(one.unit_price_paise, inclusive=one.price_includes_tax, place=place) for one in sold]
    total = sum(one.total for one in taxes)
    if 0 < total < LEAST_PAISE:
        raise AmountTooSmall({"amountPaise": total, "leastPaise": LEAST_PAISE})
    key = PaymentOrder.place(asked.user_id, order_id)
    return PaymentOrder(
        key.pk,
        key.sk,
        merchant_transaction_id=order_id,
        user_id=asked.user_id,
        lines=[_line(one, taxed) for one, taxed in zip(sold, taxes, strict=True)],
        title=", ".join(one.title for one in sold)[:200],
        plan_key=next((one.ref for one in sold if one.kind == "PLAN"), None),
        gateway=asked.gateway if total else FREE,
        merchant_user_id=pseudonym(asked.user_id),
        subtotal_paise=sum(one.unit_price_paise for one in sold),
        tax_paise=sum(one.tax for one in taxes),
        tax=_map(tax.order_tax(taxes, place)),
        amount_paise=total,
        currency=CURRENCY,
        billing=_map(asked.billing.model_dump(by_alias=True, exclude_none=True)) if asked.billing else None,
        status=str(Status.CREATED),
        return_url=f"{asked.return_url}{order_id}",
        receipt=order_id,
        created_at=now,
        updated_at=now,
        placed_from=_map({"ipHash": _hmac("ip:" + ip)[:32], "userAgentHash": _hmac("agent:" + user_agent)[:32]}),
        checkout_key=asked.checkout_key,
        terms=asked.terms,
    )


def _line(sold: LineOffer, taxed: tax.LineTax) -> dict[str, Any]:
    return {
        "kind": sold.kind,
        "ref": sold.ref,
        "title": sold.title,
        "unitPricePaise": sold.unit_price_paise,
        "discountPaise": 0,
        "taxPaise": taxed.tax,
        "totalPaise": taxed.total,
        "taxCategory": sold.tax_category,
        "snapshot": dict(sold.snapshot),
    }


def _map(value: dict[str, Any]) -> MapAttribute[str, Any]:
    """PynamoDB takes a dict for a map attribute; its types do not say so."""
    return cast("MapAttribute[str, Any]", value)
