"""That an invoice or a credit note is there to be downloaded (PAY-35); its PDF goes through the API, never by mail."""

from __future__ import annotations

from chalicelib.commerce.invoices import CreditNoteIssued, InvoiceIssued
from chalicelib.engagement.purchases import templates
from chalicelib.engagement.purchases.posting import order_url, post
from chalicelib.identity.accounts import user_key
from chalicelib.platform import store

CREDIT_NOTE = "CREDIT_NOTE"


def invoiced(told: InvoiceIssued) -> bool:
    """That an order's invoice, or bill of supply, is there. Two round trips."""
    return _issued(told.user_id, told.order_id, told.kind, told.number)


def credited(told: CreditNoteIssued) -> bool:
    """That a refund's credit note is there. Two round trips."""
    return _issued(told.user_id, told.order_id, CREDIT_NOTE, told.number)


def _issued(user_id: str, order_id: str, document: str, number: str) -> bool:
    """Once a number: none is given twice."""
    payload = {
        "document": document,
        "documentNumber": number,
        "merchantTransactionId": order_id,
        "orderUrl": order_url(order_id),
    }
    return post(store.get_many([user_key(user_id)])[0], templates.INVOICE_ISSUED, number, payload)
