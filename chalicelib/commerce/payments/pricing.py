"""From what is asked to a priced order: price, then coupon, then tax (PAY-41). Sellers give the prices (PAY-50)."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from pynamodb.attributes import MapAttribute

from chalicelib.commerce import coupons, gateways, sellers
from chalicelib.commerce.coupons import Applied, PricedLine, Standing
from chalicelib.commerce.payments import billing, tax
from chalicelib.commerce.payments.configuration import PAYER_KEY, SUPPLIER_STATE
from chalicelib.commerce.payments.countries import HOME, state_code
from chalicelib.commerce.payments.errors import AmountTooSmall, BillingStateRequired, CurrencyUnsupported
from chalicelib.commerce.payments.items import BillingPlace, PaymentOrder
from chalicelib.commerce.payments.schemas import Billing, CheckoutRequest
from chalicelib.commerce.payments.states import Status
from chalicelib.commerce.sellers import LineOffer
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.errors import ValidationFailed, invalid, problem
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Item, Key

LEAST_PAISE = 100
"""The least that gateways take."""
FREE = "NONE"
"""The gateway of an order that costs nothing."""


@frozen
class Wanted:
    """What somebody asks to buy, before anything was read."""

    user_id: str
    lines: tuple[tuple[str, str], ...]
    coupon_code: str | None
    currency: str
    gateway: str
    billing: Billing | None
    return_url: str
    link_id: str | None = None

    @property
    def checkout_key(self) -> str:
        """Equal for the same lines, in whatever order they are named."""
        return hashlib.sha256(json.dumps(sorted(self.lines)).encode()).hexdigest()

    def place(self, usual: BillingPlace | None) -> tax.Place | None:
        """Where it is supplied; None where nobody said in which state. Raises what ``billing.place_of`` else raises."""
        try:
            return billing.place_of(self.billing, usual)
        except BillingStateRequired:
            return None

    def terms(self, usual: BillingPlace | None) -> str:
        """Equal for checkouts that one order can answer: same coupon, currency, gateway, place and GSTIN (PAY-44)."""
        place = self.place(usual)
        gstin = self.billing.gstin if self.billing is not None else None
        parts = [self.gateway, place.name if place else None, gstin, self.coupon_code, self.currency]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]

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
    code = coupons.normal(body.coupon_code) if body.coupon_code is not None else None
    gateway = _gateway(body.gateway, body.currency)
    return Wanted(user_id, body.lines, code, body.currency, gateway, body.billing, return_url, body.link_id)


def _gateway(asked: str | None, currency: str) -> str:
    """The gateway asked for, or the first one that takes the currency (PAY-103, TAXN-14)."""
    offered = gateways.offered()
    if asked is not None:
        if asked not in offered:
            raise invalid("body.gateway", "GATEWAY_NOT_OFFERED", "this gateway is not offered")
        if not gateways.gateway(asked).supports(currency):
            raise CurrencyUnsupported
        return asked
    for name in offered:
        if gateways.gateway(name).supports(currency):
            return name
    raise CurrencyUnsupported


def offers(asked: Wanted, found: Sequence[Sequence[Item | None]], buyer: AccessCard, now: datetime) -> list[LineOffer]:
    """Each line as it is sold to this buyer now; raises the sellers' refusals."""
    return [
        sellers.seller(kind).offer(ref, items, buyer, currency=asked.currency, now=now)
        for (kind, ref), items in zip(asked.lines, found, strict=True)
    ]


def pseudonym(user_id: str) -> str:
    """``merchantUserId``: 20 hex digits of an HMAC, so that no gateway learns who pays (PAY-40)."""
    return _hmac("payer:" + user_id)[:20]


def _hmac(text: str) -> str:
    return hmac.new(PAYER_KEY().encode(), text.encode(), hashlib.sha256).hexdigest()


@frozen
class Bill:
    """What is to be paid, worked out to the last paisa. ``shares``: what each line is let off; ``place``: of supply."""

    sold: tuple[LineOffer, ...]
    shares: tuple[int, ...]
    taxes: tuple[tax.LineTax, ...]
    place: tax.Place
    coupon: Applied | None

    @property
    def subtotal(self) -> int:
        """The prices, before discount; with or without tax as each line's are."""
        return sum(one.unit_price_paise for one in self.sold)

    @property
    def discount(self) -> int:
        """What is let off."""
        return sum(self.shares)

    @property
    def tax(self) -> int:
        """All taxes."""
        return sum(one.tax for one in self.taxes)

    @property
    def total(self) -> int:
        """What is to be paid."""
        return sum(one.total for one in self.taxes)

    def lines(self) -> list[dict[str, Any]]:
        """The lines as an order keeps them."""
        return [_line(*one) for one in zip(self.sold, self.shares, self.taxes, strict=True)]

    def order_tax(self) -> dict[str, Any]:
        """The tax as an order keeps it."""
        return tax.order_tax(self.taxes, self.place)


def apply_coupon(
    asked: Wanted,
    sold: Sequence[LineOffer],
    seen: Standing | None,
    now: datetime,
    *,
    usual: BillingPlace | None,
    held: bool = False,
) -> Applied | None:
    """What the request's coupon lets off, None without one; 422 ``COUPON_INVALID``, 429 for who guesses codes.

    ``held``: an order that this one replaces holds it. Who has a ``usual`` place has paid before.
    """
    if seen is None:
        return None
    lines = [PricedLine(one.kind, one.ref, one.unit_price_paise) for one in sold]
    first = usual is None
    return coupons.apply(seen, lines, currency=asked.currency, now=now, first_purchase=first, held=held)


def bill(sold: Sequence[LineOffer], coupon: Applied | None, place: tax.Place | None) -> Bill:
    """Price, less discount, with tax. What costs nothing needs no place.

    Raises 422 ``BILLING_STATE_REQUIRED``, and ``AMOUNT_TOO_SMALL`` when no gateway would take so little.
    """
    shares = coupon.shares if coupon is not None else (0,) * len(sold)
    nets = [one.unit_price_paise - share for one, share in zip(sold, shares, strict=True)]
    if place is None and any(nets):
        raise BillingStateRequired
    supplied = place or tax.Place(HOME, state_code(SUPPLIER_STATE()))
    taxes = tuple(
        tax.line_tax(net, inclusive=one.price_includes_tax, place=supplied) for net, one in zip(nets, sold, strict=True)
    )
    made = Bill(tuple(sold), shares, taxes, supplied, coupon)
    if 0 < made.total < LEAST_PAISE:
        raise AmountTooSmall({"amountPaise": made.total, "leastPaise": LEAST_PAISE})
    return made


def draft(asked: Wanted, bill: Bill, order_id: str, now: datetime, *, ip: str, user_agent: str) -> PaymentOrder:
    """The order of a bill, before any gateway and without its ``terms``."""
    key = PaymentOrder.place(asked.user_id, order_id)
    return PaymentOrder(
        key.pk,
        key.sk,
        merchant_transaction_id=order_id,
        user_id=asked.user_id,
        lines=bill.lines(),
        title=", ".join(one.title for one in bill.sold)[:200],
        plan_key=next((one.ref for one in bill.sold if one.kind == "PLAN"), None),
        gateway=asked.gateway if bill.total else FREE,
        merchant_user_id=pseudonym(asked.user_id),
        subtotal_paise=bill.subtotal,
        discount_paise=bill.discount,
        coupon_code=bill.coupon.code if bill.coupon is not None else None,
        tax_paise=bill.tax,
        tax=_map(bill.order_tax()),
        amount_paise=bill.total,
        currency=asked.currency,
        billing=_map(asked.billing.model_dump(by_alias=True, exclude_none=True)) if asked.billing else None,
        status=str(Status.CREATED),
        return_url=f"{asked.return_url}{order_id}",
        receipt=order_id,
        created_at=now,
        updated_at=now,
        placed_from=_map({"ipHash": _hmac("ip:" + ip)[:32], "userAgentHash": _hmac("agent:" + user_agent)[:32]}),
        checkout_key=asked.checkout_key,
        link_id=asked.link_id,
    )


def _line(sold: LineOffer, share: int, taxed: tax.LineTax) -> dict[str, Any]:
    return {
        "kind": sold.kind,
        "ref": sold.ref,
        "title": sold.title,
        "unitPricePaise": sold.unit_price_paise,
        "discountPaise": share,
        "taxPaise": taxed.tax,
        "totalPaise": taxed.total,
        "taxCategory": sold.tax_category,
        "snapshot": dict(sold.snapshot),
    }


def _map(value: dict[str, Any]) -> MapAttribute[str, Any]:
    """PynamoDB takes a dict for a map attribute; its types do not say so."""
    return cast("MapAttribute[str, Any]", value)
