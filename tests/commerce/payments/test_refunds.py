"""Refunds on their way (PAY-34): webhooks shorten the wait, nets catch what nobody began, and functions stand alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.commerce.payments import refunds
from tests.commerce.payments.shop import PRICE, Shop, forget_tokens
from tests.support.people import Person


def _held(shop: Shop, student: Person, admin: Person) -> tuple[str, str]:
    """An order in review whose refund staff have asked for; (order, refund)."""
    shop.simulator.set_behaviour({"amountDelta": -100})
    order_id = shop.order_of(student)
    shop.pay(order_id)
    shop.cloud.drain()
    shop.simulator.set_behaviour({})
    path = f"/v1/admin/payments/orders/{order_id}/resolve"
    shop.client.post(path, json={"decision": "REFUND", "reason": "wrong"}, token=admin.token, expect=200)
    [refund] = shop.refunds(order_id)
    return order_id, str(refund.merchant_refund_id)


def _check(shop: Shop, order_id: str, refund_id: str) -> dict[str, Any]:
    outcome = shop.cloud.invoke("check_refund", {"merchantRefundId": refund_id, "merchantTransactionId": order_id})
    assert outcome.error is None
    return dict(outcome.answer)


@pytest.mark.rule("PAY-34", "PAY-95")
@pytest.mark.parametrize("contract", ["V1", "V2"])
def test_a_refunds_webhook_settles_it(shop: Shop, contract: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHONEPE_CONTRACT", contract)
    student, admin = shop.people.student(), shop.people.admin("ADMIN_FINANCE")
    order_id, refund_id = _held(shop, student, admin)
    shop.simulator.set_behaviour({"order": order_id, "outcome": "PENDING"})
    assert _check(shop, order_id, refund_id)["state"] == "PROCESSING"
    assert shop.simulator.wait_idle(10)
    shop.cloud.pumps.reset()
    shop.pay(refund_id)
    messages = shop.cloud.messages("payment-events")
    assert messages
    for _ in range(2):
        records = [{"messageId": str(number), "body": json.dumps(body)} for number, body in enumerate(messages)]
        assert shop.cloud.invoke("process_payment_event", {"Records": records}).answer == {"batchItemFailures": []}
    [refund] = shop.refunds(order_id)
    assert refund.state == "SUCCEEDED"
    assert int(shop.order(student, order_id).refunded_paise) == PRICE - 100
    assert len(shop.ledger(order_id)) == 2


@pytest.mark.rule("PAY-34", "PAY-32")
def test_a_refund_that_nobody_began_is_found(shop: Shop) -> None:
    student, admin = shop.people.student(), shop.people.admin("ADMIN_FINANCE")
    order_id, _ = _held(shop, student, admin)
    shop.cloud.pumps.reset()
    shop.later(2 * 86_400)
    assert shop.reconcile()["refundsStarted"] == 1
    shop.cloud.drain()
    assert shop.order(student, order_id).refund_state == "FULL"
    assert shop.reconcile()["refundsStarted"] == 0


@pytest.mark.rule("PAY-34")
def test_a_refund_that_never_arrived_is_sent_again_under_its_own_name(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    student, admin = shop.people.student(), shop.people.admin("ADMIN_FINANCE")
    order_id, refund_id = _held(shop, student, admin)
    shop.cloud.pumps.reset()
    there = shop.simulator.url
    monkeypatch.setenv("PHONEPE_API_BASE_URL", "http://127.0.0.1:9")
    assert _check(shop, order_id, refund_id)["state"] == "PROCESSING"
    monkeypatch.setenv("PHONEPE_API_BASE_URL", there)
    assert _check(shop, order_id, refund_id)["state"] == "PROCESSING"
    assert shop.refunds(order_id)[0].sends == 1, "it may still be on its way"
    shop.later(refunds.LOST_AFTER_SECONDS + 1)
    _check(shop, order_id, refund_id)
    shop.simulator.settle()
    assert _check(shop, order_id, refund_id)["done"] is True
    assert shop.refunds(order_id)[0].sends == 2
    seen = next(one for one in shop.simulator.orders() if one["merchantTransactionId"] == order_id)
    assert [one["merchantRefundId"] for one in seen["refunds"]] == [refund_id]


@pytest.mark.rule("PAY-34")
def test_after_a_week_people_must_look(shop: Shop) -> None:
    student, admin = shop.people.student(), shop.people.admin("ADMIN_FINANCE")
    order_id, refund_id = _held(shop, student, admin)
    shop.cloud.pumps.reset()
    shop.simulator.set_behaviour({"order": order_id, "outcome": "PENDING"})
    assert _check(shop, order_id, refund_id)["givenUp"] is False
    shop.later(8 * 86_400)
    answer = _check(shop, order_id, refund_id)
    assert (answer["state"], answer["givenUp"], answer["done"]) == ("PROCESSING", True, False)


@pytest.mark.rule("PAY-93", "PAY-31")
def test_every_function_that_asks_the_gateway_finds_the_shared_token(shop: Shop) -> None:
    """Each as in a container of its own, that knows no token yet; the gateway is asked for one alone."""
    student, admin = shop.people.student(), shop.people.admin("ADMIN_FINANCE")
    order_id = shop.order_of(student)
    shop.cloud.pumps.reset()
    given = {"merchantTransactionId": order_id, "userId": student.id}
    for function in ("check_order", "expire_order"):
        forget_tokens()
        assert shop.cloud.invoke(function, given).error is None
    forget_tokens()
    assert shop.finalize(admin, order_id).status == 200
    held, refund_id = _held(shop, shop.people.student(), admin)
    shop.cloud.pumps.reset()
    forget_tokens()
    _check(shop, held, refund_id)
    assert shop.gateway_calls("/oauth/token") == 1
    shop.simulator.set_behaviour({"outcome": "SUCCESS", "delaySeconds": 100_000})
    lapsed = shop.order_of(shop.people.student())
    shop.later(31 * 60)
    forget_tokens()
    assert shop.reconcile()["expired"] >= 1
    shop.later(30 * 60)
    forget_tokens()
    assert shop.cloud.invoke("check_late_payments").answer["lookedAt"] >= 1
    assert lapsed
    fresh = shop.people.student()
    shop.simulator.set_behaviour({})
    paid = shop.order_of(fresh)
    forget_tokens()
    shop.pay(paid)
    shop.cloud.drain()
    assert shop.order(fresh, paid).status == "SUCCESS"


@pytest.mark.rule("PAY-34")
def test_how_long_a_refund_is_waited_for(shop: Shop) -> None:
    """30 s, 1, 5 and 30 minutes, 2 hours, then every 6 hours up to a week; and what comes later still counts."""
    student, admin = shop.people.student(), shop.people.admin("ADMIN_FINANCE")
    order_id, refund_id = _held(shop, student, admin)
    shop.cloud.pumps.reset()
    shop.simulator.set_behaviour({"order": order_id, "outcome": "PENDING"})
    waits: list[int] = []
    state: dict[str, Any] = {"merchantRefundId": refund_id, "merchantTransactionId": order_id}
    while not state.get("givenUp"):
        outcome = shop.cloud.invoke("check_refund", state)
        assert outcome.error is None
        state = dict(outcome.answer)
        waits.append(int(state["waitSeconds"]))
        shop.cloud.advance(waits[-1])
    assert waits[:7] == [30, 60, 300, 1_800, 7_200, 21_600, 21_600]
    assert set(waits[5:]) == {21_600}
    assert sum(waits[:-1]) >= 7 * 86_400 > sum(waits[:-2])
    [refund] = shop.refunds(order_id)
    assert (refund.state, refund.sends) == ("PROCESSING", 1), "asked for once, then only asked about"
    shop.simulator.press(refund_id, "SUCCESS")
    assert _check(shop, order_id, refund_id)["state"] == "SUCCEEDED"
    assert shop.order(student, order_id).refund_state == "FULL"
