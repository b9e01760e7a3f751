"""An order's invoice and credit notes, for its owner (TAXN-01, TAXN-02)."""

from __future__ import annotations

from typing import Any

from chalicelib.commerce.invoices import numbers, storage, words
from chalicelib.commerce.invoices.errors import InvoiceNotReady
from chalicelib.commerce.invoices.items import CreditNote, Document, Invoice
from chalicelib.commerce.invoices.schemas import CreditNoteView, DocumentView, InvoiceLine, InvoiceTaxPart, OrderInvoice
from chalicelib.commerce.payments import HOME
from chalicelib.platform import store
from chalicelib.platform.http import Binary

PDF = "application/pdf"


def of_order(order_id: str) -> OrderInvoice:
    """The invoice and the credit notes: one query. Raises ``InvoiceNotReady``."""
    invoice, notes = _documents(order_id)
    return OrderInvoice(
        merchant_transaction_id=order_id,
        invoice=DocumentView(**_facts(invoice)),
        credit_notes=[
            CreditNoteView(
                **_facts(note),
                merchant_refund_id=str(note.merchant_refund_id),
                invoice_number=str(note.invoice_number),
            )
            for note in notes
        ],
    )


def pdf_of(order_id: str, credit_note: str | None) -> Binary:
    """The PDF of the invoice, or of the credit note of that number or refund. Raises ``InvoiceNotReady``."""
    invoice, notes = _documents(order_id)
    document: Document | None = invoice
    if credit_note is not None:
        wanted = numbers.parts(credit_note)
        document = next((note for note in notes if _is(note, credit_note, wanted)), None)
    if document is None or not document.pdf_key:
        raise InvoiceNotReady
    name = f"{numbers.file_name(str(document.number))}.pdf"
    headers = {"Cache-Control": "private, no-store", "Content-Disposition": f'inline; filename="{name}"'}
    return Binary(storage.read(str(document.pdf_key)), PDF, headers=headers)


def _is(note: CreditNote, asked: str, wanted: tuple[str, str, int] | None) -> bool:
    return note.merchant_refund_id == asked or numbers.parts(str(note.number)) == wanted


def _documents(order_id: str) -> tuple[Invoice, list[CreditNote]]:
    found = store.every(Document.partition(order_id))
    invoice = next((one for one in found if isinstance(one, Invoice)), None)
    if invoice is None:
        raise InvoiceNotReady
    notes = [one for one in found if isinstance(one, CreditNote)]
    return invoice, sorted(notes, key=lambda note: (note.issued_at, int(note.sequence)))


def _facts(document: Document) -> dict[str, Any]:
    tax = document.tax.as_dict()
    return {
        "number": document.number,
        "kind": document.document,
        "financial_year": document.financial_year,
        "issued_at": document.issued_at,
        "supplier": _party(document.supplier.as_dict()),
        "recipient": _party(document.recipient.as_dict()),
        "lines": [_line(line) for line in document.lines],
        "place_of_supply": tax["placeOfSupply"],
        "rate_bps": int(tax["rateBps"]),
        "taxable_paise": int(tax["taxablePaise"]),
        "taxes": [
            InvoiceTaxPart(name=part["name"], rate_bps=int(part["rateBps"]), amount_paise=int(part["amountPaise"]))
            for part in tax["components"]
        ],
        "amount_paise": int(document.amount_paise),
        "currency": document.currency,
        "amount_in_words": words.amount(int(document.amount_paise), str(document.currency)),
        "has_pdf": bool(document.pdf_key),
    }


def _party(facts: dict[str, Any]) -> dict[str, Any]:
    names = ("name", "address", "state", "gstin")
    return {**{name: facts.get(name) for name in names}, "country": facts.get("country") or HOME}


def _line(line: Any) -> InvoiceLine:
    return InvoiceLine(
        description=line["description"],
        sac=line["sac"],
        price_paise=int(line["pricePaise"]),
        discount_paise=int(line["discountPaise"]),
        taxable_paise=int(line["taxablePaise"]),
        tax_paise=int(line["taxPaise"]),
        total_paise=int(line["totalPaise"]),
    )
