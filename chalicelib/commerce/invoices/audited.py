"""What invoices write to the audit trail (PAY-111)."""

from __future__ import annotations

from typing import Any

from chalicelib.commerce.invoices.items import Document
from chalicelib.platform.audit import AuditAction

INVOICE_ISSUE = AuditAction("invoice.issue", "An invoice or a credit note was issued")
INVOICE_REGENERATE = AuditAction("invoice.regenerate", "An invoice's PDF was made anew")


def meta(document: Document) -> dict[str, Any]:
    """What an entry about a document says."""
    return {
        "merchantTransactionId": document.merchant_transaction_id,
        "number": document.number,
        "document": document.document,
        "amountPaise": int(document.amount_paise),
    }
