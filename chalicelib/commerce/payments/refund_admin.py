"""Refunds as staff find them (PAY-15) and have them checked (PAY-16)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.commerce.gateways import GatewayTrouble
from chalicelib.commerce.payments import refunding, refunds, views
from chalicelib.commerce.payments.errors import GatewayUnavailable, RefundNotFound
from chalicelib.commerce.payments.items import OrderLocator, Refund
from chalicelib.commerce.payments.refund_requests import FAILED, PROCESSING, REQUESTED, SUCCEEDED
from chalicelib.commerce.payments.refund_schemas import RefundDetail, RefundListRow, RefundRequest, RefundsQuery
from chalicelib.platform import clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.http import periods
from chalicelib.platform.http.models import Page
from chalicelib.platform.store import Query

USUAL, MOST = timedelta(days=31), timedelta(days=92)
STATES = (REQUESTED, PROCESSING, FAILED, SUCCEEDED)
"""As a list without a state goes through them: what still moves, and what went wrong, first."""


def ask(locator: OrderLocator, caller: Caller, wanted: RefundRequest, key: str) -> RefundDetail:
    """Ask for a refund; see ``refunding.refund``."""
    return _detail(refunding.refund(locator, caller, wanted, key))


def refunds_of(query: RefundsQuery, caller: Caller) -> Page[RefundListRow]:
    """Refunds of a state, or of all states one after the other; of each, month by month, newest first."""
    place = periods.opened("refunds.all", caller.user_id, query, usual=USUAL, most=MOST)
    states = (query.state,) if query.state is not None else STATES
    parts = [f"{state}#{month}" for state in states for month in place.period.months()]

    def of_part(part: str) -> Query[Refund]:
        state, _, month = part.partition("#")
        first = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
        query = Refund.of_month(state, first, place.period.first, place.period.last)
        return replace(query, descending=True)

    found = periods.walk(of_part, parts, limit=query.limit, start=place.start)
    sealed = periods.sealed("refunds.all", caller.user_id, query, place.period, found.next_key)
    rows = [_row(one.row.as_dict()) for one in found.items if one.row is not None]
    return Page(items=rows, next_cursor=sealed)


def _row(row: dict[str, Any]) -> RefundListRow:
    return RefundListRow(
        merchant_refund_id=row["id"],
        merchant_transaction_id=row["order_id"],
        user_id=row["user_id"],
        amount_paise=int(row["amount_paise"]),
        currency=row.get("currency", "INR"),
        kind=row["cause"],
        mode=row.get("mode", "GATEWAY"),
        state=row["state"],
        requested_at=clock.parse_iso(str(row["created_at"])),
    )


def check(refund_id: str) -> RefundDetail:
    """Ask the gateway once how a refund stands, and settle it if it says so; one that has ended stays as it is.

    502 when the gateway cannot be asked.
    """
    found = store.fetch(Refund.by_id(refund_id), limit=1).items
    row: dict[str, Any] = found[0].row.as_dict() if found and found[0].row is not None else {}
    if "order_id" not in row:
        raise RefundNotFound
    try:
        return _detail(refunds.follow(str(row["order_id"]), refund_id))
    except GatewayTrouble as trouble:
        raise GatewayUnavailable from trouble


def _detail(refund: Refund) -> RefundDetail:
    shown = views.refund_view(refund).model_dump()
    return RefundDetail(**shown, merchant_transaction_id=str(refund.merchant_transaction_id))
