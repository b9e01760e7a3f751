"""Subscriptions as their owner (SUB-02) and staff (SUB-03, SUB-07) look them up."""

from __future__ import annotations

from chalicelib.commerce.payments import PaymentOrder
from chalicelib.commerce.plans import read_items
from chalicelib.commerce.subscriptions.items import (
    Entitlement,
    Subscription,
    SubscriptionChange,
    ending_on,
    entitlements_of,
    history_of,
    newest_of,
    of_plan,
)
from chalicelib.commerce.subscriptions.schemas import LastOrder, OwnSubscription
from chalicelib.commerce.subscriptions.staff_schemas import (
    ChangeView,
    PersonSubscriptions,
    SubscriptionRow,
    SubscriptionsQuery,
    plan_held,
)
from chalicelib.commerce.subscriptions.summary import order_shown
from chalicelib.commerce.subscriptions.views import entitlement_view, newest_first, subscription_view
from chalicelib.identity.accounts import User
from chalicelib.platform import clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import plain
from chalicelib.platform.http import ListQuery, Page, cursors
from chalicelib.platform.http.lists import filters_of
from chalicelib.platform.parallel import together
from chalicelib.platform.store import Item


def own(query: ListQuery, caller: Caller) -> Page[OwnSubscription]:
    """One's own subscriptions, newest first, with the orders they consist of. One query, one batch read."""
    start = cursors.open_("subscriptions.own", caller.user_id, {}, query.cursor)
    found = store.fetch(newest_of(caller.user_id), limit=query.limit, start=start)
    ids = {str(order) for one in found.items for order in one.order_ids or ()}
    read = read_items(PaymentOrder.place(caller.user_id, order) for order in sorted(ids))
    orders = {one.id: order_shown(one) for one in read.values() if isinstance(one, PaymentOrder)}
    return Page(
        items=[_own(one, orders) for one in found.items],
        next_cursor=cursors.seal("subscriptions.own", caller.user_id, {}, found.next_key),
    )


def _own(one: Subscription, orders: dict[str, LastOrder]) -> OwnSubscription:
    return OwnSubscription(
        id=one.id,
        plan=plan_held(one),
        status=one.status,
        starts_at=one.starts_at,
        ends_at=one.ends_at,
        source=one.source,
        cancel_reason=one.cancel_reason,
        replaced_by=one.replaced_by,
        orders=[orders[str(order)] for order in one.order_ids or () if str(order) in orders],
        created_at=one.created_at,
    )


def of_person(user_id: str) -> PersonSubscriptions:
    """All subscriptions and their changes, and all entitlements, newest first. Two queries side by side."""
    both, held = together(lambda: store.every(history_of(user_id)), lambda: store.every(entitlements_of(user_id)))
    items: list[Item] = both if isinstance(both, list) else []
    entitlements: list[Entitlement] = held if isinstance(held, list) else []
    changes = [ChangeView.of(one) for one in items if isinstance(one, SubscriptionChange)]
    return PersonSubscriptions(
        subscriptions=[
            subscription_view(one, entitlements) for one in reversed(items) if isinstance(one, Subscription)
        ],
        changes=sorted(changes, key=lambda one: one.id, reverse=True),
        entitlements=[entitlement_view(one) for one in newest_first(entitlements)],
    )


def for_staff(query: SubscriptionsQuery, caller: Caller) -> Page[SubscriptionRow]:
    """Of a plan, newest first, or those that end on a day, first to end first. One query, one batch read of names.

    What is no key condition filters: a page may hold fewer rows before the end.
    """
    filters = filters_of(query)
    start = cursors.open_("subscriptions.all", caller.user_id, filters, query.cursor)
    if query.ending_on is not None:
        listed = ending_on(query.ending_on.isoformat(), keep=lambda one: _fits(one, query))
    else:
        listed = of_plan(str(query.plan_key), keep=(lambda one: _fits(one, query)) if query.status else None)
    found = store.fetch(listed, limit=query.limit, start=start)
    rows = [(str(one.sk).removeprefix("SUB#"), plain(one.row)) for one in found.items]
    people = read_items((User.place(str(row["userId"])) for _, row in rows), consistent=False)
    names = {str(one.id): str(one.name) for one in people.values() if isinstance(one, User)}
    return Page(
        items=[_row(sub_id, row, names.get(str(row["userId"]))) for sub_id, row in rows],
        next_cursor=cursors.seal("subscriptions.all", caller.user_id, filters, found.next_key),
    )


def _fits(one: Subscription, query: SubscriptionsQuery) -> bool:
    row = plain(one.row)
    return query.status in (None, row["status"]) and query.plan_key in (None, row["planKey"])


def _row(sub_id: str, row: dict[str, str], user_name: str | None) -> SubscriptionRow:
    return SubscriptionRow(
        id=sub_id,
        user_id=row["userId"],
        user_name=user_name,
        plan_key=row["planKey"],
        plan_name=row["planName"],
        status=row["status"],
        starts_at=clock.parse_iso(row["startsAt"]),
        ends_at=clock.parse_iso(row["endsAt"]),
    )
