"""The daily comparison as finance reads it (PAY-19)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, cast

from chalicelib.commerce import gateways
from chalicelib.commerce.bookkeeping.items import ReconciliationReport
from chalicelib.commerce.bookkeeping.schemas import BookDifference, DayReport, DayReports, ReconciliationQuery
from chalicelib.commerce.bookkeeping.tallies import NO_GATEWAY, OFFLINE
from chalicelib.platform import store
from chalicelib.platform.errors import invalid
from chalicelib.platform.parallel import together

MAX_DAYS = 92


def reports(query: ReconciliationQuery) -> DayReports:
    """The reports of some days, by day and gateway. One query a gateway, side by side."""
    if query.from_ > query.to:
        raise invalid("query.to", "BEFORE_FROM", "must not be before from")
    if (query.to - query.from_).days >= MAX_DAYS:
        raise invalid("query.from", "PERIOD_TOO_LONG", f"from and to span at most {MAX_DAYS} days")
    names = [query.gateway] if query.gateway else [*gateways.offered(), OFFLINE, NO_GATEWAY]
    pages = together(
        *(partial(store.every, ReconciliationReport.of_days(name, query.from_, query.to)) for name in names)
    )
    found = [one for page in pages for one in cast("list[ReconciliationReport]", page)]
    return DayReports(items=[_shown(one) for one in sorted(found, key=lambda one: (str(one.day), str(one.gateway)))])


def _shown(one: ReconciliationReport) -> DayReport:
    totals = {name: int(value) for name, value in one.totals.as_dict().items()}
    return DayReport(
        date=str(one.day),
        gateway=str(one.gateway),
        orders=totals["orders"],
        captured_paise=totals["captured"],
        refunded_paise=totals["refunded"],
        fees_paise=totals["fees"],
        settled_paise=totals["settled"],
        owed_paise=totals["owed"],
        ledger_balance_paise=totals["unbalanced"],
        differences=[_difference(difference) for difference in one.differences],
        difference_count=int(one.difference_count),
        made_at=one.made_at,
    )


def _difference(plain: Mapping[str, Any]) -> BookDifference:
    return BookDifference(
        kind=plain["kind"],
        merchant_transaction_id=plain["orderId"],
        merchant_refund_id=plain["refundId"],
        reference=plain["reference"],
        expected_paise=plain["expectedPaise"],
        found_paise=plain["foundPaise"],
    )
