"""Orders as staff find them (PAY-10, PAY-11) and have them checked (PAY-12)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast

from chalicelib.commerce import sellers
from chalicelib.commerce.gateways import GatewayTrouble
from chalicelib.commerce.payments import timeline, views
from chalicelib.commerce.payments.admin_schemas import (
    AdminOrderDetail,
    EventView,
    FinalizeResponse,
    InvoiceOfOrder,
    LinkedEntitlement,
    LinkedSubscription,
    OrderRow,
    OrdersQuery,
    UserSummary,
)
from chalicelib.commerce.payments.calendar import months
from chalicelib.commerce.payments.errors import GatewayUnavailable, OrderNotFound
from chalicelib.commerce.payments.finalization import Ask, finalize
from chalicelib.commerce.payments.items import (
    JournalEntry,
    OrderLocator,
    PaymentEvent,
    PaymentOrder,
    PaymentTransaction,
    Refund,
)
from chalicelib.commerce.sellers import Opened
from chalicelib.identity.accounts import User
from chalicelib.platform import clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.catalogue import Actions
from chalicelib.platform.access.decisions import require
from chalicelib.platform.access.resources import ACADEMY, Resource
from chalicelib.platform.errors import invalid
from chalicelib.platform.http import cursors
from chalicelib.platform.http.lists import filters_of
from chalicelib.platform.http.models import Page
from chalicelib.platform.parallel import together
from chalicelib.platform.store import Item, Query, fetch

MAX_PERIOD = timedelta(days=92)

LOCATED_ORDER = Resource(
    param="locator",
    item=OrderLocator,
    key=lambda path, _: OrderLocator.place(path["merchantTransactionId"]),
    entity=lambda _: ACADEMY,
    missing=OrderNotFound,
)
"""Any order, by its id alone: the locator says whose partition it is in."""


def orders(query: OrdersQuery, caller: Caller) -> Page[OrderRow]:
    """Orders of a user, of a status, or all; newest first, month by month, one query a page.

    What is no key condition filters the page that was read, which may then hold fewer rows, even none.
    """
    first, last = _period(query)
    filters = filters_of(query)
    start = cursors.open_("orders.all", caller.user_id, filters, query.cursor)
    if query.user_id is not None:
        found = fetch(_of_user(query, first, last), limit=query.limit, start=start)
        rows, following = [row_of(order.facts()) for order in found.items], found.next_key
    else:
        rows, following = _of_months(query, first, last, start)
    sealed = cursors.seal("orders.all", caller.user_id, filters, following)
    return Page(items=rows, next_cursor=sealed)


def _period(query: OrdersQuery) -> tuple[datetime, datetime]:
    last = query.to or clock.now() + timedelta(seconds=1)
    first = query.from_ or last - MAX_PERIOD
    if first >= last:
        raise invalid("query.to", "BEFORE_FROM", "must be after from")
    if query.from_ is not None and last - first > MAX_PERIOD + timedelta(days=1):
        raise invalid("query.from", "PERIOD_TOO_LONG", "from and to are at most 92 days apart")
    return first, last


def _fits(query: OrdersQuery) -> Callable[[dict[str, Any]], bool]:
    wanted = {"status": query.status, "gateway": query.gateway, "plan_key": query.plan_key}
    return lambda row: all(value is None or row.get(name) == value for name, value in wanted.items())


def _of_user(query: OrdersQuery, first: datetime, last: datetime) -> Query[PaymentOrder]:
    fits = _fits(query)
    dated = query.from_ is not None or query.to is not None
    keys: dict[str, Any] = {"begins_with": None, "between": PaymentOrder.user_range(first, last)} if dated else {}
    return PaymentOrder.of_user(str(query.user_id), keep=lambda order: fits(order.facts()), consistent=True, **keys)


def _of_months(
    query: OrdersQuery, first: datetime, last: datetime, start: dict[str, str] | None
) -> tuple[list[OrderRow], dict[str, str] | None]:
    """One page of one month, and where the next page begins: further in this month, or with the month before."""
    ahead = months(first, last)
    position = int(start.get("month", "0")) if start else 0
    key = {name: value for name, value in start.items() if name != "month"} if start else {}
    months_query = PaymentOrder.of_month(ahead[position], first, last, query.status)
    found = fetch(months_query, limit=query.limit, start=key or None)
    fits = _fits(query)
    rows = [order.row.as_dict() for order in found.items if order.row is not None]
    shown = [row_of(row) for row in rows if fits(row)]
    if found.next_key is not None:
        return shown, {**found.next_key, "month": str(position)}
    if position + 1 < len(ahead):
        return shown, {"month": str(position + 1)}
    return shown, None


def row_of(row: dict[str, Any]) -> OrderRow:
    """A row of the staff's lists, from an order's ``facts``."""
    names = (
        "user_id title plan_key amount_paise tax_paise currency status status_reason flags gateway refund_state"
        " created_at paid_at"
    )
    facts = {name: row.get(name) for name in names.split()}
    return OrderRow(merchant_transaction_id=row["id"], **cast("dict[str, Any]", facts))


def order_detail(locator: OrderLocator, caller: Caller, *, raw: bool) -> AdminOrderDetail:
    """Everything about an order: after the locator, which came beside the card, all reads side by side."""
    if raw:
        require(caller, Actions.PAYMENTS_MANAGE)
    order_id, user_id = str(locator.merchant_transaction_id), str(locator.user_id)
    both, beside, ledger, events, *opened = together(
        lambda: store.get_many([PaymentOrder.place(user_id, order_id), User.place(user_id)]),
        lambda: store.every(OrderLocator.partition(order_id)),
        lambda: store.every(JournalEntry.of_order(order_id)),
        lambda: store.fetch(PaymentEvent.of_order(order_id), limit=200).items,
        *(partial(sellers.seller(kind).opened, user_id, order_id) for kind in sellers.kinds()),
    )
    order, user = cast("list[Item | None]", both)
    if not isinstance(order, PaymentOrder):
        raise OrderNotFound
    items, entries = cast("list[Item]", beside), cast("list[JournalEntry]", ledger)
    payments = [one for one in items if isinstance(one, PaymentTransaction)]
    refunds = [one for one in items if isinstance(one, Refund)]
    told = [one.row.as_dict() for one in cast("list[PaymentEvent]", events) if one.row is not None]
    linked = cast("list[Opened]", opened)
    return AdminOrderDetail(
        **views.admin_facts(order),
        user=_user(user_id, user),
        transactions=[views.transaction_view(one) for one in payments],
        refunds=[views.refund_view(one) for one in refunds],
        ledger=[views.journal_view(one) for one in entries],
        events=_events(told, raw=raw),
        invoice=_invoice(order, refunds),
        subscriptions=[LinkedSubscription.model_validate(one) for part in linked for one in part.subscriptions],
        entitlements=[LinkedEntitlement.model_validate(one) for part in linked for one in part.entitlements],
        timeline=timeline.of(order, payments, refunds, entries, told),
    )


def _invoice(order: PaymentOrder, refunds: Sequence[Refund]) -> InvoiceOfOrder | None:
    if not order.invoice_number:
        return None
    notes = [str(one.credit_note_number) for one in refunds if one.credit_note_number is not None]
    return InvoiceOfOrder(number=str(order.invoice_number), credit_notes=notes)


def _user(user_id: str, user: Item | None) -> UserSummary:
    known = user if isinstance(user, User) else None
    return UserSummary(
        id=user_id,
        name=known.name if known else None,
        email=known.email if known else None,
        phone=known.phone if known else None,
        status=known.status if known else None,
    )


def _events(rows: Sequence[dict[str, Any]], *, raw: bool) -> list[EventView]:
    bodies: dict[str, str] = {}
    if raw and rows:
        stored = store.get_many([PaymentEvent.place(row["gateway"], row["event_id"]) for row in rows[:50]])
        bodies = {
            str(one.event_id): base64.b64encode(one.raw_body).decode()
            for one in stored
            if isinstance(one, PaymentEvent)
        }
    return [
        EventView(
            event_id=row["event_id"],
            gateway=row["gateway"],
            event_type=row["event_type"],
            state=row["state"],
            received_at=row["received_at"],
            raw_body=bodies.get(row["event_id"]),
        )
        for row in rows
    ]


def finalize_order(locator: OrderLocator, caller: Caller, reason: str | None) -> FinalizeResponse:
    """One status check by staff, whatever the order's state; 502 when the gateway cannot be asked."""
    ask = Ask(
        str(locator.merchant_transaction_id),
        str(locator.user_id),
        lapsed=True,
        may_expire=True,
        by=caller,
        reason=reason,
        next_check_at=clock.epoch() + 60,
    )
    try:
        result = finalize(ask)
    except GatewayTrouble as trouble:
        raise GatewayUnavailable from trouble
    return FinalizeResponse(changed=result.changed, order=views.admin_order(result.order))
