"""The books: the ledger as people read it, what gateways paid out, and every day compared with both."""

from chalicelib.commerce.bookkeeping.items import PATTERNS, ReconciliationReport, ReconciliationRun, Settlement

__all__ = ["PATTERNS", "ReconciliationReport", "ReconciliationRun", "Settlement"]
