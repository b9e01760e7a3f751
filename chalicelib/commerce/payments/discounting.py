"""The coupon of an order: each step of its redemption goes into the transaction of the order's own step (CPN-13).

The order tells how its redemption stands (``coupon_state``), so that no outcome needs another read; whoever changes the
one changes the other, and an outcome holds only if that is still as it was read.
"""

from __future__ import annotations

from typing import cast

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.commerce import coupons
from chalicelib.commerce.coupons import RESERVED, Applied, Hold
from chalicelib.commerce.payments.configuration import COUPON_RETURN_ON_REFUND, PAYMENT_DUPLICATE
from chalicelib.commerce.payments.items import PaymentOrder
from chalicelib.commerce.payments.states import OPEN
from chalicelib.platform import clock
from chalicelib.platform.store import Transaction


def hold_of(order: PaymentOrder) -> Hold | None:
    """An order's redemption; None for one without a coupon."""
    if not order.coupon_code:
        return None
    state, counted = str(order.coupon_state), bool(order.coupon_counted)
    return Hold(str(order.coupon_code), str(order.user_id), order.id, state, counted)


def to_take_over(older: PaymentOrder | None, code: str | None) -> Hold | None:
    """The reservation of this coupon that an open order holds and the one that replaces it takes over.

    Nobody who mends a checkout, or comes back to one that was left, has used the coupon twice by that: of two linked
    orders one is granted. Where the configuration grants both, both need a use.
    """
    if older is None or code is None or older.coupon_code != code or PAYMENT_DUPLICATE() == "grant":
        return None
    return hold_of(older) if older.status in OPEN and older.coupon_state == RESERVED else None


def reserve(
    tx: Transaction, order: PaymentOrder, applied: Applied | None, *, redeemed: bool, taken_over: Hold | None = None
) -> None:
    """Take the coupon for an order that is placed in this transaction; the order's item is marked with it."""
    if applied is None:
        return
    hold = coupons.reserve(
        tx,
        applied,
        user_id=str(order.user_id),
        order_id=order.id,
        now=order.created_at,
        redeemed=redeemed,
        taken_over=taken_over,
    )
    order.coupon_state, order.coupon_counted = hold.state, hold.counted


def redeem(tx: Transaction, order: PaymentOrder) -> list[Action]:
    """The order succeeded: the order's part, to stand in its one update. A released use is taken again (PAY-71)."""
    hold = hold_of(order)
    return [] if hold is None else _marked(coupons.redeem(tx, hold, clock.now()))


def release(tx: Transaction, order: PaymentOrder) -> list[Action]:
    """Nothing came of the order, or nothing was handed over for it: the order's part of giving the use back."""
    hold = hold_of(order)
    return [] if hold is None else _marked(coupons.release(tx, hold))


def given_back(tx: Transaction, order: PaymentOrder) -> list[Action]:
    """A purchase was refunded in full: its use is free again only where the configuration says so (PAY-84)."""
    hold = hold_of(order)
    if hold is None or not COUPON_RETURN_ON_REFUND():
        return []
    return _marked(coupons.release(tx, hold, returned=True))


def handed_over() -> list[Action]:
    """What the older order's update says when its reservation went over to a newer one."""
    return [PaymentOrder.coupon_state.set(coupons.RELEASED)]


def as_read(order: PaymentOrder, condition: Condition) -> Condition:
    """``condition``, and that the order's redemption still stands as it was read."""
    if not order.coupon_code:
        return condition
    return cast(Condition, condition & (PaymentOrder.coupon_state == str(order.coupon_state)))


def _marked(hold: Hold) -> list[Action]:
    return [PaymentOrder.coupon_state.set(hold.state)]
