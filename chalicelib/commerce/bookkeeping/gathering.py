"""Everything that a day's comparison looks at: read page by page, kept small."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from chalicelib.commerce.bookkeeping.comparing import RefundFacts
from chalicelib.commerce.bookkeeping.items import PAYMENT, Settlement
from chalicelib.commerce.bookkeeping.tallies import Entry
from chalicelib.commerce.payments import JournalEntry, OrderStatus, PaymentOrder, Refund, months
from chalicelib.platform import clock, store
from chalicelib.platform.store import Item, Query, fetch

ItemT = TypeVar("ItemT", bound=Item)

PAGE, BATCH = 1_000, 100
BEFORE = timedelta(days=4)
"""An order is asked about for three days after it was placed; what is paid later is found by its ledger entry."""
REFUND_WAIT = timedelta(days=8)
STUCK_ORDER, STUCK_REQUEST, STUCK_REFUND = timedelta(days=1), timedelta(days=1), timedelta(days=7)
HORIZON = timedelta(days=31)
"""What is stuck for longer was told every day of a month."""


@dataclass
class Gathered:
    """A day. ``owners``: orders to look at → whose, None where only the ledger names them.

    ``by_order``: the day's entries of each order. ``statement``: the payments of each gateway's statement of the day;
    ``paid_out``: orders that any statement since then names, of gateways that have given one.
    """

    day: date
    entries: list[Entry] = field(default_factory=list)
    by_order: dict[str, list[Entry]] = field(default_factory=dict)
    owners: dict[str, str | None] = field(default_factory=dict)
    refunds: list[RefundFacts] = field(default_factory=list)
    statement: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    paid_out: dict[str, set[str]] = field(default_factory=dict)


def gather(day: date, gateway_names: Sequence[str], later_days: int) -> Gathered:
    """The day's ledger, its orders and refunds, and the statements of it and of ``later_days`` after it."""
    found = Gathered(day)
    for row in rows(JournalEntry.of_day(day.isoformat())):
        entry = Entry.of(row)
        found.entries.append(entry)
        if entry.order_id.startswith("TXN"):
            found.by_order.setdefault(entry.order_id, []).append(entry)
            found.owners.setdefault(entry.order_id, None)
    _orders(found)
    found.refunds = list(_refunds(day))
    _statements(found, gateway_names, later_days)
    return found


def _orders(found: Gathered) -> None:
    last = clock.day_end(found.day)
    first = clock.day_start(found.day) - BEFORE
    for month in months(first, last):
        for row in rows(PaymentOrder.of_month(month, first, last)):
            paid = row.get("paid_at")
            held = row["status"] == OrderStatus.REVIEW
            if held or (paid and clock.academy_day(clock.parse_iso(str(paid))) == found.day):
                found.owners[str(row["id"])] = str(row["user_id"])
            elif str(row["id"]) in found.owners:
                found.owners[str(row["id"])] = str(row["user_id"])


def _refunds(day: date) -> Iterator[RefundFacts]:
    """Refunds that succeeded on the day; the list knows when they were asked for, the refund when it was over."""
    last = clock.day_end(day)
    for refund in _stored(_refund_rows("SUCCEEDED", last - REFUND_WAIT - timedelta(days=1), last)):
        if refund.processed_at is not None and clock.academy_day(refund.processed_at) == day:
            yield RefundFacts(
                str(refund.merchant_refund_id),
                str(refund.merchant_transaction_id),
                str(refund.gateway),
                int(refund.amount_paise),
            )


def _refund_rows(state: str, first: datetime, last: datetime) -> Iterator[dict[str, Any]]:
    for month in months(first, last):
        yield from rows(Refund.of_month(state, month, first, last))


def _stored(refund_rows: Iterator[dict[str, Any]]) -> Iterator[Refund]:
    """The refunds themselves, a hundred a batch."""
    places = [Refund.place(str(row["order_id"]), str(row["id"])) for row in refund_rows]
    for begin in range(0, len(places), BATCH):
        batch = store.get_many(places[begin : begin + BATCH])
        yield from (one for one in batch if isinstance(one, Refund))


def _statements(found: Gathered, gateway_names: Sequence[str], later_days: int) -> None:
    for name in gateway_names:
        for later in range(later_days + 1):
            day = (found.day + timedelta(days=later)).isoformat()
            paid = [row for row in rows(Settlement.of_day(name, day)) if row["kind"] == PAYMENT]
            if later == 0:
                found.statement[name] = paid
            if paid:
                named = found.paid_out.setdefault(name, set())
                named.update(str(row["order_id"]) for row in paid if row["order_id"])
        for row in found.statement.get(name, ()):
            if row["order_id"]:
                found.owners.setdefault(str(row["order_id"]), None)


def stuck_orders(day: date) -> Iterator[dict[str, Any]]:
    """Rows of orders that were open for over a day when the day ended, and still are."""
    last = clock.day_end(day) - STUCK_ORDER
    first = last - HORIZON
    for status in (OrderStatus.CREATED, OrderStatus.PENDING):
        for month in months(first, last):
            yield from rows(PaymentOrder.of_month(month, first, last, status))


def stuck_refunds(day: date) -> Iterator[Refund]:
    """Refunds that nobody began within a day, or that no gateway ended within seven."""
    end = clock.day_end(day)
    for state, wait in (("REQUESTED", STUCK_REQUEST), ("PROCESSING", STUCK_REFUND)):
        yield from _stored(_refund_rows(state, end - HORIZON, end - wait))


def rows(query: Query[ItemT]) -> Iterator[dict[str, Any]]:
    """The rows of a list, page by page."""
    start: Mapping[str, str] | None = None
    while True:
        found = fetch(query, limit=PAGE, start=start)
        yield from (dict(item.row.as_dict()) for item in found.items if item.row is not None)
        start = found.next_key
        if start is None:
            return
