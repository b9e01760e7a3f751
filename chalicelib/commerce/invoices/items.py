"""Invoices, credit notes and the counters of their numbers."""

from __future__ import annotations

from typing import Any, cast

from pynamodb.attributes import ListAttribute, MapAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.platform import clock
from chalicelib.platform.store import InstantAttribute, Item, Key, Query
from chalicelib.platform.store.patterns import AccessPattern

TAX_INVOICE, BILL_OF_SUPPLY, CREDIT_NOTE = "TAX_INVOICE", "BILL_OF_SUPPLY", "CREDIT_NOTE"


class Document(Item):
    """What an invoice and a credit note have in common; immutable but for where its PDF is.

    ``document``: TAX_INVOICE, BILL_OF_SUPPLY or CREDIT_NOTE. ``supplier``: ``{name, address, state, gstin}``.
    ``recipient``: ``{name, address, country, state, gstin}``. ``lines``: ``{description, sac, pricePaise,
    discountPaise, taxablePaise, taxPaise, totalPaise}``. ``tax``: ``{label, rateBps, placeOfSupply, taxablePaise,
    components: [{name, rateBps, amountPaise}]}``. Amounts in the currency's minor unit. ``pdf_wanted`` counts how often
    its PDF was asked for; ``pdf_made`` is the newest that is there, under ``pdf_key``.
    """

    number = UnicodeAttribute()
    series = UnicodeAttribute()
    financial_year = UnicodeAttribute()
    sequence = NumberAttribute()
    document = UnicodeAttribute()
    merchant_transaction_id = UnicodeAttribute()
    user_id = UnicodeAttribute()
    title = UnicodeAttribute()
    supplier: MapAttribute[str, Any] = MapAttribute(default=dict)
    recipient: MapAttribute[str, Any] = MapAttribute(default=dict)
    lines: ListAttribute[Any] = ListAttribute(default=list)
    tax: MapAttribute[str, Any] = MapAttribute(default=dict)
    amount_paise = NumberAttribute()
    currency = UnicodeAttribute()
    issued_at = InstantAttribute()
    pdf_wanted = NumberAttribute(default=1)
    pdf_made = NumberAttribute(default=0)
    pdf_key = UnicodeAttribute(null=True)

    @staticmethod
    def partition(order_id: str) -> Query[Item]:
        """An order's invoice and its credit notes."""
        return Query(Item, f"INVOICE#{order_id}", consistent=True)

    @staticmethod
    def of_series(series: str, year: str, **limits: Any) -> Query[Item]:
        """The documents of a series and a financial year, by number."""
        return Query(Item, f"INVOICES#{series}#{year}", index="gsi1", **limits)

    @staticmethod
    def numbered(series: str, year: str, sequence: int) -> Query[Item]:
        """The one document of a number."""
        return Query(Item, f"INVOICES#{series}#{year}", index="gsi1", begins_with=sort_of(sequence))

    @staticmethod
    def of_month(month: str) -> Query[Item]:
        """Everything issued in a month of the academy (``2026-01``), series by series, by number."""
        return Query(Item, f"INVOICES#{month}", index="gsi2")

    def index(self) -> None:
        """Set the index keys and the row, before the put."""
        sequence = sort_of(int(self.sequence))
        self.gsi1pk, self.gsi1sk = f"INVOICES#{self.series}#{self.financial_year}", sequence
        self.gsi2pk = f"INVOICES#{clock.academy_day(self.issued_at):%Y-%m}"
        self.gsi2sk = f"{self.series}#{sequence}"
        self.row = cast("MapAttribute[Any, Any]", self.facts())

    def facts(self) -> dict[str, Any]:
        """What lists and the monthly summary show."""
        recipient, tax = self.recipient.as_dict(), self.tax.as_dict()
        return {
            "number": self.number,
            "sequence": int(self.sequence),
            "document": self.document,
            "orderId": self.merchant_transaction_id,
            "userId": self.user_id,
            "title": self.title,
            "issuedAt": clock.iso(self.issued_at),
            "name": recipient.get("name"),
            "gstin": recipient.get("gstin"),
            "placeOfSupply": tax["placeOfSupply"],
            "rateBps": int(tax["rateBps"]),
            "taxablePaise": int(tax["taxablePaise"]),
            "components": {part["name"]: int(part["amountPaise"]) for part in tax["components"]},
            "amountPaise": int(self.amount_paise),
            "currency": self.currency,
            "hasPdf": self.pdf_key is not None,
        }


def sort_of(sequence: int) -> str:
    """A number's place in its series."""
    return f"{sequence:07d}"


class Invoice(Document, discriminator="Invoice"):
    """An order's invoice. ``credited_paise``: how much of it credit notes have taken back."""

    credited_paise = NumberAttribute(default=0)

    @staticmethod
    def place(order_id: str) -> Key:
        """Its key."""
        return Key(f"INVOICE#{order_id}", "INVOICE")


class CreditNote(Document, discriminator="CreditNote"):
    """What a refund takes back of an invoice."""

    invoice_number = UnicodeAttribute()
    invoice_issued_at = InstantAttribute()
    merchant_refund_id = UnicodeAttribute()

    @staticmethod
    def place(order_id: str, refund_id: str) -> Key:
        """Its key."""
        return Key(f"INVOICE#{order_id}", f"CREDITNOTE#{refund_id}")

    def facts(self) -> dict[str, Any]:
        return {**super().facts(), "invoiceNumber": self.invoice_number, "refundId": self.merchant_refund_id}


class InvoiceCounter(Item, discriminator="InvoiceCounter"):
    """The last number of a series in a financial year; grows by one in the transaction that writes the document."""

    last = NumberAttribute()
    updated_at = InstantAttribute()

    @staticmethod
    def place(series: str, year: str) -> Key:
        """Its key."""
        return Key("COUNTER#INVOICE", f"{series}#{year}")


PATTERNS = (
    AccessPattern("an order's invoice", Invoice.place("<orderId>"), 1),
    AccessPattern("the credit note of a refund", CreditNote.place("<orderId>", "<refundId>"), 1),
    AccessPattern("an order's invoice and credit notes", Document.partition("<orderId>"), 1),
    AccessPattern("invoices of a financial year", Document.of_series("PS", "25-26"), 0.5, consistent=False),
    AccessPattern("the invoice of a number", Document.numbered("PS", "25-26", 42), 0.5, consistent=False),
    AccessPattern("what was invoiced in a month", Document.of_month("2026-01"), 0.5, consistent=False),
    AccessPattern("the last number of a series", InvoiceCounter.place("PS", "25-26"), 1),
)
