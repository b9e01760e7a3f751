"""Orders and the money that pays them: checkout, finalization, webhooks, refunds, the ledger."""

from chalicelib.commerce.payments.errors import OrderNotFound
from chalicelib.commerce.payments.events import (
    OrderPlaced,
    PaymentExpired,
    PaymentFailed,
    PaymentHeld,
    PaymentSucceeded,
    RefundFailed,
    RefundRequested,
    RefundSucceeded,
)
from chalicelib.commerce.payments.items import PATTERNS, PaymentOrder, Refund

__all__ = [
    "PATTERNS",
    "OrderNotFound",
    "OrderPlaced",
    "PaymentExpired",
    "PaymentFailed",
    "PaymentHeld",
    "PaymentOrder",
    "PaymentSucceeded",
    "Refund",
    "RefundFailed",
    "RefundRequested",
    "RefundSucceeded",
]
