"""Orders of a day, some at a time, beside all that belongs to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chalicelib.commerce import sellers
from chalicelib.commerce.bookkeeping import comparing
from chalicelib.commerce.bookkeeping.comparing import Differs, Kind, OrderFacts
from chalicelib.commerce.bookkeeping.gathering import BATCH, Gathered
from chalicelib.commerce.bookkeeping.tallies import NO_GATEWAY, OFFLINE, Entry
from chalicelib.commerce.payments import JournalEntry, OrderLocator, OrderStatus, PaymentOrder
from chalicelib.commerce.sellers import SoldLine, Taking
from chalicelib.commerce.subscriptions import Subscription
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Key, Transaction

CHUNK = 40
PLAN = "PLAN"


@frozen
class Examined:
    """What some orders showed: gateways of those that were paid on the day, and what does not fit."""

    paid: tuple[str, ...]
    differences: tuple[Differs, ...]


def examine(found: Gathered, ids: Sequence[str], *, statements_are_in: bool) -> Examined:
    """Look at up to ``CHUNK`` orders. Three round trips, and two more for each refund and each decided review."""
    orders = _orders(found, ids)
    facts = {order.id: _facts(found, order, there) for order, there in zip(orders, _granted(orders), strict=True)}
    differences: list[Differs] = []
    for order in orders:
        entries: Sequence[Entry] = found.by_order.get(order.id, ())
        if order.resolution:
            entries = _all_entries(order.id)
        differences += comparing.of_order(facts[order.id], entries)
        if statements_are_in:
            differences += _unpaid_out(found, facts[order.id])
    differences += _statement(found, ids, facts)
    for order in orders:
        differences += _refunds(found, order)
    paid = tuple(one.gateway for one in facts.values() if one.paid and one.status == OrderStatus.SUCCESS)
    return Examined(paid, tuple(differences))


def _orders(found: Gathered, ids: Sequence[str]) -> list[PaymentOrder]:
    """The orders; whose they are is asked of their locators where no list told it."""
    unknown = [order_id for order_id in ids if found.owners[order_id] is None]
    if unknown:
        for item in store.get_many([OrderLocator.place(order_id) for order_id in unknown]):
            if isinstance(item, OrderLocator):
                found.owners[str(item.merchant_transaction_id)] = str(item.user_id)
    places = [PaymentOrder.place(str(owner), one) for one in ids if (owner := found.owners[one]) is not None]
    return [order for order in store.get_many(places) if isinstance(order, PaymentOrder)] if places else []


def _granted(orders: Sequence[PaymentOrder]) -> list[bool]:
    """Whether each opened something and every subscription that it names is there. One batch read."""
    named = [_subscriptions(order) for order in orders]
    wanted = list(dict.fromkeys(place for places in named for place in places))
    there: set[Key] = set()
    for begin in range(0, len(wanted), BATCH):
        batch = store.get_many(wanted[begin : begin + BATCH])
        there.update(item.itself for item in batch if item is not None)
    return [bool(order.grant_effects) and there.issuperset(places) for order, places in zip(orders, named, strict=True)]


def _subscriptions(order: PaymentOrder) -> list[Key]:
    pairs = zip(order.line_facts(), order.grant_effects, strict=False)
    return [
        Subscription.place(str(order.user_id), str(dict(effect)["subscriptionId"]))
        for line, effect in pairs
        if line["kind"] == PLAN
    ]


def _facts(found: Gathered, order: PaymentOrder, granted: bool) -> OrderFacts:
    at = order.finalized_at if order.status == OrderStatus.REVIEW else order.paid_at
    captured = int(order.captured_paise)
    return OrderFacts(
        order_id=order.id,
        gateway=str(order.gateway),
        status=str(order.status),
        captured=captured,
        paid=at is not None and clock.academy_day(at) == found.day,
        granted=granted,
        returned=0 < captured <= int(order.refund_committed_paise),
    )


def _all_entries(order_id: str) -> list[Entry]:
    entries = store.every(JournalEntry.of_order(order_id))
    return [Entry.of(entry.row.as_dict()) for entry in entries if entry.row is not None]


def _unpaid_out(found: Gathered, order: OrderFacts) -> Iterator[Differs]:
    """The gateway gave statements, and none of them names what it took."""
    if order.gateway in (NO_GATEWAY, OFFLINE) or not (order.paid and order.captured):
        return
    named = found.paid_out.get(order.gateway)
    if named is not None and order.order_id not in named:
        yield Differs(Kind.MISSING_AT_GATEWAY, order.gateway, order.order_id, expected=order.captured)


def _statement(found: Gathered, ids: Sequence[str], facts: dict[str, OrderFacts]) -> Iterator[Differs]:
    asked = set(ids)
    for gateway, rows in found.statement.items():
        for row in rows:
            if row["order_id"] in asked:
                order = facts.get(str(row["order_id"]))
                captured = order.captured if order is not None and order.captured else None
                yield from comparing.of_statement(gateway, row, captured)


def _refunds(found: Gathered, order: PaymentOrder) -> Iterator[Differs]:
    """An order whose refund ended on the day: is it booked, and did what it opened end with the last of its money."""
    refunds = [one for one in found.refunds if one.order_id == order.id]
    if not refunds:
        return
    entries = _all_entries(order.id)
    for refund in refunds:
        yield from comparing.of_refund(refund, entries)
    if order.refund_state == "FULL" and _still_open(order):
        yield Differs(Kind.ACCESS_AFTER_FULL_REFUND, str(order.gateway), order.id)


def _still_open(order: PaymentOrder) -> bool:
    """Whether there would be anything to take back: the sellers are asked, and what they answer is thrown away."""
    card = store.get(AccessCard, AccessCard.place(str(order.user_id)))
    if card is None or not order.grant_effects:
        return False
    lines = [SoldLine(line["kind"], line["ref"], line["snapshot"]) for line in order.line_facts()]
    taking = Taking(order.id, "RECONCILIATION", clock.now())
    for kind in dict.fromkeys(line.kind for line in lines):
        own = [line for line in lines if line.kind == kind]
        if sellers.seller(kind).take_back(Transaction(), card, own, taking).days:
            return True
    return False
