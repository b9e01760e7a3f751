"""What can go wrong with people's accounts."""

from __future__ import annotations

from chalicelib.platform.errors import ApiError


class AskASuperAdmin(ApiError):
    status = 409
    code = "ASK_A_SUPER_ADMIN"
    message = "Accounts of staff are ended by a super-admin"


class SubscriptionActive(ApiError):
    status = 409
    code = "SUBSCRIPTION_ACTIVE"
    message = "What you paid for is still running; confirm that you lose it"


class DeletionDueNow(ApiError):
    status = 409
    code = "DELETION_DUE"
    message = "This account is being deleted; it is too late to keep it"
