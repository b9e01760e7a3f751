"""Which mail an event causes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.commerce.invoices import CreditNoteIssued, InvoiceIssued
from chalicelib.commerce.payments import PaymentFailed, PaymentHeld, PaymentSucceeded, RefundFailed, RefundSucceeded
from chalicelib.commerce.subscriptions import (
    SubscriptionActivated,
    SubscriptionCancelled,
    SubscriptionExpired,
    SubscriptionExpiring,
    SubscriptionExtended,
)
from chalicelib.engagement.purchases import documents, paying, subscribing
from chalicelib.platform.events.domain import DomainEvent

_MAILS: Mapping[type[DomainEvent], Callable[[Any], object]] = {
    PaymentSucceeded: paying.receipt,
    PaymentFailed: paying.failure,
    PaymentHeld: paying.held,
    RefundSucceeded: paying.refunded,
    RefundFailed: paying.not_refunded,
    InvoiceIssued: documents.invoiced,
    CreditNoteIssued: documents.credited,
    SubscriptionActivated: subscribing.holds,
    SubscriptionExtended: subscribing.holds,
    SubscriptionExpiring: subscribing.ends_soon,
    SubscriptionExpired: subscribing.has_ended,
    SubscriptionCancelled: subscribing.was_cancelled,
}


def tell(event: DomainEvent) -> None:
    """Put the mail that the event causes, if it was not put before."""
    _MAILS[type(event)](event)
