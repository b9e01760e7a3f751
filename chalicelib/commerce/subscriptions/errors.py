"""What can stand in the way of buying time."""

from __future__ import annotations

from chalicelib.platform.errors import ApiError


class AlreadySubscribed(ApiError):
    status = 409
    code = "ALREADY_SUBSCRIBED"
    message = "What you have of this still runs"


class SubscriptionTooLong(ApiError):
    status = 409
    code = "SUBSCRIPTION_TOO_LONG"
    message = "This cannot be paid further ahead"


class AccessCardFull(ApiError):
    status = 409
    code = "ACCESS_CARD_FULL"
    message = "This account has as many entitlements as it can hold"


class NoSuchTest(ApiError):
    status = 404
    code = "TEST_NOT_FOUND"
    message = "There is no such test"
