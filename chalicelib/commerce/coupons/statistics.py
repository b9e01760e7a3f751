"""What coupons have given so far (CPN-14): counters kept by the stream, each step of an order counted once."""

from __future__ import annotations

from chalicelib.commerce.coupons.events import CouponEvent, CouponRedeemed
from chalicelib.commerce.coupons.items import Coupon, CouponTally
from chalicelib.platform import clock, store


def keep(event: CouponEvent) -> None:
    """Count one step, however often it is told. A step that changes no counter is not remembered."""
    added = {"usedCount": event.uses}
    if isinstance(event, CouponRedeemed):
        added |= {"redeemedCount": 1, "discountGivenPaise": event.discount_paise}
    actions = [
        Coupon.row[name].set(Coupon.row[name] + more if more > 0 else Coupon.row[name] - -more)
        for name, more in added.items()
        if more
    ]
    if not actions:
        return
    tx = store.Transaction()
    mark = CouponTally.of(event.order_id, type(event).__name__, clock.now())
    tx.put(mark, when=store.absent(CouponTally), name="counted")
    tx.update(Coupon, Coupon.place(event.code), actions, when=store.present(Coupon), name="coupon")
    try:
        tx.commit()
    except store.TransactionLost as lost:
        if not lost.failed("counted"):
            raise
