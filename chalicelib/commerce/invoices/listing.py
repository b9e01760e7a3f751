"""Invoices for the finance office: the list of a financial year, its gaps, a PDF made anew (TAXN-03, TAXN-04)."""

from __future__ import annotations

from typing import Any, cast

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.commerce.invoices import audited, missing, numbers
from chalicelib.commerce.invoices.configuration import INVOICE_PREFIX
from chalicelib.commerce.invoices.errors import InvoiceNotFound
from chalicelib.commerce.invoices.items import CreditNote, Document, Invoice
from chalicelib.commerce.invoices.messages import RenderRequest
from chalicelib.commerce.invoices.rendering import find
from chalicelib.commerce.invoices.schemas import InvoicePage, InvoiceRow, InvoicesQuery, Regenerating
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.errors import Conflict, invalid
from chalicelib.platform.http import cursors
from chalicelib.platform.http.lists import filters_of
from chalicelib.platform.store import Transaction, TransactionLost

LIST = "invoices.all"
TRIES = 4


def invoices(query: InvoicesQuery, caller: Caller) -> InvoicePage:
    """Documents of a series and a financial year by number, one query a page, and what is missing among them.

    Without dates a page is compared with the one before it, and the last one with the counter.
    """
    series, year = query.series or INVOICE_PREFIX(), query.financial_year
    first, second = (int(part) for part in year.split("-"))
    if (first + 1) % 100 != second:
        raise invalid("query.financialYear", "NO_YEAR", "must be two years that follow each other, as 25-26")
    bound = {**filters_of(query), "series": series}
    start = cursors.open_(LIST, caller.user_id, bound, query.cursor)
    found = store.fetch(Document.of_series(series, year, where=_issued(query)), limit=query.limit, start=start)
    sequences = [int(item.gsi1sk) for item in found.items]
    dated = query.from_ is not None or query.to is not None
    before = _before(start, sequences, dated=dated)
    gone = missing.between(before, sequences)
    if found.next_key is None and not dated:
        gone += missing.unlisted(series, year, sequences[-1] if sequences else before)
    return InvoicePage(
        series=series,
        financial_year=year,
        items=[_row(item.row.as_dict()) for item in found.items if item.row is not None],
        gaps=missing.named(series, year, gone),
        next_cursor=cursors.seal(LIST, caller.user_id, bound, found.next_key),
    )


def _issued(query: InvoicesQuery) -> Condition | None:
    """Dates rise with the numbers, so that a period is a piece of the series."""
    issued, conditions = Document.row["issuedAt"], []
    if query.from_ is not None:
        conditions.append(issued >= clock.iso(query.from_))
    if query.to is not None:
        conditions.append(issued < clock.iso(query.to))
    if not conditions:
        return None
    whole = conditions[0]
    for one in conditions[1:]:
        whole = cast(Condition, whole & one)
    return cast(Condition, whole)


def _before(start: dict[str, str] | None, sequences: list[int], *, dated: bool) -> int:
    """The number before the page's first; of a period nobody knows it, so its first is no gap."""
    if start is not None and not dated:
        return int(start["gsi1sk"])
    return sequences[0] - 1 if dated and sequences else 0


def _row(row: dict[str, Any]) -> InvoiceRow:
    return InvoiceRow(
        number=row["number"],
        kind=row["document"],
        merchant_transaction_id=row["orderId"],
        merchant_refund_id=row.get("refundId"),
        invoice_number=row.get("invoiceNumber"),
        user_id=row["userId"],
        title=row["title"],
        name=row.get("name"),
        gstin=row.get("gstin"),
        place_of_supply=row["placeOfSupply"],
        issued_at=row["issuedAt"],
        rate_bps=int(row["rateBps"]),
        taxable_paise=int(row["taxablePaise"]),
        tax_paise=sum(int(paise) for paise in row["components"].values()),
        amount_paise=int(row["amountPaise"]),
        currency=row["currency"],
        has_pdf=bool(row["hasPdf"]),
    )


def regenerate(number: str, caller: Caller, reason: str) -> Regenerating:
    """Have a document's PDF made anew: same data, same number. Raises ``InvoiceNotFound``."""
    asked = _named(number)
    for _ in range(TRIES):
        document = find(asked)
        if document is None:
            raise InvoiceNotFound
        wanted = int(document.pdf_wanted)
        more: list[Action] = [
            Document.pdf_wanted.set(wanted + 1),
            Document.version.set(Document.version + 1),
        ]
        tx = Transaction()
        tx.update(type(document), document.itself, more, when=Document.pdf_wanted == wanted)
        meta = audited.meta(document)
        order_id = str(document.merchant_transaction_id)
        audit.write(tx, audited.INVOICE_REGENERATE, order_id, by=caller, meta=meta, reason=reason)
        try:
            tx.commit()
        except TransactionLost:
            continue
        return Regenerating(number=str(document.number), edition=wanted + 1)
    raise Conflict


def _named(number: str) -> RenderRequest:
    """Whose document a number is: one query."""
    parts = numbers.parts(number)
    if parts is None:
        raise InvoiceNotFound
    found = store.fetch(Document.numbered(*parts), limit=1).items
    if not found or not isinstance(found[0], Invoice | CreditNote) or found[0].row is None:
        raise InvoiceNotFound
    row = found[0].row.as_dict()
    return RenderRequest(order_id=row["orderId"], refund_id=row.get("refundId"))
