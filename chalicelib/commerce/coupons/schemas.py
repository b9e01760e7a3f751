"""What requests about coupons take and answer."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from chalicelib.commerce.coupons.items import Coupon, CouponRedemption
from chalicelib.commerce.coupons.terms import (
    Amount,
    CouponCode,
    CouponTerms,
    CouponType,
    CourseIds,
    Description,
    PlanKeys,
    Uses,
    Value,
)
from chalicelib.platform.http import Characters, Instant, ListQuery, RequestModel, ResponseModel
from chalicelib.platform.ids import Ulid

State = Literal["RESERVED", "REDEEMED", "RELEASED"]
MAX_BATCH = 1_000


class NewCoupon(CouponTerms):
    """A coupon to create."""

    code: CouponCode

    def terms(self) -> CouponTerms:
        """Without the code."""
        return CouponTerms.read(self.stored())


class NewCoupons(CouponTerms):
    """Coupons of one use each: ``prefix`` and eight random characters."""

    prefix: Annotated[str, Characters(1, 20, pattern="^[A-Z0-9_-]+$")] = Field(examples=["DIWALI-"])
    count: Annotated[int, Field(ge=1, le=MAX_BATCH, examples=[100])]
    usage_limit_total: Literal[1] = 1

    def terms(self) -> CouponTerms:
        """Those of each."""
        return CouponTerms.read(self.stored())


def ungiven() -> Any:
    """The default of a member that may be left out of a change, but not be ``null``; no document shows it."""
    return Field(default_factory=lambda: None)


class CouponChange(RequestModel):
    """What to change of a coupon: only the members that are given. ``null`` clears what a coupon need not have."""

    type: CouponType = ungiven()
    value: Value = ungiven()
    max_discount_paise: Amount | None = None
    min_order_paise: Amount | None = None
    start_at: Instant = ungiven()
    end_at: Instant = ungiven()
    usage_limit_total: Uses | None = None
    usage_limit_per_user: Uses | None = None
    plan_keys: PlanKeys | None = None
    course_ids: CourseIds | None = None
    first_purchase_only: bool = ungiven()
    is_active: bool = ungiven()
    description: Description | None = None

    def given(self) -> dict[str, Any]:
        """The members that the request named, as the table keeps them; None clears."""
        return self.model_dump(mode="json", by_alias=True, include=self.model_fields_set)


class CouponsQuery(ListQuery):
    """Which coupons: all, the active ones, or the others; or those that were made together."""

    active: bool | None = None
    batch: Ulid | None = None


class RedemptionsQuery(ListQuery):
    """Which of a coupon's orders."""

    state: State | None = None


class CouponAnswer(ResponseModel):
    """A coupon and what became of it. ``usedCount``: orders that hold it or redeemed it."""

    code: str
    type: CouponType
    value: int
    max_discount_paise: int | None
    min_order_paise: int | None
    start_at: Instant
    end_at: Instant
    usage_limit_total: int | None
    usage_limit_per_user: int | None
    plan_keys: list[str] | None
    course_ids: list[str] | None
    first_purchase_only: bool
    is_active: bool
    description: str | None
    used_count: int
    redeemed_count: int
    discount_given_paise: int
    batch: str | None
    version: int
    created_by: str
    updated_by: str
    created_at: Instant
    updated_at: Instant

    @classmethod
    def of(cls, coupon: Coupon) -> CouponAnswer:
        """From the item, or from a list of them."""
        return cls.model_validate(_shown(coupon))


class RedemptionView(ResponseModel):
    """An order with the coupon. ``overLimit``: it was redeemed though a limit was reached by then."""

    user_id: str
    merchant_transaction_id: str
    discount_paise: int
    state: State
    over_limit: bool
    created_at: Instant
    redeemed_at: Instant | None

    @classmethod
    def of(cls, one: CouponRedemption) -> RedemptionView:
        """From the item."""
        return cls.model_validate(
            {
                "userId": one.user_id,
                "merchantTransactionId": one.merchant_transaction_id,
                "discountPaise": int(one.discount_paise),
                "state": one.state,
                "overLimit": bool(one.over_limit),
                "createdAt": one.created_at,
                "redeemedAt": one.redeemed_at,
            }
        )


class CouponDetail(CouponAnswer):
    """A coupon and a page of its orders, newest first."""

    redemptions: list[RedemptionView]
    next_cursor: str | None

    @classmethod
    def with_orders(cls, coupon: Coupon, redemptions: list[RedemptionView], cursor: str | None) -> CouponDetail:
        """From the item and the page."""
        return cls.model_validate({**_shown(coupon), "redemptions": redemptions, "nextCursor": cursor})


class CouponBatchAnswer(ResponseModel):
    """What was made together."""

    batch: str
    codes: list[str]


_EMPTY = dict.fromkeys(
    (
        "maxDiscountPaise",
        "minOrderPaise",
        "usageLimitTotal",
        "planKeys",
        "courseIds",
        "description",
        "batch",
    )
)


def _shown(coupon: Coupon) -> dict[str, Any]:
    facts = {**_EMPTY, **coupon.facts, "code": coupon.coupon_code, "version": int(coupon.version)}
    return {**facts, "usageLimitPerUser": facts["usageLimitPerUser"] or None}
