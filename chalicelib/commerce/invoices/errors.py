"""Errors of invoices."""

from __future__ import annotations

from chalicelib.platform.errors import ApiError


class InvoiceNotReady(ApiError):
    status = 404
    code = "INVOICE_NOT_READY"
    message = "There is no invoice of this order (yet)"


class InvoiceNotFound(ApiError):
    status = 404
    code = "INVOICE_NOT_FOUND"
    message = "There is no invoice of this number"
