"""The simulator's webhooks as they arrive: signed as the contracts say, or spoiled as told."""

from __future__ import annotations

import hashlib

import pytest

from infra.local.phonepe import NotPayable, UnknownOrder
from tests.support.phonepe import PASSWORD, USERNAME, Gateway, eventually, x_verify

AUTHORIZATION = hashlib.sha256(f"{USERNAME}:{PASSWORD}".encode()).hexdigest()


@pytest.mark.rule("LOC-07", "PAY-96")
@pytest.mark.parametrize(
    ("outcome", "event", "state"),
    [("SUCCESS", "checkout.order.completed", "COMPLETED"), ("FAILED", "checkout.order.failed", "FAILED")],
)
def test_an_order_event_is_signed_and_carries_the_status(
    gateway: Gateway, outcome: str, event: str, state: str
) -> None:
    gateway.v2.pay()
    gateway.simulator.press("TXN1", outcome)

    [hook] = gateway.receiver.wait_for(1)
    assert hook.headers["authorization"] == AUTHORIZATION
    assert hook.headers["content-type"] == "application/json"
    assert (hook.json["event"], hook.json["type"]) == (event, event.upper().replace(".", "_"))
    payload = hook.json["payload"]
    assert (payload["merchantOrderId"], payload["state"], payload["amount"]) == ("TXN1", state, 11800)
    assert payload["merchantId"] == "PATHSHALAUAT"
    assert payload["metaInfo"] == {"udf1": "gold", "udf2": "test"}
    status = gateway.v2.status(query="?errorContext=true").json()
    assert {key: payload[key] for key in status} == status


@pytest.mark.rule("LOC-07")
@pytest.mark.parametrize("outcome", ["PENDING", "CLOSE"])
def test_nothing_is_told_of_an_open_order(gateway: Gateway, outcome: str) -> None:
    gateway.v2.pay()
    gateway.simulator.press("TXN1", outcome)

    assert gateway.simulator.wait_idle(5)
    assert gateway.receiver.received == []
    assert gateway.v2.state() == "PENDING"


@pytest.mark.rule("LOC-08", "PAY-121")
def test_webhooks_may_be_off(gateway: Gateway) -> None:
    gateway.simulator.set_behaviour({"webhook": {"send": False}})
    gateway.v2.pay()
    gateway.simulator.press("TXN1", "SUCCESS")

    assert gateway.v2.state() == "COMPLETED"
    assert gateway.simulator.wait_idle(5)
    assert gateway.receiver.received == []


@pytest.mark.rule("LOC-08", "PAY-121")
def test_copies_are_on_their_way_at_the_same_time(gateway: Gateway) -> None:
    gateway.receiver.hold.clear()
    gateway.simulator.set_behaviour({"webhook": {"copies": 20}})
    gateway.v2.pay()
    gateway.simulator.press("TXN1", "SUCCESS")

    hooks = gateway.receiver.wait_for(20)
    assert gateway.receiver.most_at_once == 20
    assert len({hook.body for hook in hooks}) == 1
    gateway.receiver.hold.set()
    assert gateway.simulator.wait_idle(10)
    assert [sent["status"] for sent in gateway.order()["webhooks"]] == [200] * 20
    assert sorted(sent["copy"] for sent in gateway.order()["webhooks"]) == list(range(1, 21))


@pytest.mark.rule("LOC-08", "PAY-121")
def test_a_signature_may_be_wrong_in_v2_and_v1(gateway: Gateway) -> None:
    gateway.simulator.set_behaviour({"webhook": {"signature": "WRONG"}})
    gateway.v2.pay("TXN1")
    gateway.v1.pay("TXN2")
    gateway.simulator.press("TXN1", "SUCCESS")
    v2 = gateway.receiver.wait_for(1)[0]
    gateway.simulator.press("TXN2", "SUCCESS")
    v1 = gateway.receiver.wait_for(2)[1]

    assert v2.headers["authorization"] != AUTHORIZATION
    assert len(v2.headers["authorization"]) == 64
    right = x_verify(v1.json["response"], 2)
    assert v1.headers["x-verify"] != right
    assert v1.headers["x-verify"][1:] == right[1:]


@pytest.mark.rule("LOC-08", "PAY-121")
def test_before_the_redirect_the_webhook_was_answered(gateway: Gateway) -> None:
    gateway.simulator.set_behaviour({"order": "TXN1", "webhook": {"beforeRedirect": True}})
    gateway.v2.pay()

    shown = gateway.simulator.press("TXN1", "SUCCESS")
    assert [(sent["event"], sent["status"]) for sent in shown["webhooks"]] == [("checkout.order.completed", 200)]


@pytest.mark.rule("LOC-08", "PAY-121")
def test_out_of_order_an_older_contradicting_event_comes_last(gateway: Gateway) -> None:
    gateway.simulator.set_behaviour({"webhook": {"reversed": True}})
    gateway.v2.pay("TXN1")
    gateway.simulator.press("TXN1", "SUCCESS")
    events = [hook.json["event"] for hook in gateway.receiver.wait_for(2)]
    assert events == ["checkout.order.completed", "checkout.order.failed"]

    gateway.v2.pay("TXN2")
    gateway.simulator.press("TXN2", "FAILED")
    last = gateway.receiver.wait_for(4)[2:]
    assert [hook.json["event"] for hook in last] == [
        "checkout.order.failed",
        "checkout.transaction.attempt.failed",
    ]
    assert last[1].json["payload"]["state"] == "PENDING"

    gateway.v1.pay("TXN3")
    gateway.simulator.press("TXN3", "SUCCESS")
    codes = [hook.response["code"] for hook in gateway.receiver.wait_for(6)[4:]]
    assert codes == ["PAYMENT_SUCCESS", "PAYMENT_ERROR"]
    assert gateway.v1.status("TXN3").json()["code"] == "PAYMENT_SUCCESS"


@pytest.mark.rule("LOC-08", "PAY-121")
def test_out_of_order_a_refund_is_completed_before_it_is_accepted(gateway: Gateway) -> None:
    gateway.v2.pay()
    gateway.simulator.press("TXN1", "SUCCESS")
    gateway.receiver.wait_for(1)
    gateway.simulator.set_behaviour({"webhook": {"reversed": True}})
    gateway.v2.refund()

    events = [hook.json["event"] for hook in gateway.receiver.wait_for(3)[1:]]
    assert events == ["pg.refund.completed", "pg.refund.accepted"]
    assert gateway.simulator.wait_idle(5)
    assert len(gateway.receiver.received) == 3


@pytest.mark.rule("LOC-08")
def test_a_webhook_that_nobody_answers_is_on_record(gateway: Gateway) -> None:
    gateway.simulator.config.webhook_url = "http://127.0.0.1:9/closed"
    gateway.v2.pay()
    gateway.simulator.press("TXN1", "SUCCESS")

    eventually(lambda: len(gateway.order()["webhooks"]) == 1, "recorded")
    assert gateway.order()["webhooks"][0]["status"] is None
    assert gateway.v2.state() == "COMPLETED"


@pytest.mark.rule("PAY-121")
def test_a_webhook_can_be_sent_again(gateway: Gateway) -> None:
    gateway.receiver.status = 500
    gateway.v2.pay()
    gateway.simulator.press("TXN1", "SUCCESS")
    first = gateway.receiver.wait_for(1)[0]
    gateway.receiver.status = 200
    gateway.simulator.resend_webhook("TXN1")

    assert gateway.receiver.wait_for(2)[1].body == first.body
    eventually(lambda: [s["status"] for s in gateway.order()["webhooks"]] == [500, 200], "both recorded")
    with pytest.raises(UnknownOrder):
        gateway.simulator.resend_webhook("TXN404")


@pytest.mark.rule("PAY-121")
def test_an_open_order_has_no_webhook_to_send_again(gateway: Gateway) -> None:
    gateway.v2.pay()
    with pytest.raises(NotPayable):
        gateway.simulator.resend_webhook("TXN1")

    assert gateway.simulator.wait_idle(5)
    assert gateway.receiver.received == []
