"""Every day of the books compared with its orders and the gateways' statements (PAY-36).

The night after (FIRST), and again once statements must have come (FINAL), which replaces the report. What one run could
not finish the next one goes on with: after each few hundred orders it is written down how far the day is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from chalicelib.commerce import gateways, invoices
from chalicelib.commerce.bookkeeping import comparing, examining, gathering, tallies
from chalicelib.commerce.bookkeeping.comparing import Differs, Kind
from chalicelib.commerce.bookkeeping.examining import Examined
from chalicelib.commerce.bookkeeping.gathering import Gathered
from chalicelib.commerce.bookkeeping.items import ReconciliationReport, ReconciliationRun
from chalicelib.commerce.bookkeeping.ledger import FINAL, FIRST
from chalicelib.commerce.bookkeeping.tallies import NO_GATEWAY, OFFLINE
from chalicelib.platform import clock, settings, store
from chalicelib.platform.errors import ApiError
from chalicelib.platform.logs import alarm, count_metric, event, unexpected
from chalicelib.platform.store import ConditionFailed, absent

SETTLEMENT_GRACE_DAYS = settings.integer("SETTLEMENT_GRACE_DAYS", default=3, minimum=1, maximum=14)
"""So many days after a payment its gateway has paid it out, and the statement of that was imported."""
BACK = 4
"""So many nights may fail before a day has to be compared by hand."""
RECONCILIATION_PAGE = settings.integer("RECONCILIATION_PAGE", default=400, minimum=1, maximum=5_000)
"""Orders that are looked at before it is written down how far a day is."""
ENOUGH_SECONDS = 60.0


class Summary(BaseModel):
    """What one run did. ``unfinished``: days that the next run goes on with."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    days: int = 0
    orders: int = 0
    differences: int = 0
    unfinished: int = 0


def reconcile(given: dict[str, Any], remaining: Callable[[], float]) -> Summary:
    """Compare the days that are due, the newest first; ``given`` may name one ``day`` to compare anew."""
    summary, today = Summary(), clock.academy_day(clock.now())
    if "day" in given:
        day = date.fromisoformat(str(given["day"]))
        late = (today - day).days > SETTLEMENT_GRACE_DAYS()
        due = [_begin(day, FINAL if late else FIRST)]
    else:
        due = list(_due(today))
    for run in due:
        if remaining() < ENOUGH_SECONDS or not _finish(run, summary, remaining):
            summary.unfinished += 1
    return summary


def _due(today: date) -> Iterable[ReconciliationRun]:
    """Days of late that were not compared, and those whose statements must be in by now. One batch read."""
    grace = SETTLEMENT_GRACE_DAYS()
    wanted = [(today - timedelta(days=back), FIRST) for back in range(1, BACK + 1)]
    wanted += [(today - timedelta(days=grace + back), FINAL) for back in range(1, BACK + 1)]
    stored = store.get_many([ReconciliationRun.place(day.isoformat(), stage) for day, stage in wanted])
    for (day, stage), run in zip(wanted, stored, strict=True):
        if not isinstance(run, ReconciliationRun):
            yield _new(day, stage)
        elif not run.done:
            yield run


def _new(day: date, stage: str) -> ReconciliationRun:
    run = ReconciliationRun(*ReconciliationRun.place(day.isoformat(), stage), day=day.isoformat(), stage=stage)
    run.version, run.updated_at = 0, clock.now()
    return run


def _begin(day: date, stage: str) -> ReconciliationRun:
    """A day from its start, whatever was found before."""
    run, known = _new(day, stage), store.get(ReconciliationRun, ReconciliationRun.place(day.isoformat(), stage))
    run.version = int(known.version) if known is not None else 0
    return run


def _save(run: ReconciliationRun) -> bool:
    """Write down how far the day is; false when another run is at it, and has come as far."""
    before = int(run.version)
    run.version, run.updated_at = before + 1, clock.now()
    when = ReconciliationRun.version == before if before else absent(ReconciliationRun)
    try:
        store.put(run, when=when)
    except ConditionFailed:
        event("a day is being compared elsewhere", day=run.day)
        return False
    return True


def _finish(run: ReconciliationRun, summary: Summary, remaining: Callable[[], float]) -> bool:
    """Compare the rest of a day, and write its reports; false when time or the day was taken away."""
    day, final = date.fromisoformat(str(run.day)), run.stage == FINAL
    names = gateways.offered()
    found = gathering.gather(day, names, SETTLEMENT_GRACE_DAYS() if final else 0)
    ids = sorted(order_id for order_id in _wanted(found) if order_id > str(run.position))
    unsaved = 0
    page = RECONCILIATION_PAGE()
    size = min(page, examining.CHUNK)
    for begin in range(0, len(ids), size):
        chunk = ids[begin : begin + size]
        for seen in _examined(found, chunk, final=final):
            _note(run, seen.paid, seen.differences)
        run.position, unsaved = chunk[-1], unsaved + len(chunk)
        summary.orders += len(chunk)
        if unsaved >= page:
            unsaved = 0
            if not _save(run) or remaining() < ENOUGH_SECONDS:
                return False
    _note(run, (), _of_the_day(found))
    _report(run, found, names)
    run.done, run.accounts = 1, tallies.by_account(found.entries)
    if not _save(run):
        return False
    summary.days += 1
    summary.differences += sum(dict(run.counts).values())
    _tell(run)
    return True


def _examined(found: Gathered, ids: Sequence[str], *, final: bool) -> Iterable[Examined]:
    """What some orders showed; one that cannot be read is left out, with an alarm, and does not hold up the others."""
    try:
        return [examining.examine(found, ids, statements_are_in=final)]
    except ApiError:
        raise
    except Exception as error:  # noqa: BLE001  # one poisoned order must not hold up its day
        if len(ids) > 1:
            return [seen for order_id in ids for seen in _examined(found, [order_id], final=final)]
        unexpected(error)
        alarm("an order could not be compared", merchantTransactionId=ids[0])
        return []


def _wanted(found: Gathered) -> set[str]:
    return {*found.owners, *(_owned(found, refund.order_id) for refund in found.refunds)}


def _owned(found: Gathered, order_id: str) -> str:
    found.owners.setdefault(order_id, None)
    return order_id


def _note(run: ReconciliationRun, paid: Iterable[str], differences: Iterable[Differs]) -> None:
    orders, counts, kept = dict(run.orders), dict(run.counts), list(run.differences)
    for gateway in paid:
        orders[gateway] = orders.get(gateway, 0) + 1
    for one in differences:
        counts[one.gateway] = counts.get(one.gateway, 0) + 1
        if len(kept) < ReconciliationRun.MOST:
            kept.append(one.plain())
    run.orders, run.counts, run.differences = orders, counts, kept


def _of_the_day(found: Gathered) -> Iterable[Differs]:
    """What belongs to no paid order: entries out of balance, rows without an order, what is stuck, gaps of numbers."""
    yield from comparing.unbalanced(found.entries)
    for gateway, rows in found.statement.items():
        for row in rows:
            if not row["order_id"]:
                yield from comparing.of_statement(gateway, row, None)
    for stuck in gathering.stuck_orders(found.day):
        expected = int(stuck["amount_paise"])
        yield Differs(Kind.ORDER_STUCK, str(stuck["gateway"]), str(stuck["id"]), expected=expected)
    for refund in gathering.stuck_refunds(found.day):
        order_id, refund_id = str(refund.merchant_transaction_id), str(refund.merchant_refund_id)
        yield Differs(Kind.REFUND_STUCK, str(refund.gateway), order_id, refund_id, expected=int(refund.amount_paise))
    for prefix in (invoices.INVOICE_PREFIX(), invoices.CREDIT_NOTE_PREFIX()):
        for number in invoices.gaps(prefix, invoices.year_of(found.day)):
            yield Differs(Kind.INVOICE_GAP, NO_GATEWAY, reference=number)


def _report(run: ReconciliationRun, found: Gathered, names: Iterable[str]) -> None:
    """One report a gateway; each replaces what a former run of the day wrote."""
    orders, counts = dict(run.orders), dict(run.counts)
    sums = tallies.by_gateway(found.entries, {*names, OFFLINE, NO_GATEWAY, *orders, *counts})
    for gateway, tally in sums.items():
        tally.orders = int(orders.get(gateway, 0))
        own = [one for one in run.differences if one["gateway"] == gateway]
        report = ReconciliationReport(
            *ReconciliationReport.place(gateway, str(run.day)),
            gateway=gateway,
            day=run.day,
            totals=tally.plain(),
            differences=own[: ReconciliationReport.MOST],
            difference_count=int(counts.get(gateway, 0)),
            made_at=clock.now(),
        )
        store.put(report)


def _tell(run: ReconciliationRun) -> None:
    total = sum(dict(run.counts).values())
    event("a day of the books was compared", day=run.day, stage=run.stage, differences=total)
    count_metric("ReconciliationDifferences", total)
    if total:
        kinds = sorted({one["kind"] for one in run.differences})
        alarm("the books of a day do not fit", day=run.day, kinds=kinds, differences=total)
