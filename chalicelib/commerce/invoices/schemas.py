"""Invoices as answers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from chalicelib.commerce.invoices.numbers import PATH_PATTERN
from chalicelib.platform.http import Characters, Instant, ListQuery, QueryModel, RequestModel, ResponseModel
from chalicelib.platform.http.periods import From, To

Money = Annotated[int, Field(examples=[49900])]
Number = Annotated[str, Field(max_length=16, examples=["PS/25-26/000042"])]
Kind = Literal["TAX_INVOICE", "BILL_OF_SUPPLY", "CREDIT_NOTE"]
YEAR_PATTERN = "^[0-9]{2}-[0-9]{2}$"


class PdfQuery(QueryModel):
    """Which PDF of an order."""

    credit_note: str | None = Field(
        default=None,
        max_length=40,
        pattern=f"^(RF[0-9A-HJKMNP-TV-Z]{{26}}|{PATH_PATTERN})$",
        description="A refund's `merchantRefundId`, or a credit note's number: that credit note, not the invoice",
    )


class Party(ResponseModel):
    """Who supplies, or who is billed."""

    name: str
    address: str | None
    country: str
    state: str | None
    gstin: str | None


class InvoiceLine(ResponseModel):
    """One line. ``pricePaise`` and ``discountPaise`` as they were offered, with tax where the price has it."""

    description: str
    sac: str
    price_paise: Money
    discount_paise: Money
    taxable_paise: Money
    tax_paise: Money
    total_paise: Money


class InvoiceTaxPart(ResponseModel):
    """One tax."""

    name: str
    rate_bps: int
    amount_paise: Money


class DocumentView(ResponseModel):
    """An invoice or a credit note, as it was issued."""

    number: Number
    kind: Kind
    financial_year: str
    issued_at: Instant
    supplier: Party
    recipient: Party
    lines: list[InvoiceLine]
    place_of_supply: str
    rate_bps: int
    taxable_paise: Money
    taxes: list[InvoiceTaxPart]
    amount_paise: Money
    currency: str
    amount_in_words: str
    has_pdf: bool


class CreditNoteView(DocumentView):
    """What a refund took back."""

    merchant_refund_id: str
    invoice_number: Number


class OrderInvoice(ResponseModel):
    """An order's invoice and the credit notes of its refunds, oldest first."""

    merchant_transaction_id: str
    invoice: DocumentView
    credit_notes: list[CreditNoteView]


class InvoicesQuery(ListQuery):
    """Which invoices."""

    financial_year: str = Field(pattern=YEAR_PATTERN, max_length=5, description="`25-26`", examples=["25-26"])
    series: str | None = Field(
        default=None, pattern="^[A-Z0-9-]{1,3}$", max_length=3, description="A prefix; that of invoices when left out"
    )
    from_: From | None = Field(default=None, alias="from", description="Issued from this instant or day on")
    to: To | None = Field(default=None, description="Issued before this instant, or to the end of this day")


class InvoiceRow(ResponseModel):
    """One document in the list."""

    number: Number
    kind: Kind
    merchant_transaction_id: str
    merchant_refund_id: str | None
    invoice_number: str | None
    user_id: str
    title: str
    name: str | None
    gstin: str | None
    place_of_supply: str
    issued_at: Instant
    rate_bps: int
    taxable_paise: Money
    tax_paise: Money
    amount_paise: Money
    currency: str
    has_pdf: bool


class InvoicePage(ResponseModel):
    """Documents of a series by number. ``gaps``: numbers that are missing where this page is; there must be none."""

    series: str
    financial_year: str
    items: list[InvoiceRow]
    gaps: list[str]
    next_cursor: str | None = Field(default=None, max_length=2048)


class RegenerateRequest(RequestModel):
    """Why a PDF is made anew."""

    reason: Annotated[str, Characters(3, 500)]


class Regenerating(ResponseModel):
    """The PDF is being made; until it is there the one before is served."""

    number: Number
    edition: int = Field(description="Counts the PDFs of this document", examples=[2])


class GstMonthQuery(QueryModel):
    """Which month."""

    month: str = Field(pattern="^20[0-9]{2}-(0[1-9]|1[0-2])$", max_length=7, examples=["2026-01"])
    format: Literal["json", "csv"] = "json"


class GstRow(ResponseModel):
    """The sums of one group. ``key``: a place of supply or a GSTIN; null where the rate alone makes the group."""

    key: str | None
    name: str | None
    place_of_supply: str | None
    rate_bps: int
    currency: str
    documents: int
    taxable_paise: Money
    cgst_paise: Money
    sgst_paise: Money
    igst_paise: Money
    other_tax_paise: Money
    total_paise: Money


class GstPart(ResponseModel):
    """Invoices, or credit notes, of a month: all by rate, those without GSTIN by place, those with one by GSTIN."""

    by_rate: list[GstRow]
    consumers_by_place: list[GstRow]
    businesses_by_gstin: list[GstRow]


class SeriesRow(ResponseModel):
    """The numbers that a series gave out in the month."""

    series: str
    first: Number
    last: Number
    documents: int


class GstSummary(ResponseModel):
    """What the monthly return asks for, from the documents issued in a month of the academy."""

    month: str
    supplier_gstin: str | None
    invoices: GstPart
    credit_notes: GstPart
    series: list[SeriesRow]
