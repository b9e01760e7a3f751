"""A coupon's way with its order (CPN-12, CPN-13): the writes, added to the transaction of what happens to the order.

Every step holds under the state it starts from, so that it happens once; the limits are conditions of the write that
takes a use. All actions are named ``coupon:…``: ``lost.failed(COUPON)`` tells that the coupon changed meanwhile.
"""

from __future__ import annotations

from datetime import datetime

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.commerce.coupons.items import REDEEMED, RELEASED, RESERVED, Coupon, CouponRedemption, CouponUse
from chalicelib.commerce.coupons.standing import Applied
from chalicelib.platform import store
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Transaction, absent, present

COUPON = "coupon"


@frozen
class Hold:
    """An order's redemption as the order tells of it."""

    code: str
    user_id: str
    order_id: str
    state: str
    counted: bool


def reserve(
    tx: Transaction,
    applied: Applied,
    *,
    user_id: str,
    order_id: str,
    now: datetime,
    redeemed: bool = False,
    taken_over: Hold | None = None,
) -> Hold:
    """Take a use for an order that is placed: 3 actions at most, one on the coupon itself only if it has a total limit.

    ``redeemed``: the order is captured as it is placed. ``taken_over``: the reservation of the order that this one
    replaces goes over to it, and no counter moves.
    """
    counted = applied.limited if taken_over is None else taken_over.counted
    hold = Hold(applied.code, user_id, order_id, REDEEMED if redeemed else RESERVED, counted)
    if taken_over is not None:
        _move(tx, taken_over, RESERVED, [_state(RELEASED), CouponRedemption.handed_to.set(order_id)])
    else:
        _take(tx, applied, user_id)
    redemption = CouponRedemption(
        *CouponRedemption.place(applied.code, order_id),
        code=applied.code,
        merchant_transaction_id=order_id,
        user_id=user_id,
        discount_paise=applied.discount,
        state=hold.state,
        counted=counted,
        created_at=now,
        redeemed_at=now if redeemed else None,
    )
    tx.put(redemption, when=absent(CouponRedemption), name=f"{COUPON}:redemption")
    return hold


def redeem(tx: Transaction, hold: Hold, now: datetime) -> Hold:
    """The order succeeded. One action; three, and a read, where the use had been released: then it is taken again,
    also past a limit (PAY-71).
    """
    if hold.state == REDEEMED:
        return hold
    done: list[Action] = [_state(REDEEMED), CouponRedemption.redeemed_at.set(now)]
    if hold.state == RELEASED:
        done.append(CouponRedemption.over_limit.set(_full(hold)))
        _count(tx, hold, 1)
    _move(tx, hold, hold.state, done)
    return Hold(hold.code, hold.user_id, hold.order_id, REDEEMED, hold.counted)


def release(tx: Transaction, hold: Hold, *, returned: bool = False) -> Hold:
    """Nothing came of the order: the use is free again. Only what is reserved is released, or with ``returned`` (the
    order was given back in full) what was redeemed.
    """
    if hold.state != (REDEEMED if returned else RESERVED):
        return hold
    _move(tx, hold, hold.state, [_state(RELEASED)])
    _count(tx, hold, -1)
    return Hold(hold.code, hold.user_id, hold.order_id, RELEASED, hold.counted)


def _state(state: str) -> Action:
    return CouponRedemption.state.set(state)


def _move(tx: Transaction, hold: Hold, before: str, actions: list[Action]) -> None:
    place = CouponRedemption.place(hold.code, hold.order_id)
    more = [*actions, CouponRedemption.version.set(CouponRedemption.version + 1)]
    tx.update(CouponRedemption, place, more, when=CouponRedemption.state == before, name=f"{COUPON}:held")


def _take(tx: Transaction, applied: Applied, user_id: str) -> None:
    if applied.limited:
        used, limit = Coupon.row["usedCount"], Coupon.row["usageLimitTotal"]
        free: Condition = (Coupon.version == applied.version) & (used < limit)
        tx.update(Coupon, Coupon.place(applied.code), [used.set(used + 1)], when=free, name=f"{COUPON}:total")
    room: Condition | None = None
    if applied.per_user is not None:
        room = absent(CouponUse) | (CouponUse.used_count < applied.per_user)
    tx.update(
        CouponUse,
        CouponUse.place(applied.code, user_id),
        [CouponUse.used_count.add(1), CouponUse.kind.set(CouponUse)],
        when=room,
        name=f"{COUPON}:use",
    )


def _count(tx: Transaction, hold: Hold, change: int) -> None:
    """Give a use back, or take one whatever the limits say."""
    place = CouponUse.place(hold.code, hold.user_id)
    own = [CouponUse.used_count.add(change)]
    tx.update(CouponUse, place, own, when=present(CouponUse), name=f"{COUPON}:use")
    if hold.counted:
        used = Coupon.row["usedCount"]
        total = [used.set(used + change) if change > 0 else used.set(used - -change)]
        tx.update(Coupon, Coupon.place(hold.code), total, when=present(Coupon), name=f"{COUPON}:total")


def _full(hold: Hold) -> bool:
    """Whether a limit is reached by now without this order. One batch read."""
    coupon, use = store.get_many([Coupon.place(hold.code), CouponUse.place(hold.code, hold.user_id)])
    if not isinstance(coupon, Coupon):
        return False
    terms, mine = coupon.terms, int(use.used_count) if isinstance(use, CouponUse) else 0
    total = terms.usage_limit_total is not None and int(coupon.facts["usedCount"]) >= terms.usage_limit_total
    return total or (terms.usage_limit_per_user is not None and mine >= terms.usage_limit_per_user)
