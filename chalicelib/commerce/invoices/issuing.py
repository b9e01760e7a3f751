"""Issuing invoices and credit notes (PAY-35, TAXN-30).

The number is taken in the transaction that writes the document: the counter goes from the n that was read to n + 1, the
document is put where none was, the order (or the refund) gets its number. So there is no gap and no reuse, whoever
races or dies; the loser reads anew. One message group a series hands the work to one issuer at a time.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.commerce.invoices import audited, composing, numbers
from chalicelib.commerce.invoices.configuration import CREDIT_NOTE_PREFIX, INVOICE_PREFIX
from chalicelib.commerce.invoices.items import CreditNote, Document, Invoice, InvoiceCounter
from chalicelib.commerce.invoices.messages import SUCCEEDED, IssueRequest
from chalicelib.commerce.payments import OrderStatus, PaymentOrder, Refund
from chalicelib.identity.accounts import User, user_key
from chalicelib.platform import audit, clock, store
from chalicelib.platform.errors import Conflict
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Transaction, TransactionLost, absent

TRIES = 12


@frozen
class _Turn:
    """One try to take a number: the counter as it was read, and when."""

    series: str
    year: str
    counter: InvoiceCounter | None
    at: datetime

    @property
    def sequence(self) -> int:
        """The number that this try takes."""
        return (int(self.counter.last) if self.counter is not None else 0) + 1

    def numbered(self) -> dict[str, Any]:
        """The attributes of the document that follow from its number."""
        return {
            "number": numbers.number(self.series, self.year, self.sequence),
            "series": self.series,
            "financial_year": self.year,
            "sequence": self.sequence,
            "issued_at": self.at,
        }

    def add(self, tx: Transaction) -> None:
        """Add that the number is taken, if the counter still is what it was."""
        place = InvoiceCounter.place(self.series, self.year)
        if self.counter is None:
            first = InvoiceCounter(*place, last=1, updated_at=self.at)
            tx.put(first, when=absent(InvoiceCounter), name="counter")
            return
        last = int(self.counter.last)
        grown: list[Action] = [
            InvoiceCounter.last.set(last + 1),
            InvoiceCounter.updated_at.set(self.at),
            InvoiceCounter.version.set(InvoiceCounter.version + 1),
        ]
        tx.update(InvoiceCounter, place, grown, when=InvoiceCounter.last == last, name="counter")


def issue(asked: IssueRequest) -> None:
    """Issue what is asked for, unless it was, or there is nothing to issue."""
    if asked.refund_id is None:
        issue_invoice(asked.user_id, asked.order_id)
    else:
        issue_credit_note(asked.user_id, asked.order_id, asked.refund_id)


def issue_invoice(user_id: str, order_id: str) -> None:
    """Issue a paid order's invoice; nothing was paid for a free one, so it has none (TAXN-32). Two round trips.

    Raises ``Conflict`` when others kept taking the next number.
    """
    for _ in range(TRIES):
        series, year = INVOICE_PREFIX(), numbers.financial_year(clock.now())
        order, user, counter = store.get_many(
            [PaymentOrder.place(user_id, order_id), user_key(user_id), InvoiceCounter.place(series, year)]
        )
        if not isinstance(order, PaymentOrder) or not _invoiced(order) or order.invoice_number:
            return
        turn = _turn(series, year, counter)
        if turn is None:
            continue
        facts = composing.invoice_facts(order, str(user.name) if isinstance(user, User) else None)
        place = Invoice.place(order_id)
        invoice = Invoice(place.pk, place.sk, **_whose(order), **facts, **turn.numbered())
        if _commit(turn, invoice, order=order):
            return
    raise Conflict


def issue_credit_note(user_id: str, order_id: str, refund_id: str) -> None:
    """Issue the credit note of a refund that was paid out; the order's invoice first, if that waits in its own series.

    Three round trips. Raises ``Conflict`` when others kept taking the next number.
    """
    for _ in range(TRIES):
        series, year = CREDIT_NOTE_PREFIX(), numbers.financial_year(clock.now())
        order, refund, invoice, counter = store.get_many(
            [
                PaymentOrder.place(user_id, order_id),
                Refund.place(order_id, refund_id),
                Invoice.place(order_id),
                InvoiceCounter.place(series, year),
            ]
        )
        if not isinstance(order, PaymentOrder) or not isinstance(refund, Refund) or not _invoiced(order):
            return
        if refund.state != SUCCEEDED or refund.credit_note_number:
            return
        if not isinstance(invoice, Invoice):
            issue_invoice(user_id, order_id)
            continue
        turn = _turn(series, year, counter)
        if turn is None:
            continue
        facts = composing.credit_note_facts(invoice, refund)
        place = CreditNote.place(order_id, refund_id)
        note = CreditNote(place.pk, place.sk, **_whose(order), **facts, **turn.numbered())
        if _commit(turn, note, invoice=invoice, refund=refund):
            return
    raise Conflict


def _invoiced(order: PaymentOrder) -> bool:
    """Whether an order has an invoice: it succeeded, and was paid for."""
    return order.status == OrderStatus.SUCCESS and int(order.amount_paise) > 0


def _turn(series: str, year: str, counter: object) -> _Turn | None:
    """The try, dated after the counter was read, so that dates rise with the numbers; None when a year ended between.

    A clock that stands behind the last document's (another machine's) does not date this one before it.
    """
    now = clock.now()
    if numbers.financial_year(now) != year:
        return None
    known = counter if isinstance(counter, InvoiceCounter) else None
    return _Turn(series, year, known, max(now, known.updated_at) if known is not None else now)


def _whose(order: PaymentOrder) -> dict[str, Any]:
    return {"merchant_transaction_id": order.id, "user_id": str(order.user_id)}


def _commit(
    turn: _Turn,
    document: Document,
    *,
    order: PaymentOrder | None = None,
    invoice: Invoice | None = None,
    refund: Refund | None = None,
) -> bool:
    """Write the document with its number; whether this call did."""
    document.index()
    tx = Transaction()
    turn.add(tx)
    tx.put(document, when=absent(Document), name="document")
    if order is not None:
        _name_on_order(tx, order, str(document.number))
    if invoice is not None and refund is not None:
        _credit(tx, invoice, refund, str(document.number))
    audit.write(tx, audited.INVOICE_ISSUE, str(document.merchant_transaction_id), meta=audited.meta(document))
    try:
        tx.commit()
    except TransactionLost:
        return False
    return True


def _name_on_order(tx: Transaction, order: PaymentOrder, number: str) -> None:
    actions: list[Action] = [
        PaymentOrder.invoice_number.set(number),
        PaymentOrder.row["invoice_number"].set(number),
        PaymentOrder.version.set(PaymentOrder.version + 1),
    ]
    when = cast(
        Condition,
        (PaymentOrder.status == str(OrderStatus.SUCCESS)) & PaymentOrder.invoice_number.does_not_exist(),
    )
    tx.update(PaymentOrder, order.itself, actions, when=when, name="order")


def _credit(tx: Transaction, invoice: Invoice, refund: Refund, number: str) -> None:
    """The invoice's sum so far decides the shares: it must still be the one that was read."""
    before = int(invoice.credited_paise)
    credited: list[Action] = [
        Invoice.credited_paise.set(before + int(refund.amount_paise)),
        Invoice.version.set(Invoice.version + 1),
    ]
    tx.update(Invoice, invoice.itself, credited, when=Invoice.credited_paise == before, name="invoice")
    named: list[Action] = [
        Refund.credit_note_number.set(number),
        Refund.row["credit_note_number"].set(number),
        Refund.version.set(Refund.version + 1),
    ]
    tx.update(Refund, refund.itself, named, when=Refund.credit_note_number.does_not_exist(), name="refund")
