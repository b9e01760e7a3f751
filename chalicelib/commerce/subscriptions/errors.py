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


class SubscriptionNotFound(ApiError):
    status = 404
    code = "SUBSCRIPTION_NOT_FOUND"
    message = "There is no such subscription"


class SubscriptionCancelledBefore(ApiError):
    status = 409
    code = "SUBSCRIPTION_CANCELLED"
    message = "This subscription was cancelled"


class SubscriptionOver(ApiError):
    status = 409
    code = "SUBSCRIPTION_EXPIRED"
    message = "This subscription is over, for too long to go on"


class EntitlementNotFound(ApiError):
    status = 404
    code = "ENTITLEMENT_NOT_FOUND"
    message = "There is no such entitlement"


class NotAStudent(ApiError):
    status = 409
    code = "NOT_A_STUDENT"
    message = "Only the account of a student can have this"


class GiftBatchNotFound(ApiError):
    status = 404
    code = "GIFT_BATCH_NOT_FOUND"
    message = "There is no such batch of gifts"
