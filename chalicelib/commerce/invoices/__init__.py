"""Invoices and credit notes: numbers without gaps, documents that never change, their PDFs, the monthly summary."""

from chalicelib.commerce.invoices.configuration import CREDIT_NOTE_PREFIX, INVOICE_PREFIX
from chalicelib.commerce.invoices.events import CreditNoteIssued, InvoiceIssued
from chalicelib.commerce.invoices.items import PATTERNS, CreditNote, Invoice
from chalicelib.commerce.invoices.missing import gaps
from chalicelib.commerce.invoices.numbers import year_of

__all__ = [
    "CREDIT_NOTE_PREFIX",
    "INVOICE_PREFIX",
    "PATTERNS",
    "CreditNote",
    "CreditNoteIssued",
    "Invoice",
    "InvoiceIssued",
    "gaps",
    "year_of",
]
