"""Invoices, for the finance office."""

from __future__ import annotations

from typing import Annotated

from chalicelib.commerce.invoices import listing, summary
from chalicelib.commerce.invoices.errors import InvoiceNotFound
from chalicelib.commerce.invoices.numbers import PATH_PATTERN
from chalicelib.commerce.invoices.schemas import (
    GstMonthQuery,
    GstSummary,
    InvoicePage,
    InvoicesQuery,
    RegenerateRequest,
    Regenerating,
)
from chalicelib.platform.errors import Conflict
from chalicelib.platform.http import Actions, Binary, Caller, Grant, PathRule, api

READS = [Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY]


@api.get("/v1/admin/invoices", action=Actions.PAYMENTS_READ, grants=[*READS, Grant.SECRET_CURSOR])
def list_invoices(query: InvoicesQuery, caller: Caller) -> InvoicePage:
    """Invoices of a financial year by number; with `series` those of another prefix, such as credit notes.

    `gaps` names the numbers that are missing on this page: between its documents, after the page before, and on the
    last page up to the newest number given out. There must be none.
    """
    return listing.invoices(query, caller)


@api.get(
    "/v1/admin/invoices/gst-summary",
    action=Actions.PAYMENTS_READ,
    binary="text/csv",
    grants=READS,
    memory=1024,
)
def gst_summary(query: GstMonthQuery) -> GstSummary | Binary:
    """What the monthly return asks for: taxes by rate, by state of those without a GSTIN, by GSTIN of the others.

    Of the documents issued in a month of the academy; credit notes stand for themselves, with positive amounts. With
    `format=csv` a sheet: rupees with two decimals, a line for each group.
    """
    made = summary.summary(query.month)
    if query.format == "json":
        return made
    headers = {"Content-Disposition": f'attachment; filename="gst-{query.month}.csv"'}
    return Binary(summary.as_csv(made).encode("utf-8"), "text/csv; charset=utf-8", headers=headers)


@api.post(
    "/v1/admin/invoices/{number}/regenerate-pdf",
    action=Actions.PAYMENTS_MANAGE,
    status=202,
    grants=[*READS, Grant.TABLE_WRITE],
    raises=[InvoiceNotFound, Conflict],
    examples={"reason": "The file could not be opened"},
)
def regenerate_invoice_pdf(
    number: Annotated[str, PathRule(PATH_PATTERN)], body: RegenerateRequest, caller: Caller
) -> Regenerating:
    """Make the PDF of an invoice or a credit note anew: same data, same number, a new file.

    The slashes of the number are quoted (`PS%2F25-26%2F000042`) or written as hyphens (`PS-25-26-000042`).
    """
    return listing.regenerate(number, caller, body.reason)
