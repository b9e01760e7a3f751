"""The main story: checkout, the hosted page, the webhook or none, finalization, access."""

from __future__ import annotations

import pytest

from tests.commerce.payments.shop import DAY, PRICE, Shop, assert_paid_once, assert_unpaid


@pytest.mark.rule("PAY-02", "PAY-07", "PAY-30", "PAY-31", "PAY-37", "PAY-55")
def test_a_paid_order_is_granted_once(shop: Shop) -> None:
    student = shop.people.student()
    answer = shop.checkout(student)
    assert answer.status == 201
    body = answer.json
    assert (body["flow"], body["amountPaise"], body["currency"]) == ("REDIRECT", PRICE, "INR")
    assert body["redirectUrl"].startswith(shop.simulator.url)
    assert body["returnUrl"].endswith("?txn=" + body["merchantTransactionId"])
    order_id = body["merchantTransactionId"]
    assert shop.status(student, order_id)["status"] == "PENDING"
    shop.pay(order_id)
    shop.cloud.drain()
    assert_paid_once(shop, student, order_id)
    assert shop.doorstep.answers == [200]
    assert [(one["event_type"], one["state"]) for one in shop.events(order_id)] == [
        ("checkout.order.completed", "PROCESSED")
    ]
    shown = shop.status(student, order_id)
    assert (shown["status"], shown["late"], shown["nextPollSeconds"]) == ("SUCCESS", False, 0)


@pytest.mark.rule("PAY-30", "PAY-116")
def test_without_any_webhook_the_workflow_finds_out(shop: Shop) -> None:
    shop.silence()
    student = shop.people.student()
    order_id = shop.order_of(student)
    shop.pay(order_id)
    shop.cloud.drain()
    assert_paid_once(shop, student, order_id)
    assert shop.events(order_id) == []
    [execution] = shop.cloud.executions()
    assert (execution["name"], execution["status"]) == (order_id, "SUCCEEDED")


@pytest.mark.rule("PAY-55")
def test_a_declined_payment_fails_the_order(shop: Shop) -> None:
    student = shop.people.student()
    order_id = shop.order_of(student)
    shop.pay(order_id, "FAILED")
    shop.cloud.drain()
    assert shop.order(student, order_id).status == "FAILED"
    assert_unpaid(shop, student, order_id)


@pytest.mark.rule("PAY-30", "PAY-55")
def test_nobody_pays_and_the_order_expires(shop: Shop) -> None:
    shop.simulator.set_behaviour({"outcome": "SUCCESS", "delaySeconds": 100_000})
    student = shop.people.student()
    order_id = shop.order_of(student)
    shop.later(31 * 60)
    shop.cloud.drain()
    order = shop.order(student, order_id)
    assert (order.status, order.status_reason) == ("EXPIRED", "NOT_PAID_IN_TIME")
    assert_unpaid(shop, student, order_id)


@pytest.mark.rule("SUB-32")
def test_a_subscription_ends_and_nothing_is_charged_again(shop: Shop) -> None:
    student = shop.people.student()
    order_id = shop.order_of(student)
    shop.pay(order_id)
    shop.cloud.drain()
    asked = len(shop.simulator.calls())
    for days in (23, 6, 2):
        shop.later(days * DAY)
        for job in ("remind_of_ends", "expire_subscriptions", "reconcile_payments", "check_late_payments"):
            assert shop.cloud.invoke(job).error is None
        shop.cloud.drain()
    again = shop.again(student)
    assert len(shop.simulator.calls()) == asked
    assert [order.id for order in shop.orders(student)] == [order_id]
    assert shop.client.get("/v1/me/subscription", token=again.token).json["activeSubscription"] is None
