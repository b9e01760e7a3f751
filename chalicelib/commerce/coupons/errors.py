"""What can be wrong with a coupon, or with wanting one (CPN-11)."""

from __future__ import annotations

from enum import StrEnum

from chalicelib.platform.errors import ApiError


class Reason(StrEnum):
    """Why a code is not taken."""

    UNKNOWN = "UNKNOWN"
    NOT_STARTED = "NOT_STARTED"
    ENDED = "ENDED"
    MIN_ORDER = "MIN_ORDER"
    LIMIT_TOTAL = "LIMIT_TOTAL"
    LIMIT_USER = "LIMIT_USER"
    NOT_FOR_ITEM = "NOT_FOR_ITEM"
    FIRST_PURCHASE_ONLY = "FIRST_PURCHASE_ONLY"
    CURRENCY = "CURRENCY"


class CouponInvalid(ApiError):
    """``details``: ``{reason}``, one of ``Reason``; with MIN_ORDER also ``minOrderPaise``."""

    status = 422
    code = "COUPON_INVALID"
    message = "This coupon does not apply here"


class CouponNotFound(ApiError):
    status = 404
    code = "COUPON_NOT_FOUND"
    message = "There is no such coupon"


class CouponCodeTaken(ApiError):
    status = 409
    code = "COUPON_CODE_TAKEN"
    message = "Another coupon has this code"
