"""Consumers fed every batch twice, out of order across items, among records that nobody can work through (QUAL-23)."""

from __future__ import annotations

import pytest

from chalicelib.commerce.plans import Plan
from chalicelib.platform import store
from tests.commerce.payments.books import Books, of_simulator
from tests.commerce.payments.shop import Shop
from tests.commerce.payments.stories import SILENT, clean
from tests.support.redelivery import POISON, dead_letters, poison_queue, poison_stream, twice

POISONED = ["PaymentOrder", "Refund", "Subscription"]
"""Kinds whose changes mean something to others."""


@pytest.fixture
def plan(shop: Shop) -> Plan:
    found = store.get(Plan, Plan.place("basic"))
    assert found is not None
    return found


def _story(shop: Shop) -> None:
    """One pays, one is refused, one leaves, one pays too little and gets it back."""
    admin = shop.people.admin("ADMIN_FINANCE")
    paid, refused, left, short = (shop.order_of(shop.people.student()) for _ in range(4))
    shop.simulator.set_behaviour({**SILENT, "order": left})
    shop.pay(paid)
    shop.pay(refused, "FAILED")
    shop.simulator.set_behaviour({"order": short, "amountDelta": -100})
    shop.pay(short)
    shop.cloud.drain(executions=False)
    path = f"/v1/admin/payments/orders/{short}/resolve"
    shop.client.post(path, json={"decision": "REFUND", "reason": "too little"}, token=admin.token, expect=200)
    shop.later(31 * 60)
    shop.reconcile()
    shop.cloud.drain()


def _state(shop: Shop) -> list[tuple[object, ...]]:
    """What the orders have become, whatever their ids are."""
    books = Books.read(shop.cloud, of_simulator(shop.simulator))
    assert books.wrongs() == []
    orders = sorted(books.orders(), key=lambda one: str(one["sk"]))
    counts = {kind: len(items) for kind, items in books.items.items()}
    return [*((one["status"], one["refund_state"], len(one["grant_effects"])) for one in orders), counts]  # type: ignore[list-item]


@pytest.mark.rule("QUAL-23")
def test_every_batch_twice_and_out_of_order_comes_to_the_same(shop: Shop, plan: Plan) -> None:
    clean(shop, plan)
    _story(shop)
    once = _state(shop)
    assert [one[0] for one in once[:4]] == ["SUCCESS", "FAILED", "EXPIRED", "FAILED"]
    with twice(shop.cloud) as pumps:
        clean(shop, plan)
        _story(shop)
        assert pumps.batches > 10
        assert _state(shop) == once


@pytest.mark.rule("QUAL-23")
def test_poison_ends_among_the_dead_letters_and_the_rest_is_worked_through(shop: Shop, plan: Plan) -> None:
    """In every queue that the story uses, and on the stream."""
    clean(shop, plan)
    _story(shop)
    once = _state(shop)
    used = {call.function for call in shop.cloud.calls.all()}
    sources = [one for one in shop.cloud.pumps.sources if not one.is_stream]
    queues = [one.queue for one in sources if shop.cloud.lambdas.find(one.function).name in used]
    assert "pathshala-test-payment-events" in queues
    clean(shop, plan)
    for queue in queues:
        poison_queue(queue)
    poison_stream(shop.cloud, POISONED)
    _story(shop)
    assert _state(shop) == once
    assert len(shop.cloud.messages("failed-changes")) == len(POISONED)
    assert {queue: dead_letters(queue) for queue in queues} == dict.fromkeys(queues, len(POISON))
