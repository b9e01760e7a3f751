"""Refunds of contract V2: what may be refunded, how a refund ends, what is told about it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from infra.local.phonepe import NotPayable
from tests.support.phonepe import Gateway, eventually


@pytest.fixture
def paid(gateway: Gateway) -> Gateway:
    """A gateway with one paid order, its webhook behind it."""
    gateway.v2.pay()
    gateway.simulator.press("TXN1", "SUCCESS")
    gateway.receiver.wait_for(1)
    return gateway


@pytest.mark.rule("LOC-07", "PAY-95")
def test_a_refund_is_pending_then_completed(paid: Gateway) -> None:
    answer = paid.v2.refund(amount=5000)

    assert answer.status_code == 200
    assert answer.json()["state"] == "PENDING"
    assert set(answer.json()) == {"refundId", "amount", "state"}
    eventually(lambda: paid.v2.refund_status().json()["state"] == "COMPLETED", "refunded")
    body = paid.v2.refund_status().json()
    assert (body["merchantRefundId"], body["originalMerchantOrderId"], body["amount"]) == (
        "RF1",
        "TXN1",
        5000,
    )
    assert body["paymentDetails"][0]["state"] == "COMPLETED"
    assert paid.v2.state() == "COMPLETED"


@pytest.mark.rule("LOC-07", "PAY-96")
def test_refund_webhooks_say_accepted_then_completed(paid: Gateway) -> None:
    paid.v2.refund()

    _, accepted, completed = paid.receiver.wait_for(3)
    assert [hook.json["event"] for hook in (accepted, completed)] == [
        "pg.refund.accepted",
        "pg.refund.completed",
    ]
    assert [hook.json["payload"]["state"] for hook in (accepted, completed)] == ["CONFIRMED", "COMPLETED"]
    assert completed.json["payload"]["merchantRefundId"] == "RF1"
    assert completed.json["payload"]["originalMerchantOrderId"] == "TXN1"


@pytest.mark.rule("LOC-07", "PAY-95")
def test_no_more_is_refunded_than_was_captured(paid: Gateway) -> None:
    assert paid.v2.refund("RF1", amount=11801).status_code == 400
    assert paid.v2.refund("RF2", amount=7000).status_code == 200
    too_much = paid.v2.refund("RF3", amount=4801)
    assert (too_much.status_code, too_much.json()["code"]) == (400, "BAD_REQUEST")
    assert paid.v2.refund("RF4", amount=4800).status_code == 200

    assert [refund["amountPaise"] for refund in paid.order()["refunds"]] == [7000, 4800]


@pytest.mark.rule("LOC-07")
def test_twenty_parallel_full_refunds_give_one(paid: Gateway) -> None:
    with ThreadPoolExecutor(20) as pool:
        codes = sorted(a.status_code for a in pool.map(lambda i: paid.v2.refund(f"RF{i}"), range(20)))

    assert codes == [200] + [400] * 19
    assert len(paid.order()["refunds"]) == 1


@pytest.mark.rule("LOC-07", "PAY-95")
def test_refunds_that_are_refused(paid: Gateway) -> None:
    paid.v2.pay("TXN2")
    paid.v2.refund("RF1", amount=100)
    refused = {
        "unpaid order": (paid.v2.refund("RF2", "TXN2"), 400, "BAD_REQUEST"),
        "unknown order": (paid.v2.refund("RF2", "TXN404"), 404, "INVALID_MERCHANT_ORDER_ID"),
        "used id": (paid.v2.refund("RF1", amount=100), 417, "INVALID_MERCHANT_REFUND_ID"),
        "bad id": (paid.v2.refund("RF 2"), 400, "BAD_REQUEST"),
        "too small": (paid.v2.refund("RF2", amount=99), 400, "BAD_REQUEST"),
        "unknown refund": (paid.v2.refund_status("RF404"), 404, "REFUND_NOT_FOUND"),
    }

    for name, (answer, status, code) in refused.items():
        assert (answer.status_code, answer.json()["code"]) == (status, code), name
    assert [refund["merchantRefundId"] for refund in paid.order()["refunds"]] == ["RF1"]


@pytest.mark.rule("LOC-08", "PAY-95")
def test_an_outcome_told_after_payment_fails_the_refund_and_frees_the_money(paid: Gateway) -> None:
    paid.simulator.set_behaviour({"order": "TXN1", "outcome": "FAILED"})
    paid.v2.refund()

    eventually(lambda: paid.v2.refund_status().json()["state"] == "FAILED", "refund failed")
    assert paid.v2.refund_status().json()["errorCode"] == "REFUND_FAILED"
    assert paid.receiver.wait_for(3)[2].json["event"] == "pg.refund.failed"
    assert paid.v2.state() == "COMPLETED"

    paid.simulator.set_behaviour({"order": "TXN1"})
    assert paid.v2.refund("RF2").status_code == 200


@pytest.mark.rule("LOC-08")
def test_the_outcome_that_paid_an_order_does_not_rule_its_refunds(gateway: Gateway) -> None:
    gateway.simulator.set_behaviour({"outcome": "SUCCESS", "delaySeconds": 60})
    gateway.v2.pay()
    gateway.clock.advance(60)
    eventually(lambda: gateway.v2.state() == "COMPLETED", "paid by itself")
    gateway.v2.refund()

    eventually(lambda: gateway.v2.refund_status().json()["state"] == "COMPLETED", "refunded without delay")


@pytest.mark.rule("LOC-08")
def test_a_refund_may_wait_and_be_answered_by_hand(paid: Gateway) -> None:
    paid.simulator.set_behaviour({"outcome": "PENDING"})
    paid.v2.refund()
    eventually(lambda: paid.v2.refund_status().json()["state"] == "CONFIRMED", "accepted")
    paid.clock.advance(86_400)
    paid.v2._token = None
    assert paid.v2.refund_status().json()["state"] == "CONFIRMED"

    paid.simulator.press("RF1", "SUCCESS")
    assert paid.v2.refund_status().json()["state"] == "COMPLETED"
    with pytest.raises(NotPayable):
        paid.simulator.press("RF1", "FAILED")


@pytest.mark.rule("LOC-08")
def test_a_refund_may_be_delayed(paid: Gateway) -> None:
    paid.simulator.set_behaviour({"order": "TXN1", "outcome": "SUCCESS", "delaySeconds": 120})
    paid.v2.refund()
    eventually(lambda: paid.v2.refund_status().json()["state"] == "CONFIRMED", "accepted")

    paid.clock.advance(120)
    eventually(lambda: paid.v2.refund_status().json()["state"] == "COMPLETED", "refunded")
