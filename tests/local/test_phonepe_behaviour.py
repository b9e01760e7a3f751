"""What the simulator can be told (LOC-08): outcomes, delays, amounts, a status API that is down or slow,
late success.
"""

from __future__ import annotations

from time import monotonic
from typing import Any

import pytest
import requests

from infra.local.phonepe import BehaviourRefused, NotPayable, UnknownOrder, start
from tests.support.phonepe import Gateway, config, eventually


@pytest.mark.rule("LOC-08", "PAY-121")
@pytest.mark.parametrize(("outcome", "state"), [("SUCCESS", "COMPLETED"), ("FAILED", "FAILED")])
def test_an_outcome_for_all_orders_applies_without_a_button(gateway: Gateway, outcome: str, state: str) -> None:
    gateway.simulator.set_behaviour({"outcome": outcome})
    gateway.v2.pay("TXN1")
    gateway.v1.pay("TXN2")

    eventually(lambda: gateway.v2.state() == state, "V2 decided by itself")
    eventually(lambda: gateway.v1.status("TXN2").json()["data"]["state"] == state, "V1 decided by itself")
    assert len(gateway.receiver.wait_for(2)) == 2


@pytest.mark.rule("LOC-08", "PAY-121")
@pytest.mark.parametrize(("outcome", "attempts"), [("PENDING", ["PENDING"]), ("CLOSE", [])])
def test_pending_and_close_leave_the_order_waiting(gateway: Gateway, outcome: str, attempts: list[str]) -> None:
    gateway.simulator.set_behaviour({"outcome": outcome})
    gateway.v2.pay()

    body = gateway.v2.status().json()
    assert (body["state"], [attempt["state"] for attempt in body["paymentDetails"]]) == ("PENDING", attempts)
    gateway.clock.advance(1800)
    eventually(lambda: gateway.v2.state() == "FAILED", "expired")


@pytest.mark.rule("LOC-08")
def test_an_outcome_takes_its_delay_from_when_the_order_exists(gateway: Gateway) -> None:
    gateway.simulator.set_behaviour({"order": "TXN1", "outcome": "SUCCESS", "delaySeconds": 90})
    gateway.clock.advance(500)
    gateway.v2.pay("TXN1")
    gateway.v2.pay("TXN2")
    gateway.clock.advance(89)
    assert gateway.v2.state("TXN1") == "PENDING"

    gateway.clock.advance(1)
    eventually(lambda: gateway.v2.state("TXN1") == "COMPLETED", "paid after the delay")
    assert gateway.v2.state("TXN2") == "PENDING"


@pytest.mark.rule("LOC-08")
def test_an_outcome_told_later_starts_a_waiting_order(gateway: Gateway) -> None:
    gateway.v2.pay()
    gateway.simulator.set_behaviour({"order": "TXN1", "outcome": "SUCCESS"})

    assert gateway.v2.state() == "COMPLETED"


@pytest.mark.rule("LOC-08")
def test_a_delayed_outcome_may_come_after_the_expiry(gateway: Gateway) -> None:
    gateway.simulator.set_behaviour({"outcome": "SUCCESS", "delaySeconds": 2400})
    gateway.v2.pay()
    gateway.clock.advance(2399)
    assert gateway.v2.state() == "PENDING"

    gateway.clock.advance(1)
    eventually(lambda: gateway.v2.state() == "COMPLETED", "paid 40 minutes after checkout")


@pytest.mark.rule("LOC-08", "PAY-121")
def test_after_expiry_the_success_shows_late(gateway: Gateway) -> None:
    gateway.simulator.set_behaviour({"order": "TXN1", "afterExpiry": True})
    gateway.v2.pay()
    gateway.simulator.press("TXN1", "SUCCESS")
    gateway.clock.advance(1800)
    assert gateway.v2.state() == "PENDING"
    assert gateway.receiver.received == []

    gateway.clock.advance(1)
    eventually(lambda: gateway.v2.state() == "COMPLETED", "late success")
    assert [hook.json["event"] for hook in gateway.receiver.wait_for(1)] == ["checkout.order.completed"]


@pytest.mark.rule("LOC-08", "PAY-121")
def test_an_expired_order_succeeds_late_when_told(gateway: Gateway) -> None:
    gateway.v2.pay()
    gateway.clock.advance(2400)
    eventually(lambda: gateway.v2.state() == "FAILED", "expired")
    with pytest.raises(NotPayable, match="afterExpiry"):
        gateway.simulator.press("TXN1", "SUCCESS")
    with pytest.raises(NotPayable):
        gateway.simulator.set_behaviour({"order": "TXN1", "outcome": "SUCCESS", "amountDelta": 5})
    assert gateway.v2.state() == "FAILED"

    gateway.simulator.set_behaviour({"order": "TXN1", "outcome": "SUCCESS", "afterExpiry": True})
    body = gateway.v2.status().json()
    assert (body["state"], body["amount"]) == ("COMPLETED", 11800)


@pytest.mark.rule("LOC-08", "PAY-121")
@pytest.mark.parametrize("delta", [-100, 250])
def test_the_captured_amount_may_differ(gateway: Gateway, delta: int) -> None:
    gateway.simulator.set_behaviour({"amountDelta": delta})
    gateway.v2.pay()
    assert gateway.v2.status().json()["amount"] == 11800
    gateway.simulator.press("TXN1", "SUCCESS")

    body = gateway.v2.status().json()
    assert (body["state"], body["amount"], body["paymentDetails"][0]["amount"]) == (
        "COMPLETED",
        11800 + delta,
        11800 + delta,
    )
    assert gateway.receiver.wait_for(1)[0].json["payload"]["amount"] == 11800 + delta


@pytest.mark.rule("LOC-08", "PAY-121")
def test_the_status_api_is_down_for_n_calls(gateway: Gateway) -> None:
    gateway.v2.pay("TXN1")
    gateway.v1.pay("TXN2")
    gateway.simulator.set_behaviour({"statusDownCalls": 3})

    answers = [gateway.v2.status("TXN1"), gateway.v1.status("TXN2"), gateway.v2.status("TXN1")]
    assert [answer.status_code for answer in answers] == [500] * 3
    assert {answer.json()["code"] for answer in answers} == {"INTERNAL_SERVER_ERROR"}
    assert gateway.v2.status("TXN1").status_code == 200
    assert gateway.v2.pay("TXN3").status_code == 200


@pytest.mark.rule("LOC-08")
def test_the_status_api_is_down_for_one_order_only(gateway: Gateway) -> None:
    gateway.v2.pay("TXN1")
    gateway.v2.pay("TXN2")
    gateway.simulator.set_behaviour({"order": "TXN1", "statusDownCalls": 1})

    assert gateway.v2.status("TXN2").status_code == 200
    assert gateway.v2.status("TXN1").status_code == 500
    assert gateway.v2.status("TXN1").status_code == 200


@pytest.mark.rule("LOC-08", "PAY-121")
def test_the_status_api_may_be_slow_enough_to_time_out(gateway: Gateway) -> None:
    gateway.v2.pay()
    gateway.v2.headers()
    gateway.simulator.set_behaviour({"statusSlowSeconds": 30})
    with pytest.raises(requests.ReadTimeout):
        gateway.v2.get("/checkout/v2/order/TXN1/status", timeout=0.2)

    gateway.simulator.set_behaviour({"statusSlowSeconds": 0.2})
    before = monotonic()
    assert gateway.v2.state() == "PENDING"
    assert monotonic() - before >= 0.2


@pytest.mark.rule("LOC-08")
def test_an_orders_behaviour_goes_before_the_general_one(gateway: Gateway) -> None:
    gateway.simulator.set_behaviour({"outcome": "FAILED", "webhook": {"copies": 2}})
    gateway.simulator.set_behaviour({"order": "TXN1", "outcome": "SUCCESS"})
    gateway.v2.pay("TXN1")
    gateway.v2.pay("TXN2")

    eventually(lambda: gateway.v2.state("TXN1") == "COMPLETED", "the order's own outcome")
    eventually(lambda: gateway.v2.state("TXN2") == "FAILED", "the general outcome")
    assert len(gateway.receiver.wait_for(4)) == 4


@pytest.mark.rule("LOC-08")
def test_an_empty_behaviour_puts_the_defaults_back(gateway: Gateway) -> None:
    gateway.simulator.set_behaviour({"outcome": "FAILED", "webhook": {"send": False}, "statusDownCalls": 5})
    gateway.simulator.set_behaviour({})
    gateway.v2.pay()

    assert gateway.v2.state() == "PENDING"
    gateway.simulator.press("TXN1", "SUCCESS")
    assert len(gateway.receiver.wait_for(1)) == 1


@pytest.mark.rule("LOC-08")
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"outcome": "PAID"}, "outcome"),
        ({"outcome": "success"}, "outcome"),
        ({"delaySeconds": -1}, "delaySeconds"),
        ({"delaySeconds": "5"}, "delaySeconds"),
        ({"delay_seconds": 5}, "delay_seconds"),
        ({"webhook": {"copies": 0}}, "webhook.copies"),
        ({"webhook": {"copies": 1001}}, "webhook.copies"),
        ({"webhook": {"signature": "NONE"}}, "webhook.signature"),
        ({"webhook": {"send": "no"}}, "webhook.send"),
        ({"webhook": True}, "webhook"),
        ({"amountDelta": 1.5}, "amountDelta"),
        ({"statusDownCalls": -1}, "statusDownCalls"),
        ({"statusSlowSeconds": 121}, "statusSlowSeconds"),
        ({"afterExpiry": 1}, "afterExpiry"),
        ({"order": ""}, "order"),
        ({"speed": 3}, "speed"),
    ],
    ids=str,
)
def test_a_wrong_behaviour_is_refused_by_field_and_changes_nothing(
    gateway: Gateway, body: dict[str, Any], field: str
) -> None:
    gateway.simulator.set_behaviour({"outcome": "SUCCESS"})
    with pytest.raises(BehaviourRefused) as refused:
        gateway.simulator.set_behaviour(body)

    assert [detail["field"] for detail in refused.value.details] == [field]
    assert field in str(refused.value)
    gateway.v2.pay()
    eventually(lambda: gateway.v2.state() == "COMPLETED", "the earlier behaviour still holds")


@pytest.mark.rule("LOC-08")
def test_the_whole_behaviour_is_taken_and_answered_back(gateway: Gateway) -> None:
    body = {
        "order": "TXN1",
        "outcome": "SUCCESS",
        "delaySeconds": 5.0,
        "webhook": {
            "send": True,
            "copies": 3,
            "signature": "VALID",
            "beforeRedirect": False,
            "reversed": True,
        },
        "amountDelta": -100,
        "statusDownCalls": 2,
        "statusSlowSeconds": 0.5,
        "afterExpiry": False,
        "payDownCalls": 3,
        "payTaken": True,
    }

    assert gateway.simulator.set_behaviour(body) == body


@pytest.mark.rule("LOC-08", "PAY-121")
@pytest.mark.parametrize("taken", [False, True], ids=["nothing happened", "it happened"])
def test_calls_that_move_money_go_wrong(gateway: Gateway, taken: bool) -> None:
    gateway.v2.pay("TXN1")
    gateway.simulator.press("TXN1", "SUCCESS")
    gateway.simulator.set_behaviour({"payDownCalls": 3, "payTaken": taken})
    calls = (gateway.v2.pay("TXN2"), gateway.v1.pay("TXN3"), gateway.v2.refund("RF1", "TXN1", 100))
    assert [call.status_code for call in calls] == [500] * 3

    found = (gateway.v2.status("TXN2"), gateway.v1.status("TXN3"), gateway.v2.refund_status("RF1"))
    assert [one.status_code for one in found] == [200 if taken else 404] * 3
    assert gateway.v2.pay("TXN4").status_code == 200


@pytest.mark.rule("LOC-08")
def test_pressing_what_cannot_be_pressed(gateway: Gateway) -> None:
    gateway.v2.pay()
    with pytest.raises(ValueError, match="PAID"):
        gateway.simulator.press("TXN1", "PAID")
    with pytest.raises(UnknownOrder):
        gateway.simulator.press("TXN404", "SUCCESS")
    gateway.simulator.press("TXN1", "SUCCESS")
    with pytest.raises(NotPayable, match="paid already"):
        gateway.simulator.press("TXN1", "FAILED")

    assert gateway.v2.state() == "COMPLETED"


@pytest.mark.rule("LOC-08")
def test_a_pending_payment_may_be_paid_later(gateway: Gateway) -> None:
    gateway.v2.pay()
    gateway.simulator.press("TXN1", "PENDING")
    pending = gateway.v2.status().json()["paymentDetails"]
    gateway.simulator.press("TXN1", "SUCCESS")

    [attempt] = gateway.v2.status(query="?details=true").json()["paymentDetails"]
    assert attempt["transactionId"] == pending[0]["transactionId"]
    assert attempt["state"] == "COMPLETED"


@pytest.mark.rule("LOC-08")
def test_reset_forgets_everything(gateway: Gateway) -> None:
    gateway.simulator.set_behaviour({"outcome": "SUCCESS"})
    gateway.v2.pay()
    gateway.simulator.reset()

    assert (gateway.simulator.orders(), gateway.simulator.calls()) == ([], [])
    assert gateway.v2.status().status_code == 401
    gateway.v2._token = None
    assert gateway.v2.pay().status_code == 200
    assert gateway.v2.state() == "PENDING"


@pytest.mark.rule("LOC-07")
def test_a_taken_port_is_an_error_and_stopping_frees_it(gateway: Gateway) -> None:
    port = int(gateway.simulator.url.rsplit(":", 1)[1])
    with pytest.raises(OSError, match="in use"):
        start(port, config())
    gateway.simulator.stop()
    gateway.simulator.stop()
    again = start(port, config())
    again.stop()
