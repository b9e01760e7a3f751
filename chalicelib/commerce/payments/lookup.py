"""«I paid, where is it» (PAY-117), and the orders that hang (PAY-120)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast

from chalicelib.commerce.payments.admin_schemas import OrderRow
from chalicelib.commerce.payments.calendar import months
from chalicelib.commerce.payments.items import PaymentOrder, PaymentTransaction
from chalicelib.commerce.payments.lookup_schemas import FoundOrders, HangingOrders, PaymentSearch
from chalicelib.commerce.payments.order_admin import row_of
from chalicelib.commerce.payments.states import OPEN, Status
from chalicelib.identity.accounts import students_by_email, students_by_phone
from chalicelib.platform import clock, store
from chalicelib.platform.logs import event, measure
from chalicelib.platform.parallel import together
from chalicelib.platform.store import Query, fetch

MOST = 100
MOST_HANGING = 200
HANGS_AFTER_MINUTES = 60
HORIZON = timedelta(days=31)
HANGING = (*OPEN, Status.REVIEW)


def search(asked: PaymentSearch) -> FoundOrders:
    """The orders of whom or what is named. Two round trips, whatever is found."""
    if asked.utr is not None:
        found = _paid_by(PaymentTransaction.by_utr(asked.utr))
    elif asked.gateway_transaction_id is not None:
        found = _paid_by(PaymentTransaction.by_provider_id(asked.gateway_transaction_id))
    else:
        found = _of_people(students_by_phone(asked.phone) if asked.phone else students_by_email(str(asked.email)))
    newest_first = sorted(found, key=lambda order: order.id, reverse=True)
    return FoundOrders(items=[row_of(order.facts()) for order in newest_first])


def _paid_by(query: Query[PaymentTransaction]) -> list[PaymentOrder]:
    rows = [one.row.as_dict() for one in fetch(query, limit=MOST).items if one.row is not None]
    places = [PaymentOrder.place(str(row["user_id"]), str(row["order_id"])) for row in rows]
    return [one for one in store.get_many(places) if isinstance(one, PaymentOrder)] if places else []


def _of_people(user_ids: Sequence[str]) -> list[PaymentOrder]:
    """At most five people, side by side."""
    if not user_ids:
        return []
    queries = [PaymentOrder.of_user(user_id, consistent=True) for user_id in user_ids]
    pages = together(*(partial(fetch, query, limit=MOST) for query in queries))
    return [order for page in pages for order in cast("store.Slice[PaymentOrder]", page).items]


def hanging(minutes: int) -> HangingOrders:
    """Orders of the last month whose payment nobody knows, or has decided about, for so long; oldest first."""
    last = clock.now() - timedelta(minutes=minutes)
    rows = sorted(_hanging_rows(last - HORIZON, last), key=lambda row: str(row["created_at"]))
    items: list[OrderRow] = [row_of(row) for row in rows[:MOST_HANGING]]
    return HangingOrders(items=items, more=len(rows) > MOST_HANGING)


def _hanging_rows(first: datetime, last: datetime) -> list[dict[str, Any]]:
    """One query a status and month, side by side."""
    queries = [PaymentOrder.of_month(month, first, last, status) for status in HANGING for month in months(first, last)]
    pages = together(*(partial(fetch, query, limit=MOST_HANGING + 1) for query in queries))
    items = [order for page in pages for order in cast("store.Slice[PaymentOrder]", page).items]
    return [order.row.as_dict() for order in items if order.row is not None]


def count_hanging() -> dict[str, int]:
    """Measure how many have hung for an hour, by status (PAY-123); 201 of a month are as good as more."""
    last = clock.now() - timedelta(minutes=HANGS_AFTER_MINUTES)
    counts = dict.fromkeys(map(str, HANGING), 0)
    for row in _hanging_rows(last - HORIZON, last):
        counts[str(row["status"])] += 1
    for status, count in counts.items():
        measure("OrdersWaiting", count, status=status)
    event("orders that wait", **counts)
    return counts
