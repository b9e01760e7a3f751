"""What follows from coupons being used."""

from __future__ import annotations

from chalicelib.commerce.coupons import (
    CouponEvent,
    CouponRedeemed,
    CouponReleased,
    CouponReserved,
    CouponReturned,
    keep_statistics,
)
from chalicelib.platform.work import Grant, consumer


@consumer(on=[CouponReserved, CouponReleased, CouponRedeemed, CouponReturned], grants=[Grant.TABLE_WRITE])
def keep_coupon_statistics(event: CouponEvent) -> None:
    """Count what a coupon has given.

    Uses are counted here only for coupons without a total limit; those with one count at checkout, in its transaction.
    """
    keep_statistics(event)
