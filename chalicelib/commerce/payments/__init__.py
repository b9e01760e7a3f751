"""Orders and the money that pays them: checkout, finalization, webhooks, refunds, the ledger."""

from chalicelib.commerce.payments.calendar import months
from chalicelib.commerce.payments.configuration import SUPPLIER_GSTIN, SUPPLIER_STATE
from chalicelib.commerce.payments.countries import GST_CODES, HOME, STATE_NAMES, state_code
from chalicelib.commerce.payments.errors import GstinInvalid, OrderNotFound
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
from chalicelib.commerce.payments.gstin import gstin_state
from chalicelib.commerce.payments.items import PATTERNS, JournalEntry, OrderLocator, PaymentOrder, Refund
from chalicelib.commerce.payments.journal import ACCOUNTS, BANK, CAPTURE, CASH, HOLD, Booking
from chalicelib.commerce.payments.journal import write as write_entry
from chalicelib.commerce.payments.states import Status as OrderStatus

__all__ = [
    "ACCOUNTS",
    "BANK",
    "CAPTURE",
    "CASH",
    "GST_CODES",
    "HOLD",
    "HOME",
    "PATTERNS",
    "STATE_NAMES",
    "SUPPLIER_GSTIN",
    "SUPPLIER_STATE",
    "Booking",
    "GstinInvalid",
    "JournalEntry",
    "OrderLocator",
    "OrderNotFound",
    "OrderPlaced",
    "OrderStatus",
    "PaymentExpired",
    "PaymentFailed",
    "PaymentHeld",
    "PaymentOrder",
    "PaymentSucceeded",
    "Refund",
    "RefundFailed",
    "RefundRequested",
    "RefundSucceeded",
    "gstin_state",
    "months",
    "state_code",
    "write_entry",
]
