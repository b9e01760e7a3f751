"""Coupons, for staff."""

from __future__ import annotations

from typing import Annotated

from chalicelib.commerce.coupons import batches, editing, listing
from chalicelib.commerce.coupons.errors import CouponCodeTaken, CouponNotFound
from chalicelib.commerce.coupons.items import Coupon
from chalicelib.commerce.coupons.schemas import (
    CouponAnswer,
    CouponBatchAnswer,
    CouponChange,
    CouponDetail,
    CouponsQuery,
    NewCoupon,
    NewCoupons,
    RedemptionsQuery,
)
from chalicelib.commerce.coupons.terms import CODE_PATTERN
from chalicelib.platform.errors import Conflict, VersionMismatch
from chalicelib.platform.http import Actions, Answer, Caller, Grant, Idempotency, Page, PathRule, Request, api

CouponCodePart = Annotated[str, PathRule(CODE_PATTERN)]
READS = [Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY]
WRITES = [*READS, Grant.TABLE_WRITE]
_DATES = {"startAt": "2026-01-01T00:00:00Z", "endAt": "2026-12-31T18:30:00Z"}


@api.post(
    "/v1/admin/coupons",
    action=Actions.PAYMENTS_MANAGE,
    status=201,
    grants=WRITES,
    raises=[CouponCodeTaken],
    idempotency=Idempotency.OPTIONAL,
    examples={"code": "WELCOME10", "type": "PERCENT", "value": 10, **_DATES},
)
def create_coupon(body: NewCoupon, caller: Caller) -> Answer[CouponAnswer]:
    """Create a coupon: a percentage, or an amount in paise.

    The code is kept in upper case. Without `planKeys` and `courseIds` it is for everything that is sold. One that makes
    things free has a limit per user.
    """
    coupon = editing.create(body, caller)
    return Answer(CouponAnswer.of(coupon), location=f"/v1/admin/coupons/{coupon.coupon_code}", version=1)


@api.post(
    "/v1/admin/coupons/batches",
    action=Actions.PAYMENTS_MANAGE,
    status=201,
    grants=WRITES,
    raises=[CouponCodeTaken, Conflict],
    idempotency=Idempotency.REQUIRED,
    examples={"prefix": "DIWALI-", "count": 100, "type": "FLAT", "value": 10000, **_DATES},
)
def create_coupon_batch(body: NewCoupons, caller: Caller, request: Request) -> CouponBatchAnswer:
    """Create up to 1,000 codes that can be used once each: a prefix and eight random characters.

    The same request again (same `Idempotency-Key`) answers the same codes.
    """
    return batches.create(body, caller, request.idempotency_key or "")


@api.patch(
    "/v1/admin/coupons/{couponCode}",
    action=Actions.PAYMENTS_MANAGE,
    resource=listing.COUPON,
    grants=WRITES,
    raises=[CouponNotFound, VersionMismatch],
    examples={"isActive": False},
)
def update_coupon(
    coupon_code: CouponCodePart, coupon: Coupon, body: CouponChange, caller: Caller, request: Request
) -> Answer[CouponAnswer]:
    """Change a coupon, or take it out of use.

    Only the members that are given change; `null` clears an optional one. A total limit below `usedCount` closes it.
    Orders already placed keep what they were let off.
    """
    changed = editing.change(coupon, body, caller, request.if_match())
    return Answer(CouponAnswer.of(changed), version=int(changed.version))


@api.get("/v1/admin/coupons", action=Actions.PAYMENTS_READ, grants=[*READS, Grant.SECRET_CURSOR])
def list_coupons(query: CouponsQuery, caller: Caller) -> Page[CouponAnswer]:
    """All coupons with their counters, newest first.

    Counters come from the stream and follow a payment within seconds.
    """
    return listing.for_staff(query, caller.user_id)


@api.get(
    "/v1/admin/coupons/{couponCode}",
    action=Actions.PAYMENTS_READ,
    resource=listing.COUPON,
    grants=[*READS, Grant.SECRET_CURSOR],
    raises=[CouponNotFound],
)
def get_coupon(
    coupon_code: CouponCodePart, coupon: Coupon, query: RedemptionsQuery, caller: Caller
) -> Answer[CouponDetail]:
    """One coupon and its orders, newest first; `state` chooses among them."""
    return Answer(listing.with_redemptions(coupon, query, caller.user_id), version=int(coupon.version))
