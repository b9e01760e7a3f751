"""The nets under the workflow: orders that nobody follows, events that nobody worked through, money that comes late.

Two overlapping runs are harmless: what they do is what everyone does, conditional writes and all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from chalicelib.commerce.gateways import GatewayTrouble
from chalicelib.commerce.payments import event_states, following, lateness
from chalicelib.commerce.payments.calendar import months
from chalicelib.commerce.payments.configuration import PAYMENT_EXPIRE_MINUTES, RECONCILER_MIN_AGE_MINUTES
from chalicelib.commerce.payments.deciding import Step, expires_at
from chalicelib.commerce.payments.finalization import Ask, finalize
from chalicelib.commerce.payments.following import OrderState
from chalicelib.commerce.payments.items import PaymentEvent, PaymentOrder, Refund
from chalicelib.commerce.payments.refund_requests import REQUESTED
from chalicelib.commerce.payments.states import LAPSED, OPEN, Status
from chalicelib.commerce.payments.webhooks import EventMessage
from chalicelib.platform import clock
from chalicelib.platform.errors import ApiError, Unavailable
from chalicelib.platform.events import queues
from chalicelib.platform.events.queues import Queues
from chalicelib.platform.logs import count_metric, event
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Item, Query, fetch

MOST = 200
AT_ONCE = 10
PAGE = 500
WINDOW = timedelta(hours=24)
RECHECK_SECONDS = 60


class Summary(BaseModel):
    """What one run did."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    looked_at: int = 0
    started: int = 0
    succeeded: int = 0
    failed: int = 0
    expired: int = 0
    held: int = 0
    errors: int = 0
    events_queued: int = 0
    refunds_started: int = 0


@frozen
class Due:
    """An order to look at, as its list row says."""

    order_id: str
    user_id: str
    created_at: datetime

    @classmethod
    def of(cls, row: dict[str, Any]) -> Due:
        return cls(str(row["id"]), str(row["user_id"]), clock.parse_iso(str(row["created_at"])))


def reconcile() -> Summary:
    """Orders that are open and due, events left behind, refunds that nobody follows (PAY-32)."""
    now, summary = clock.now(), Summary()
    last = now - timedelta(minutes=RECONCILER_MIN_AGE_MINUTES())
    due = _due(OPEN, now - WINDOW, last, now)
    _add(summary, _at_once(due, _recover))
    summary.events_queued = _requeue(now - WINDOW, last)
    summary.refunds_started = _start_refunds(now - following.REFUND_PATIENCE, last)
    _report("reconciled", summary)
    return summary


def check_late() -> Summary:
    """Lapsed orders at fixed hours after they were placed: a success found goes the late way (PAY-33)."""
    now, summary = clock.now(), Summary()
    due = _due(LAPSED, now - lateness.horizon(), now, now)
    _add(summary, _at_once(due, lambda one: finalize(Ask(one.order_id, one.user_id, lapsed=True)).step))
    _report("late payments checked", summary)
    return summary


def _due(statuses: Sequence[Status], first: datetime, last: datetime, now: datetime) -> list[Due]:
    """Orders of these statuses placed from ``first`` to before ``last`` whose next check is due; one query a status and
    month, at most 200 in all.
    """
    found: list[Due] = []
    for status in statuses:
        for month in months(first, last):
            rows = _rows(PaymentOrder.of_month(month, first, last, status))
            due = (Due.of(row) for row in rows if _is_due(row, now))
            found.extend(islice(due, MOST - len(found)))
    return found


def _is_due(row: dict[str, Any], now: datetime) -> bool:
    at = row.get("next_check_at")
    return at is not None and int(at) <= now.timestamp()


def _rows(query: Query[Any]) -> Iterator[dict[str, Any]]:
    """The rows of a list, read page by page for as long as somebody wants more."""
    start: dict[str, str] | None = None
    while True:
        found = fetch(query, limit=PAGE, start=start)
        yield from (item.row.as_dict() for item in found.items if isinstance(item, Item) and item.row is not None)
        start = found.next_key
        if start is None:
            return


def _at_once(due: Sequence[Due], work: Callable[[Due], Step | None]) -> list[Step | Exception | None]:
    """Ten at a time; one that fails leaves the others alone."""

    def guarded(one: Due) -> Step | Exception | None:
        try:
            return work(one)
        except (GatewayTrouble, ApiError) as trouble:
            event("an order could not be checked", merchantTransactionId=one.order_id, trouble=type(trouble).__name__)
            return trouble

    if not due:
        return []
    with ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="reconcile") as pool:
        futures = [pool.submit(copy_context().run, guarded, one) for one in due]
        return [future.result() for future in futures]


def _recover(one: Due) -> Step | None:
    """Start the workflow that should be running, or do its work; None: it was started."""
    overdue = clock.now() >= expires_at(one.created_at, PAYMENT_EXPIRE_MINUTES())
    if not overdue:
        try:
            if following.start_following(OrderState(merchant_transaction_id=one.order_id, user_id=one.user_id)):
                return None
        except Unavailable:
            event("a workflow could not be started", merchantTransactionId=one.order_id)
    again = clock.epoch() + RECHECK_SECONDS
    return finalize(Ask(one.order_id, one.user_id, may_expire=True, next_check_at=again)).step


def _add(summary: Summary, results: Sequence[Step | Exception | None]) -> None:
    summary.looked_at += len(results)
    for result in results:
        if isinstance(result, Exception):
            summary.errors += 1
        elif result is None:
            summary.started += 1
        elif result in (Step.GRANT, Step.GIVE_BACK):
            summary.succeeded += 1
        elif result is Step.FAIL:
            summary.failed += 1
        elif result is Step.EXPIRE:
            summary.expired += 1
        elif result is Step.HOLD:
            summary.held += 1


def _requeue(first: datetime, last: datetime) -> int:
    """Events that came and were not worked through, unmatched ones too, for a day (PAY-64)."""
    rows = list(islice(_rows(PaymentEvent.unprocessed(first, last)), MOST))
    for row in rows:
        if row["state"] != event_states.FAILED:
            message = EventMessage(gateway=row["gateway"], event_id=row["event_id"], order_id=row.get("order_id"))
            queues.send(Queues.PAYMENT_EVENTS, message)
    return len(rows)


def _start_refunds(first: datetime, last: datetime) -> int:
    """Refunds whose workflow never began: the consumer that starts it may have ended in its dead-letter queue."""
    started = 0
    for month in months(first, last):
        for row in _rows(Refund.of_month(REQUESTED, month, first, last)):
            started += following.start_refunding(row["id"], row["order_id"])
    return started


def _report(what: str, summary: Summary) -> None:
    event(what, **summary.model_dump(by_alias=True))
    count_metric("ReconcilerLookedAt", summary.looked_at)
    if summary.errors:
        count_metric("ReconcilerErrors", summary.errors)
