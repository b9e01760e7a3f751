"""What is said about purchases; the notifications domain words it.

Amounts are texts (``₹499.00``), instants ISO 8601. Receipts and what changes a subscription are owed (TRANSACTIONAL);
reminders and offers to try again are a service, which people can switch off.
"""

from __future__ import annotations

from chalicelib.platform.messages import MessageClass, Template


def _owed(key: str, *required: str, optional: tuple[str, ...] = ()) -> Template:
    return Template(key, MessageClass.TRANSACTIONAL, required, ("userName", *optional))


def _service(key: str, *required: str, optional: tuple[str, ...] = ()) -> Template:
    return Template(key, MessageClass.SERVICE, required, ("userName", *optional))


PAYMENT_SUCCESS = _owed(
    *("PAYMENT_SUCCESS", "userEmail", "planName", "amount", "currency", "merchantTransactionId", "paidAt", "late"),
    optional=("durationDays", "discount", "tax", "taxLabel", "subscriptionEndsAt", "returning", "orderUrl"),
)
"""``late``: after the order had lapsed. ``returning``: the money goes straight back, nothing was opened."""
PAYMENT_FAILED = _service("PAYMENT_FAILED", "planName", "amount", "merchantTransactionId", "retryUrl")
REFUND_SUCCEEDED = _owed(
    *("REFUND_SUCCEEDED", "planName", "amount", "currency", "merchantTransactionId", "merchantRefundId", "refundedAt"),
    optional=("whole", "outside", "daysTaken", "orderUrl"),
)
"""``whole``: everything that was paid has gone back now. ``outside``: not by the gateway. ``daysTaken``: of access."""
INVOICE_ISSUED = _owed("INVOICE_ISSUED", "document", "documentNumber", "merchantTransactionId", "orderUrl")
"""``document``: TAX_INVOICE, BILL_OF_SUPPLY or CREDIT_NOTE."""
SUBSCRIPTION_ACTIVATED = _owed("SUBSCRIPTION_ACTIVATED", "planName", "startsAt", "endsAt", "effect")
"""``effect``: NEW, EXTEND, UPGRADE, REPLACE, QUEUE or REINSTATE."""
SUBSCRIPTION_CANCELLED = _owed("SUBSCRIPTION_CANCELLED", "planName", "endedAt")
SUBSCRIPTION_EXPIRING = _service("SUBSCRIPTION_EXPIRING", "planName", "endsAt", "days", "planUrl")
SUBSCRIPTION_EXPIRED = _service(
    "SUBSCRIPTION_EXPIRED", "planName", "endedAt", "planUrl", optional=("nextPlanName", "nextEndsAt")
)
STAFF_ALERT = _owed("STAFF_ALERT", "about", "merchantTransactionId", "amount", "at", optional=("reason",))
"""``about``: PAYMENT_HELD or REFUND_FAILED. Nothing in it tells who the student is."""
