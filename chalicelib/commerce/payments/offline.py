"""Orders that were paid without a gateway (PAY-22): placed, captured, granted and booked in one transaction.

The receipt, transfer or cheque is a payment that acts once, as every gateway's payment does: the same reference of the
same method buys nothing a second time, whoever writes it down.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

from pynamodb.attributes import MapAttribute

from chalicelib.commerce import coupons
from chalicelib.commerce.coupons import Applied, Standing
from chalicelib.commerce.payments import (
    audited,
    billing,
    discounting,
    journal,
    outcomes,
    pricing,
    return_urls,
    tax,
    views,
)
from chalicelib.commerce.payments.admin_schemas import AdminOrder
from chalicelib.commerce.payments.configuration import SUPPLIER_STATE
from chalicelib.commerce.payments.countries import HOME, state_code
from chalicelib.commerce.payments.errors import OfflineReferenceUsed, OrderNotGrantable
from chalicelib.commerce.payments.items import (
    BillingPlace,
    GatewayPayment,
    OrderLocator,
    PaymentOrder,
    PaymentTransaction,
)
from chalicelib.commerce.payments.offline_schemas import OfflineOrder
from chalicelib.commerce.payments.pricing import Bill, Wanted
from chalicelib.commerce.payments.states import Status
from chalicelib.commerce.sellers import CannotGrant, LineOffer
from chalicelib.identity.accounts import ACTIVE, User, UserNotFound, user_key
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.errors import Conflict, invalid
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Item, Transaction, TransactionLost, absent

OFFLINE = "OFFLINE"
TRIES = 4
PAYMENT, BUYER = "offline-payment", "buyer"
_SPACES = re.compile(r"\s+")


@frozen
class Found:
    """What one batch read showed of the buyer, the plan and the coupon."""

    card: AccessCard
    usual: BillingPlace | None
    items: Sequence[Item | None]
    standing: Standing | None


def record(body: OfflineOrder, caller: Caller) -> PaymentOrder:
    """Write down money that came, and hand over what it paid for.

    Raises ``UserNotFound``, ``OfflineReferenceUsed``, ``OrderNotGrantable``, the seller's refusals and the coupon's.
    """
    code = coupons.normal(body.coupon_code) if body.coupon_code is not None else None
    lines = (("PLAN", body.plan_key),)
    wanted = Wanted(body.user_id, lines, code, "INR", OFFLINE, None, return_urls.before_id(None))
    for _ in range(TRIES):
        found, now = _look(wanted), clock.now()
        bill, applied = _bill(body, wanted, found, now)
        order = _order(body, wanted, found, bill, now)
        tx = Transaction()
        try:
            _write(tx, order, found, applied, body, caller)
            tx.commit()
        except CannotGrant as refusal:
            raise OrderNotGrantable({"reason": refusal.reason}) from refusal
        except TransactionLost as lost:
            if lost.failed(PAYMENT):
                raise OfflineReferenceUsed(_used_by(lost)) from lost
            if lost.failed(BUYER):
                raise invalid("body.userId", "NOT_ACTIVE", "must be an active account") from lost
        else:
            return order
    raise Conflict


def answer(order: PaymentOrder) -> AdminOrder:
    """The order as staff see it."""
    return views.admin_order(order)


def _used_by(lost: TransactionLost) -> dict[str, Any]:
    acted = lost.item(PAYMENT)
    return {"merchantTransactionId": str(acted.merchant_transaction_id)} if isinstance(acted, GatewayPayment) else {}


def _look(wanted: Wanted) -> Found:
    """One batch: the buyer's card and usual place, what the seller wants, the coupon."""
    plan = wanted.keys()[0]
    code = wanted.coupon_code
    asked = coupons.keys(code, wanted.user_id) if code is not None else []
    places = [AccessCard.place(wanted.user_id), BillingPlace.place(wanted.user_id)]
    card, usual, *rest = store.get_many([*places, *plan, *asked])
    if not isinstance(card, AccessCard) or card.user_type != "STUDENT":
        raise UserNotFound
    standing = coupons.standing(code, wanted.user_id, rest[len(plan) :]) if code is not None else None
    return Found(card, usual if isinstance(usual, BillingPlace) else None, rest[: len(plan)], standing)


def _bill(body: OfflineOrder, wanted: Wanted, found: Found, now: datetime) -> tuple[Bill, Applied | None]:
    """The bill for exactly what came. Less than the price: the rest is let off; more is refused."""
    sold = pricing.offers(wanted, [found.items], found.card, now)
    applied = pricing.apply_coupon(wanted, sold, found.standing, now, usual=found.usual)
    usual, home = found.usual, tax.Place(HOME, state_code(SUPPLIER_STATE()))
    # Who pays at the counter without ever having named a place is supplied there.
    place = tax.Place(str(usual.country), usual.state) if usual is not None else home
    bill = pricing.bill(sold, applied, place)
    if body.amount_paise > bill.total:
        raise invalid("body.amountPaise", "ABOVE_PRICE", "must not be more than the price")
    if body.amount_paise < bill.total:
        bill = _let_off(sold[0], bill, body.amount_paise)
    return bill, applied


def _let_off(line: LineOffer, bill: Bill, amount: int) -> Bill:
    """The same line for less: ``amount`` is what came, its tax in it."""
    full = line.unit_price_paise
    if not line.price_includes_tax:
        full = tax.line_tax(full, inclusive=False, place=bill.place).total
    inclusive = replace(line, unit_price_paise=full, price_includes_tax=True)
    taxes = tax.line_tax(amount, inclusive=True, place=bill.place)
    return Bill((inclusive,), (full - amount,), (taxes,), bill.place, bill.coupon)


def _order(body: OfflineOrder, wanted: Wanted, found: Found, bill: Bill, now: datetime) -> PaymentOrder:
    """The order, paid."""
    order = pricing.draft(wanted, bill, f"TXN{new_ulid()}", now, ip="", user_agent="")
    order.terms = wanted.terms(found.usual)
    order.status = str(Status.SUCCESS)
    order.paid_at = order.finalized_at = now
    order.captured_paise, order.captured_currency = bill.total, order.currency
    order.provider_transaction_id = _reference(body)
    order.placed_from = cast("MapAttribute[str, Any]", {})
    told = {
        "method": body.method,
        "reference": body.reference,
        "receivedOn": body.received_on.isoformat(),
        "reason": body.reason,
    }
    order.offline = cast("MapAttribute[str, Any]", told)
    return order


def _reference(body: OfflineOrder) -> str:
    """Equal for one receipt however it is typed."""
    return f"{body.method}:{_SPACES.sub('', body.reference).upper()}"


def _write(
    tx: Transaction, order: PaymentOrder, found: Found, applied: Applied | None, body: OfflineOrder, caller: Caller
) -> None:
    """Everything at once: order and locator, payment, grant, coupon, ledger, audit entry."""
    now, reference = order.created_at, _reference(body)
    effects = outcomes.grant_lines(tx, order, found.card, now)
    order.grant_effects = [effect.plain() for effect in effects]
    discounting.reserve(tx, order, applied, redeemed=True)
    order.index()
    tx.put(order, when=absent(PaymentOrder), name="order")
    locator = OrderLocator.place(order.id)
    whose = OrderLocator(*locator, merchant_transaction_id=order.id, user_id=order.user_id)
    tx.put(whose, when=absent(OrderLocator), name="locator")
    tx.check(User, user_key(str(order.user_id)), User.status == ACTIVE, name=BUYER)
    acted = GatewayPayment(
        *GatewayPayment.place(OFFLINE, reference),
        merchant_transaction_id=order.id,
        amount_paise=int(order.amount_paise),
        outcome="SETTLED",
        created_at=now,
    )
    tx.put(acted, when=absent(GatewayPayment), name=PAYMENT)
    payment = PaymentTransaction(
        *PaymentTransaction.place(order.id, reference),
        provider_transaction_id=reference,
        amount_paise=int(order.amount_paise),
        currency=order.currency,
        status=str(Status.SUCCESS),
        payment_mode=body.method,
        utr=_SPACES.sub("", body.reference),
        created_at=now,
        updated_at=now,
    )
    payment.index(order.id, str(order.user_id))
    tx.put(payment, when=absent(PaymentTransaction), name="transaction")
    _book(tx, order, body, caller)
    billing.remember(tx, order)
    meta = audited.meta(order, method=body.method, userId=str(order.user_id))
    audit.write(tx, audited.ORDER_RECORD_OFFLINE, order.id, by=caller, meta=meta, reason=body.reason)


def _book(tx: Transaction, order: PaymentOrder, body: OfflineOrder, caller: Caller) -> None:
    source = journal.CASH if body.method == "CASH" else journal.BANK
    taxes = journal.taxes_of(order.tax_facts())
    journal.write(
        tx,
        order.id,
        journal.CAPTURE,
        journal.earned(source, int(order.amount_paise), int(order.discount_paise), taxes),
        currency=str(order.currency),
        at=order.created_at,
        by=caller.user_id,
        memo=f"received {body.received_on.isoformat()}",
    )
