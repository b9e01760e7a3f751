"""The ledger as finance reads it (PAY-20). Nothing here changes an entry, and no role could."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, cast

from chalicelib.commerce.bookkeeping.items import ReconciliationRun
from chalicelib.commerce.bookkeeping.schemas import AccountTotal, LedgerEntry, LedgerLine, LedgerPage, LedgerQuery
from chalicelib.commerce.bookkeeping.tallies import Entry, by_account
from chalicelib.commerce.payments import JournalEntry
from chalicelib.platform import store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.http import cursors
from chalicelib.platform.http.lists import filters_of
from chalicelib.platform.parallel import together
from chalicelib.platform.store import Item, Slice, fetch

LIST = "ledger"
FIRST, FINAL = "FIRST", "FINAL"


def read(query: LedgerQuery, caller: Caller) -> LedgerPage:
    """The entries of an order, or a page of a day's; one round trip."""
    if query.merchant_transaction_id is not None:
        rows = [facts(one) for one in store.every(JournalEntry.of_order(query.merchant_transaction_id))]
        return LedgerPage(items=[shown(row) for row in rows], totals=_totals(by_account(map(Entry.of, rows))))
    return _of_day(cast(date, query.date).isoformat(), query, caller)


def _of_day(day: str, query: LedgerQuery, caller: Caller) -> LedgerPage:
    """A page, and the totals of the day: added up where it is the only page, else as the nightly run left them."""
    filters = filters_of(query)
    start = cursors.open_(LIST, caller.user_id, filters, query.cursor)
    page, runs = together(
        lambda: fetch(JournalEntry.of_day(day), limit=query.limit, start=start),
        lambda: store.get_many([ReconciliationRun.place(day, stage) for stage in (FINAL, FIRST)]),
    )
    found = cast("Slice[JournalEntry]", page)
    rows = [one.row.as_dict() for one in found.items if one.row is not None]
    if start is None and found.next_key is None:
        totals: dict[str, int] | None = by_account(map(Entry.of, rows))
    else:
        closed = [run for run in cast("list[Item | None]", runs) if isinstance(run, ReconciliationRun) and run.done]
        totals = dict(closed[0].accounts) if closed else None
    return LedgerPage(
        items=[shown(row) for row in rows],
        next_cursor=cursors.seal(LIST, caller.user_id, filters, found.next_key),
        totals=_totals(totals) if totals is not None else None,
    )


def facts(entry: JournalEntry) -> dict[str, Any]:
    """The whole entry, as its row in the index is."""
    return dict(entry.row.as_dict()) if entry.row is not None else {}


def shown(row: Mapping[str, Any]) -> LedgerEntry:
    """An entry from its row."""
    order_id = str(row["order_id"])
    lines: Iterable[Mapping[str, Any]] = row["lines"]
    return LedgerEntry(
        merchant_transaction_id=order_id if order_id.startswith("TXN") else None,
        entry_id=str(row["entry_id"]),
        lines=[
            LedgerLine(
                account=str(line["account"]),
                debit_paise=int(line["debitPaise"]),
                credit_paise=int(line["creditPaise"]),
            )
            for line in lines
        ],
        currency=str(row["currency"]),
        at=row["at"],
        by=str(row["by"]),
        memo=str(row["memo"]),
    )


def _totals(accounts: Mapping[str, int]) -> list[AccountTotal]:
    return [AccountTotal(account=name, balance_paise=int(paise)) for name, paise in accounts.items()]
