"""The books, for finance."""

from __future__ import annotations

from chalicelib.commerce.bookkeeping import adjustments, ledger, reports, settlements
from chalicelib.commerce.bookkeeping.errors import LedgerUnbalanced, StatementUnreadable
from chalicelib.commerce.bookkeeping.schemas import (
    Adjustment,
    DayReports,
    LedgerEntry,
    LedgerPage,
    LedgerQuery,
    ReconciliationQuery,
    StatementImport,
    StatementImported,
)
from chalicelib.commerce.payments import OrderNotFound
from chalicelib.content.files import AssetUnusable
from chalicelib.platform.errors import Conflict, ReauthRequired
from chalicelib.platform.http import Actions, Answer, Caller, Grant, Idempotency, Limits, api

READS = [Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY]


@api.get("/v1/admin/payments/ledger", action=Actions.PAYMENTS_READ, grants=[*READS, Grant.SECRET_CURSOR])
def read_ledger(query: LedgerQuery, caller: Caller) -> LedgerPage:
    """The ledger of a day or of an order.

    `totals` are debits less credits of each account; of a day with several pages they are there once the day is closed.
    """
    return ledger.read(query, caller)


@api.post(
    "/v1/admin/payments/ledger/adjustments",
    action=Actions.PAYMENTS_MANAGE,
    status=201,
    grants=[*READS, Grant.TABLE_WRITE],
    raises=[Conflict, LedgerUnbalanced, OrderNotFound, ReauthRequired],
    idempotency=Idempotency.REQUIRED,
    examples={
        "lines": [{"account": "BANK", "debitPaise": 100}, {"account": "SUSPENSE", "creditPaise": 100}],
        "memo": "Bank charges that were booked twice",
        "merchantTransactionId": None,
    },
)
def adjust_ledger(body: Adjustment, caller: Caller) -> Answer[LedgerEntry]:
    """Correct the books by one further entry.

    It moves no money and no access. Debits must equal credits; nothing that was written is ever changed.
    """
    return Answer(adjustments.adjust(body, caller))


@api.post(
    "/v1/admin/payments/settlements",
    action=Actions.PAYMENTS_MANAGE,
    limits=[Limits.BULK],
    grants=[*READS, Grant.TABLE_WRITE, Grant.FILES_READ],
    raises=[AssetUnusable, Conflict, StatementUnreadable],
    examples={
        "gateway": "PHONEPE",
        "date": "2026-01-31",
        "rows": [{"reference": "S1", "amountPaise": 49900, "feePaise": 900, "settledAt": "2026-02-01T06:00:00Z"}],
        "fileAssetId": None,
    },
    timeout=29,
)
def import_settlements(body: StatementImport, caller: Caller) -> StatementImported:
    """Take a gateway's statement into the books: up to 1,000 rows, or a CSV file of them.

    A reference counts once for its gateway; sending a statement again changes nothing. Rows that are not taken come
    back with the reason. Of a longer file call again with `fromRow` = `nextRow`.
    """
    return settlements.take_in(body, caller)


@api.get("/v1/admin/payments/reconciliation", action=Actions.PAYMENTS_READ, grants=READS)
def list_reconciliation_reports(query: ReconciliationQuery) -> DayReports:
    """How orders, ledger and the gateways' statements compared, day by day."""
    return reports.reports(query)
