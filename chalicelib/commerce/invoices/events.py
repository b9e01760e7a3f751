"""What paid orders, refunds and their documents lead to (PAY-35, PAY-37)."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.commerce.invoices.configuration import CREDIT_NOTE_PREFIX, INVOICE_PREFIX
from chalicelib.commerce.invoices.items import CreditNote, Invoice
from chalicelib.commerce.invoices.messages import SUCCEEDED, IssueRequest, RenderRequest
from chalicelib.commerce.payments import OrderStatus, PaymentOrder, Refund
from chalicelib.platform.events.changes import Change, Handover, Told, translate
from chalicelib.platform.events.domain import DomainEvent
from chalicelib.platform.events.queues import Place, Queues


class InvoiceIssued(DomainEvent):
    """An order's invoice is there, with its PDF. ``kind``: TAX_INVOICE or BILL_OF_SUPPLY."""

    user_id: str
    order_id: str
    number: str
    kind: str

    @property
    def key(self) -> str:
        return f"InvoiceIssued:{self.order_id}"


class CreditNoteIssued(DomainEvent):
    """A refund's credit note is there, with its PDF."""

    user_id: str
    order_id: str
    refund_id: str
    number: str

    @property
    def key(self) -> str:
        return f"CreditNoteIssued:{self.refund_id}"


@translate(PaymentOrder)
def invoice_work(change: Change[PaymentOrder]) -> Iterator[Handover]:
    """A paid order is to be invoiced; one message group, so one after another."""
    order = change.new
    if order is not None and change.became("status", OrderStatus.SUCCESS) and int(order.amount_paise):
        asked = IssueRequest(order_id=order.id, user_id=str(order.user_id))
        yield Handover(Queues.INVOICES, asked, Place(INVOICE_PREFIX(), order.id))


@translate(Refund)
def credit_note_work(change: Change[Refund]) -> Iterator[Handover]:
    """A refund that was paid out is to be credited."""
    refund = change.new
    if refund is not None and change.became("state", SUCCEEDED):
        refund_id = str(refund.merchant_refund_id)
        order_id, user_id = str(refund.merchant_transaction_id), str(refund.user_id)
        asked = IssueRequest(order_id=order_id, user_id=user_id, refund_id=refund_id)
        yield Handover(Queues.INVOICES, asked, Place(CREDIT_NOTE_PREFIX(), refund_id))


def _file_work(change: Change[Invoice] | Change[CreditNote]) -> Iterator[Handover]:
    new, old = change.new, change.old
    if new is not None and (old is None or int(new.pdf_wanted) > int(old.pdf_wanted)):
        refund_id = str(new.merchant_refund_id) if isinstance(new, CreditNote) else None
        yield Handover(
            Queues.INVOICE_FILES, RenderRequest(order_id=str(new.merchant_transaction_id), refund_id=refund_id)
        )


def _filed(change: Change[Invoice] | Change[CreditNote]) -> bool:
    """Whether its first PDF came to be; later ones are nobody's news."""
    return (
        change.new is not None and change.new.pdf_key is not None and (change.old is None or change.old.pdf_key is None)
    )


@translate(Invoice)
def invoice_events(change: Change[Invoice]) -> Iterator[Told]:
    """An invoice wants its PDF, or has it."""
    yield from _file_work(change)
    new = change.new
    if new is not None and _filed(change):
        yield InvoiceIssued(
            user_id=str(new.user_id),
            order_id=str(new.merchant_transaction_id),
            number=str(new.number),
            kind=str(new.document),
        )


@translate(CreditNote)
def credit_note_events(change: Change[CreditNote]) -> Iterator[Told]:
    """A credit note wants its PDF, or has it."""
    yield from _file_work(change)
    new = change.new
    if new is not None and _filed(change):
        yield CreditNoteIssued(
            user_id=str(new.user_id),
            order_id=str(new.merchant_transaction_id),
            refund_id=str(new.merchant_refund_id),
            number=str(new.number),
        )
