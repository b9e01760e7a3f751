"""Coupons: what they let off, for whom, how often, and their way with an order."""

from chalicelib.commerce.coupons.discounts import PricedLine
from chalicelib.commerce.coupons.errors import CouponInvalid, CouponNotFound, Reason
from chalicelib.commerce.coupons.events import (
    CouponEvent,
    CouponRedeemed,
    CouponReleased,
    CouponReserved,
    CouponReturned,
)
from chalicelib.commerce.coupons.items import (
    PATTERNS,
    REDEEMED,
    RELEASED,
    RESERVED,
    Coupon,
    CouponRedemption,
    CouponUse,
)
from chalicelib.commerce.coupons.reservations import COUPON, Hold, redeem, release, reserve
from chalicelib.commerce.coupons.standing import Applied, Standing, apply, keys, standing
from chalicelib.commerce.coupons.statistics import keep as keep_statistics
from chalicelib.commerce.coupons.terms import normal

__all__ = [
    "COUPON",
    "PATTERNS",
    "REDEEMED",
    "RELEASED",
    "RESERVED",
    "Applied",
    "Coupon",
    "CouponEvent",
    "CouponInvalid",
    "CouponNotFound",
    "CouponRedeemed",
    "CouponRedemption",
    "CouponReleased",
    "CouponReserved",
    "CouponReturned",
    "CouponUse",
    "Hold",
    "PricedLine",
    "Reason",
    "Standing",
    "apply",
    "keep_statistics",
    "keys",
    "normal",
    "redeem",
    "release",
    "reserve",
    "standing",
]
