"""What a purchase would cost and do (PAY-01): the sums and refusals of a checkout, and nothing is written or kept."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from chalicelib.commerce import sellers
from chalicelib.commerce.payments import braking, discounting, initiation, links, pricing, return_urls, views
from chalicelib.commerce.payments.items import PaymentOrder
from chalicelib.commerce.payments.looking import Found, look
from chalicelib.commerce.payments.pricing import Bill, Wanted
from chalicelib.commerce.payments.quote_schemas import EffectName, EffectView, QuoteLine, QuoteResponse
from chalicelib.commerce.payments.schemas import CheckoutRequest
from chalicelib.commerce.sellers import Preview, SoldLine
from chalicelib.platform import clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard


def quote(body: CheckoutRequest, caller: Caller) -> QuoteResponse:
    """The bill and the effect of a checkout made now. One batch read; one more for a coupon that an open order holds.

    Raises what checkout raises before it would place an order.
    """
    now, card = clock.now(), caller.card
    wanted = pricing.wanted(links.opened(body, caller), caller.user_id, return_urls.before_id(body.return_path))
    found = look(wanted)
    braking.check(found.pause)
    sold = pricing.offers(wanted, found.items, card, now)
    held = _held(wanted, found)
    coupon = pricing.apply_coupon(wanted, sold, found.coupon, now, usual=found.usual, held=held)
    bill = pricing.bill(sold, coupon, wanted.place(found.usual))
    if bill.total:
        initiation.ready(found.health)
    return _answer(wanted, bill, _previews(bill, card, now))


def _held(wanted: Wanted, found: Found) -> bool:
    """Whether the open order of the same lines holds the coupon: a checkout now would go on with it."""
    if found.coupon is None or found.open_checkout is None:
        return False
    place = PaymentOrder.place(wanted.user_id, str(found.open_checkout.merchant_transaction_id))
    return discounting.to_take_over(store.get(PaymentOrder, place), wanted.coupon_code) is not None


def _previews(bill: Bill, card: AccessCard, now: datetime) -> list[Preview]:
    lines = [SoldLine(one.kind, one.ref, one.snapshot) for one in bill.sold]
    previews: dict[int, Preview] = {}
    for kind in dict.fromkeys(line.kind for line in lines):
        places = [position for position, line in enumerate(lines) if line.kind == kind]
        seen = sellers.seller(kind).preview(card, [lines[position] for position in places], now)
        previews.update(zip(places, seen, strict=True))
    return [previews[position] for position in range(len(lines))]


def _answer(wanted: Wanted, bill: Bill, previews: list[Preview]) -> QuoteResponse:
    effects = [_effect(one) for one in previews]
    lines = [
        QuoteLine(
            kind=line["kind"],
            ref=line["ref"],
            title=line["title"],
            unit_price_paise=line["unitPricePaise"],
            discount_paise=line["discountPaise"],
            tax_paise=line["taxPaise"],
            total_paise=line["totalPaise"],
            effect=effect,
        )
        for line, effect in zip(bill.lines(), effects, strict=True)
    ]
    return QuoteResponse(
        lines=lines,
        coupon_code=bill.coupon.code if bill.coupon is not None else None,
        subtotal_paise=bill.subtotal,
        discount_paise=bill.discount,
        tax_paise=bill.tax,
        tax=views.tax_view(bill.order_tax()),
        amount_paise=bill.total,
        currency=wanted.currency,
        gateway=wanted.gateway if bill.total else pricing.FREE,
        effect=effects[0],
    )


def _effect(one: Preview) -> EffectView:
    return EffectView(
        effect=cast(EffectName, one.effect),
        starts_at=one.starts_at,
        ends_at=one.ends_at,
        lost_days=one.lost_days,
        message=_MESSAGES[one.effect].format(days=one.lost_days),
    )


_MESSAGES = {
    "NEW": "It starts at once.",
    "EXTEND": "It is added to the end of what you have.",
    "UPGRADE": "The higher plan starts at once in place of the one you have.",
    "REPLACE": "It starts at once in place of what you have, and {days} days of that are lost.",
    "QUEUE": "It starts when what you have ends.",
}
