"""Coupons as functions load and list them (CPN-03, CPN-04)."""

from __future__ import annotations

from chalicelib.commerce.coupons.errors import CouponNotFound
from chalicelib.commerce.coupons.items import Coupon, coupons_newest_first, redemptions
from chalicelib.commerce.coupons.schemas import (
    CouponAnswer,
    CouponDetail,
    CouponsQuery,
    RedemptionsQuery,
    RedemptionView,
)
from chalicelib.platform.access.resources import ACADEMY, Resource
from chalicelib.platform.http import Page, lists

COUPON = Resource(
    param="coupon",
    item=Coupon,
    key=lambda path, _: Coupon.place(path["couponCode"]),
    entity=lambda _: ACADEMY,
    missing=CouponNotFound,
)


def for_staff(query: CouponsQuery, caller_id: str) -> Page[CouponAnswer]:
    """A page of coupons, newest first. One query."""
    chosen = coupons_newest_first(active=query.active, batch=query.batch)
    return lists.page("coupons", caller_id, query, chosen, CouponAnswer.of)


def with_redemptions(coupon: Coupon, query: RedemptionsQuery, caller_id: str) -> CouponDetail:
    """A coupon with a page of its orders. One query."""
    chosen = redemptions(coupon.coupon_code, query.state)
    bound = {"code": coupon.coupon_code, "state": query.state}
    page = lists.page("coupons.orders", caller_id, query, chosen, RedemptionView.of, filters=bound)
    return CouponDetail.with_orders(coupon, page.items, page.next_cursor)
