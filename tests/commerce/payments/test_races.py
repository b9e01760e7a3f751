"""Everyone at once (QUAL-21): 200 webhooks, polls, reconciliations and admin finalizations of one order."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.commerce.payments import reconciliation
from tests.commerce.payments.books import Books, of_simulator
from tests.commerce.payments.shop import DAY, WEBHOOK, Shop, assert_paid_once


@pytest.mark.rule("QUAL-21", "PAY-65", "PAY-32", "PAY-12")
def test_two_hundred_webhooks_polls_reconciliations_and_finalizations(shop: Shop) -> None:
    student, admin = shop.people.student(), shop.people.admin("ADMIN_FINANCE")
    order_id = shop.order_of(student)
    shop.silence()
    shop.pay(order_id)
    pair = json.loads(shop.cloud.secret("PHONEPE_WEBHOOK"))["credentials"][0]
    signature = hashlib.sha256(f"{pair['username']}:{pair['password']}".encode()).hexdigest()
    payload = {"merchantOrderId": order_id, "state": "COMPLETED"}
    body = json.dumps({"event": "checkout.order.completed", "payload": payload}).encode()

    def webhook(_: int) -> int:
        return shop.client.post(WEBHOOK, body=body, headers={"Authorization": signature}).status

    def poll(_: int) -> str:
        given = {"merchantTransactionId": order_id, "userId": student.id}
        outcome = shop.cloud.invoke("check_order", given)
        return str(outcome.error or outcome.answer["status"])

    with ThreadPoolExecutor(max_workers=24) as pool:
        told = [pool.submit(webhook, number) for number in range(200)]
        polled = [pool.submit(poll, number) for number in range(10)]
        asked = [pool.submit(shop.finalize, admin, order_id) for _ in range(10)]
        swept = [pool.submit(shop.cloud.invoke, "reconcile_payments") for _ in range(5)]
        pumped = pool.submit(shop.cloud.drain)
        assert {one.result() for one in told} == {200}
        assert all(one.result() for one in polled)
        assert {one.result().status for one in asked} <= {200, 409}
        assert [one.result().error for one in swept] == [None] * 5
        pumped.result()
    shop.cloud.drain()
    assert_paid_once(shop, student, order_id)
    assert [one["state"] for one in shop.events(order_id)] == ["PROCESSED"]
    assert Books.read(shop.cloud, of_simulator(shop.simulator)).wrongs() == []


@pytest.mark.rule("PAY-65", "PAY-74", "SUB-10")
def test_two_orders_of_one_student_at_once_both_count(shop: Shop) -> None:
    shop.plan("other", family="basic")
    student = shop.people.student()
    ids = [shop.order_of(student), shop.order_of(student, "other")]
    shop.silence()
    for order_id in ids:
        shop.pay(order_id)
    given = [{"merchantTransactionId": order_id, "userId": student.id} for order_id in ids]
    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(lambda one: shop.cloud.invoke("check_order", one), given * 4))
    assert [shop.order(student, order_id).status for order_id in ids] == ["SUCCESS", "SUCCESS"]
    total = sum(int(one["endsAt"]) - int(one["startsAt"]) for one in shop.periods(student))
    assert total == 60 * DAY


@pytest.mark.rule("PAY-72")
def test_two_linked_orders_captured_at_once_grant_one(shop: Shop) -> None:
    student = shop.people.student()
    first = shop.order_of(student)
    shop.later(11 * 60)
    second = shop.order_of(student)
    shop.silence()
    shop.pay(first)
    shop.pay(second)
    given = [{"merchantTransactionId": one, "userId": student.id} for one in (first, second)]
    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(lambda one: shop.cloud.invoke("check_order", one), given * 4))
    for one in given:
        shop.cloud.invoke("check_order", one)
    orders = [shop.order(student, one) for one in (first, second)]
    assert [order.status for order in orders] == ["SUCCESS", "SUCCESS"]
    assert sorted(bool(order.duplicate_of) for order in orders) == [False, True]
    [period] = shop.periods(student)
    assert int(period["endsAt"]) - int(period["startsAt"]) == 30 * DAY


@pytest.mark.rule("PAY-32", "PAY-30")
def test_the_reconciler_starts_what_nobody_follows(shop: Shop) -> None:
    """The stream never told anyone: the order is found by its age."""
    student = shop.people.student()
    order_id = shop.order_of(student)
    shop.silence()
    shop.pay(order_id)
    shop.cloud.pumps.reset()
    assert shop.reconcile()["lookedAt"] == 0
    shop.later(3 * 60)
    assert shop.reconcile()["started"] == 1
    shop.cloud.drain()
    assert_paid_once(shop, student, order_id)


@pytest.mark.rule("PAY-32")
def test_the_reconciler_expires_what_is_overdue_and_says_what_it_did(shop: Shop) -> None:
    shop.simulator.set_behaviour({"outcome": "SUCCESS", "delaySeconds": 100_000})
    student = shop.people.student()
    orders = [shop.order_of(student), shop.order_of(shop.people.student())]
    shop.later(31 * 60)
    summary = shop.reconcile()
    assert (summary["lookedAt"], summary["expired"], summary["errors"]) == (2, 2, 0)
    assert shop.order(student, orders[0]).status == "EXPIRED"
    assert shop.reconcile()["lookedAt"] == 0


@pytest.mark.rule("PAY-32")
def test_a_gateway_that_is_down_expires_nothing(shop: Shop) -> None:
    student = shop.people.student()
    order_id = shop.order_of(student)
    shop.simulator.set_behaviour({"statusDownCalls": 3})
    shop.later(31 * 60)
    summary = shop.reconcile()
    assert (summary["errors"], summary["expired"]) == (1, 0)
    assert shop.order(student, order_id).status == "PENDING"


def test_months_of_a_period() -> None:
    from datetime import UTC, datetime

    first, last = datetime(2025, 12, 31, 23, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    assert [f"{month:%Y-%m}" for month in reconciliation.months(first, last)] == ["2026-02", "2026-01", "2025-12"]
