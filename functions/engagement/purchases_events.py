"""What people and staff are written about purchases."""

from __future__ import annotations

from chalicelib.commerce.invoices import CreditNoteIssued, InvoiceIssued
from chalicelib.commerce.payments import PaymentFailed, PaymentHeld, PaymentSucceeded, RefundFailed, RefundSucceeded
from chalicelib.commerce.subscriptions import (
    SubscriptionActivated,
    SubscriptionCancelled,
    SubscriptionExpired,
    SubscriptionExpiring,
    SubscriptionExtended,
)
from chalicelib.engagement.purchases.telling import tell
from chalicelib.platform.events.domain import DomainEvent
from chalicelib.platform.work import Grant, consumer

MAILS = [Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_DATA]


@consumer(
    on=[
        PaymentSucceeded,
        PaymentFailed,
        PaymentHeld,
        RefundSucceeded,
        RefundFailed,
        InvoiceIssued,
        CreditNoteIssued,
    ],
    grants=MAILS,
)
def mail_about_payment(event: DomainEvent) -> None:
    """Put receipts, news of failures, refunds and invoices, and what staff must look at: each once."""
    tell(event)


@consumer(
    on=[
        SubscriptionActivated,
        SubscriptionExtended,
        SubscriptionExpiring,
        SubscriptionExpired,
        SubscriptionCancelled,
    ],
    grants=MAILS,
)
def mail_about_subscription(event: DomainEvent) -> None:
    """Tell somebody that their subscription begins, holds longer, ends soon or has ended: each once."""
    tell(event)
