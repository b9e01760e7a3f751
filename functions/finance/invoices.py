"""Invoices, for those who paid."""

from __future__ import annotations

from typing import Annotated

from chalicelib.commerce.invoices import reading
from chalicelib.commerce.invoices.errors import InvoiceNotReady
from chalicelib.commerce.invoices.schemas import OrderInvoice, PdfQuery
from chalicelib.commerce.payments.items import PaymentOrder
from chalicelib.commerce.payments.items.orders import ID_PATTERN
from chalicelib.commerce.payments.resources import OWN_ORDER
from chalicelib.platform.errors import UpstreamFailed
from chalicelib.platform.http import Actions, Binary, Grant, PathRule, api

OrderId = Annotated[str, PathRule(ID_PATTERN)]
READS = [Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY]


@api.get(
    "/v1/payments/orders/{merchantTransactionId}/invoice",
    action=Actions.ORDERS_READ,
    resource=OWN_ORDER,
    grants=READS,
    raises=[InvoiceNotReady],
)
def get_own_invoice(merchant_transaction_id: OrderId, order: PaymentOrder) -> OrderInvoice:
    """The invoice of one of my orders, and the credit notes of its refunds.

    It is issued within seconds of the payment; 404 `INVOICE_NOT_READY` until then, and for orders that cost nothing.
    """
    return reading.of_order(order.id)


@api.get(
    "/v1/payments/orders/{merchantTransactionId}/invoice.pdf",
    action=Actions.ORDERS_READ,
    resource=OWN_ORDER,
    binary="application/pdf",
    grants=[*READS, Grant.INVOICES_READ],
    raises=[InvoiceNotReady, UpstreamFailed],
)
def get_own_invoice_pdf(merchant_transaction_id: OrderId, order: PaymentOrder, query: PdfQuery) -> Binary:
    """The invoice as a PDF, or with `creditNote` that credit note.

    404 `INVOICE_NOT_READY` until it is made.
    """
    return reading.pdf_of(order.id, query.credit_note)
