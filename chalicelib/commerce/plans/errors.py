"""What can be wrong with a plan, or with wanting one."""

from __future__ import annotations

from chalicelib.platform.errors import ApiError


class PlanNotFound(ApiError):
    status = 404
    code = "PLAN_NOT_FOUND"
    message = "There is no such plan"


class PlanKeyTaken(ApiError):
    status = 409
    code = "PLAN_KEY_TAKEN"
    message = "Another plan has this key"


class PlanNotForSale(ApiError):
    status = 409
    code = "PLAN_NOT_FOR_SALE"
    message = "This plan is not sold now"


class PlanLimitReached(ApiError):
    status = 409
    code = "PLAN_LIMIT_REACHED"
    message = "You have bought this plan as often as it can be bought"


class CurrencyUnsupported(ApiError):
    status = 422
    code = "CURRENCY_UNSUPPORTED"
    message = "This cannot be paid in that currency"
