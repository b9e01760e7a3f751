"""The items of payments and their keys."""

from chalicelib.commerce.payments.items import billing, events, ledger, links, orders, transactions
from chalicelib.commerce.payments.items.billing import BillingPlace
from chalicelib.commerce.payments.items.events import PaymentEvent
from chalicelib.commerce.payments.items.ledger import JournalEntry
from chalicelib.commerce.payments.items.links import CheckoutPause, PaymentLink
from chalicelib.commerce.payments.items.orders import OpenCheckout, OrderLocator, PaymentOrder
from chalicelib.commerce.payments.items.transactions import GatewayPayment, PaymentTransaction, Refund

PATTERNS = (
    *orders.PATTERNS,
    *transactions.PATTERNS,
    *events.PATTERNS,
    *ledger.PATTERNS,
    *billing.PATTERNS,
    *links.PATTERNS,
)

__all__ = [
    "PATTERNS",
    "BillingPlace",
    "CheckoutPause",
    "GatewayPayment",
    "JournalEntry",
    "OpenCheckout",
    "OrderLocator",
    "PaymentEvent",
    "PaymentLink",
    "PaymentOrder",
    "PaymentTransaction",
    "Refund",
]
