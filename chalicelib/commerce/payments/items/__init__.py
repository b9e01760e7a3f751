"""The items of payments and their keys."""

from chalicelib.commerce.payments.items import billing, events, ledger, orders, transactions
from chalicelib.commerce.payments.items.billing import BillingPlace
from chalicelib.commerce.payments.items.events import PaymentEvent
from chalicelib.commerce.payments.items.ledger import JournalEntry
from chalicelib.commerce.payments.items.orders import OpenCheckout, OrderLocator, PaymentOrder
from chalicelib.commerce.payments.items.transactions import GatewayPayment, PaymentTransaction, Refund

PATTERNS = (*orders.PATTERNS, *transactions.PATTERNS, *events.PATTERNS, *ledger.PATTERNS, *billing.PATTERNS)

__all__ = [
    "PATTERNS",
    "BillingPlace",
    "GatewayPayment",
    "JournalEntry",
    "OpenCheckout",
    "OrderLocator",
    "PaymentEvent",
    "PaymentOrder",
    "PaymentTransaction",
    "Refund",
]
