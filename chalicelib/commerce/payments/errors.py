"""Errors of payments (PAY-42)."""

from __future__ import annotations

from typing import Any

from chalicelib.platform.errors import ApiError, Details


class OrderNotFound(ApiError):
    status = 404
    code = "ORDER_NOT_FOUND"
    message = "There is no such order"


class CheckoutInProgress(ApiError):
    """The same checkout is under way in another request; its page is there in a moment."""

    status = 409
    code = "CHECKOUT_IN_PROGRESS"
    message = "This purchase is already being prepared; try again in a moment"

    def __init__(self, details: Details | None = None, **keywords: Any) -> None:
        super().__init__(details, **{"retry_after": 2, **keywords})


class AmountTooSmall(ApiError):
    status = 422
    code = "AMOUNT_TOO_SMALL"
    message = "The amount to pay is smaller than a payment gateway takes"


class CurrencyUnsupported(ApiError):
    status = 422
    code = "CURRENCY_UNSUPPORTED"
    message = "This cannot be paid in that currency"


class BillingStateRequired(ApiError):
    status = 422
    code = "BILLING_STATE_REQUIRED"
    message = "Name the state that this is billed to: the tax depends on it"


class GstinInvalid(ApiError):
    """``details``: ``{field, reason}``; reason FORM, CHECKSUM, STATE (not the billing state's) or COUNTRY."""

    status = 422
    code = "GSTIN_INVALID"
    message = "This GSTIN is not valid"


class ReturnPathInvalid(ApiError):
    status = 422
    code = "RETURN_PATH_INVALID"
    message = "The return path must be a path of the academy's own site"


class CheckoutPaused(ApiError):
    """``Retry-After`` tells until when."""

    status = 429
    code = "CHECKOUT_PAUSED"
    message = "Several of your payments failed; wait a while before you try again, or write to us"


class PaymentLinkNotFound(ApiError):
    status = 404
    code = "PAYMENT_LINK_NOT_FOUND"
    message = "There is no such link to pay for this account"


class PaymentLinkEnded(ApiError):
    """``details``: ``{reason}``: PAID or EXPIRED."""

    status = 409
    code = "PAYMENT_LINK_ENDED"
    message = "This link to pay has been used or is too old"


class NotAStudent(ApiError):
    status = 409
    code = "NOT_A_STUDENT"
    message = "Only the account of a student can have this"


class GatewayRejected(ApiError):
    status = 502
    code = "GATEWAY_REJECTED"
    message = "The payment gateway did not accept this payment; try again"


class GatewayUnavailable(ApiError):
    status = 502
    code = "GATEWAY_UNAVAILABLE"
    message = "The payment gateway cannot be reached; nothing was charged"


class GatewayTimeout(ApiError):
    status = 504
    code = "GATEWAY_TIMEOUT"
    message = "The payment gateway did not answer in time; try again, this will not charge twice"


class WebhookUnauthenticated(ApiError):
    status = 401
    code = "WEBHOOK_UNAUTHENTICATED"
    message = "This message does not come from the gateway"


class OrderNotInReview(ApiError):
    status = 409
    code = "ORDER_NOT_IN_REVIEW"
    message = "This order does not wait for a decision"


class OrderNotGrantable(ApiError):
    """``details``: ``{reason}``, the seller's word."""

    status = 409
    code = "ORDER_NOT_GRANTABLE"
    message = "What this order bought cannot be handed over now"


class PaymentEventNotFound(ApiError):
    status = 404
    code = "PAYMENT_EVENT_NOT_FOUND"
    message = "There is no such message of a gateway"


class RefundNotFound(ApiError):
    status = 404
    code = "REFUND_NOT_FOUND"
    message = "There is no such refund"


class OrderNotRefundable(ApiError):
    """``details``: ``{reason}`` where what the order opened cannot be taken back now."""

    status = 409
    code = "ORDER_NOT_REFUNDABLE"
    message = "Nothing of this order can be given back"


class RefundExceedsPayment(ApiError):
    """``details``: ``{leftPaise}``, what may still be given back."""

    status = 409
    code = "REFUND_EXCEEDS_PAYMENT"
    message = "More than is left of this payment cannot be given back"


class RefundUnsupported(ApiError):
    """``details``: ``{reason}``: NO_GATEWAY (nothing was paid through one) or IN_FULL_ONLY (held money)."""

    status = 422
    code = "REFUND_UNSUPPORTED"
    message = "This payment cannot be given back in this way"


class OfflineReferenceUsed(ApiError):
    """``details``: ``{merchantTransactionId}``, the order that it paid."""

    status = 409
    code = "OFFLINE_REFERENCE_USED"
    message = "This payment has been recorded already"
