"""PhonePe's own client for Node against the simulator (PAY-121): it takes what the gateway itself would say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from infra.local.phonepe import Simulator, start
from tests.support import official
from tests.support.official import OfficialClient
from tests.support.phonepe import PASSWORD, USERNAME, Receiver, config, receiving

pytestmark = pytest.mark.rule("PAY-121", "LOC-07")


@dataclass
class Shop:
    simulator: Simulator
    receiver: Receiver
    client: OfficialClient

    def pay(self, order: str, outcome: str = "SUCCESS") -> None:
        self.simulator.press(order, outcome)
        assert self.simulator.wait_idle(10)

    def checked(self, number: int) -> dict[str, object]:
        """A webhook as the client's own check takes it."""
        told = self.receiver.wait_for(number + 1)[number]
        given = {"username": USERNAME, "password": PASSWORD, "authorization": told.headers["authorization"]}
        return self.client.answer("callback", **given, body=told.body.decode())


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    """One process for all tests: to start it costs more than they do."""
    merchant = config()
    given = (merchant.client_id, merchant.client_secret, merchant.client_version)
    with receiving() as receiver:
        simulator = start(0, replace(merchant, webhook_url=receiver.url))
        try:
            with official.phonepe(simulator.url, *given) as client:
                yield Shop(simulator, receiver, client)
        finally:
            simulator.stop()


@pytest.fixture(autouse=True)
def empty(shop: Shop) -> None:
    shop.simulator.reset()
    # The client keeps its token, as every merchant's server does: what it holds is not ours any more (PAY-93).
    shop.receiver.received.clear()


@pytest.mark.rule("PAY-93", "PAY-94", "PAY-95", "PAY-96")
def test_an_order_from_its_page_to_its_refund(shop: Shop) -> None:
    page = shop.client.answer("pay", order="TXN1", amount=11_800)
    assert page["state"] == "PENDING"
    assert str(page["redirectUrl"]).startswith(shop.simulator.url)
    assert shop.client.answer("status", order="TXN1")["state"] == "PENDING"
    shop.pay("TXN1")
    paid = shop.client.answer("status", order="TXN1", details=True)
    assert (paid["state"], paid["amount"], paid["orderId"]) == ("COMPLETED", 11_800, page["orderId"])
    [attempt] = paid["paymentDetails"]
    assert attempt["state"] == "COMPLETED"
    alone = shop.client.answer("transaction", transaction=attempt["transactionId"])
    assert (alone["orderId"], alone["state"]) == (page["orderId"], "COMPLETED")
    told = shop.checked(0)
    assert told["payload"]["merchantOrderId"] == "TXN1"  # type: ignore[index]
    assert told["payload"]["state"] == "COMPLETED"  # type: ignore[index]
    begun = shop.client.answer("refund", refund="RF1", order="TXN1", amount=1_800)
    assert (begun["state"], begun["amount"]) == ("PENDING", 1_800)
    assert shop.simulator.wait_idle(10)
    shop.simulator.settle()
    done = shop.client.answer("refundStatus", refund="RF1")
    assert (done["state"], done["merchantRefundId"]) == ("COMPLETED", "RF1")
    kinds = {shop.checked(number)["payload"]["merchantRefundId"] for number in (1,)}  # type: ignore[index]
    assert kinds == {"RF1"}


def test_an_order_that_fails_and_one_for_a_phone(shop: Shop) -> None:
    shop.client.answer("pay", order="TXN2", amount=100)
    shop.pay("TXN2", "FAILED")
    failed = shop.client.answer("status", order="TXN2", details=True)
    assert failed["state"] == "FAILED"
    assert failed["errorCode"]
    assert shop.checked(0)["payload"]["state"] == "FAILED"  # type: ignore[index]
    assert shop.client.answer("sdkOrder", order="TXN3", amount=100)["token"]


@pytest.mark.rule("PAY-94", "PAY-95")
def test_its_refusals_are_the_ones_it_knows(shop: Shop) -> None:
    shop.client.answer("pay", order="TXN4", amount=100)
    for what, given, status in (
        ("pay", {"order": "TXN4", "amount": 100}, 417),
        ("pay", {"order": "TXN5", "amount": 99}, 400),
        ("pay", {"order": "TXN5", "amount": 100, "expireAfter": 10}, 400),
        ("status", {"order": "nothing"}, 404),
        ("refundStatus", {"refund": "nothing"}, 404),
        ("refund", {"refund": "RF2", "order": "TXN4", "amount": 100}, 400),
    ):
        refused = shop.client.error(what, **given)
        assert (refused["kind"] != "TypeError", refused["status"]) == (True, status), (what, given, refused)
        assert refused["code"], (what, given)


@pytest.mark.rule("PAY-96")
def test_a_webhook_that_is_not_the_gateways_is_none_to_it_either(shop: Shop) -> None:
    shop.client.answer("pay", order="TXN6", amount=100)
    shop.pay("TXN6")
    told = shop.receiver.wait_for(1)[0]
    right = {"username": USERNAME, "password": PASSWORD, "authorization": told.headers["authorization"]}
    assert shop.client.answer("callback", **right, body=told.body.decode())
    for wrong in ({"password": "Other123"}, {"username": "nobody"}, {"authorization": "0" * 64}):
        assert shop.client.error("callback", **{**right, **wrong}, body=told.body.decode())["kind"] != "TypeError"


@pytest.mark.rule("PAY-93")
def test_a_token_that_stops_working_is_renewed(shop: Shop) -> None:
    shop.client.answer("pay", order="TXN7", amount=100)
    shop.simulator.expire_tokens()
    assert shop.client.answer("status", order="TXN7")["state"] == "PENDING"
    calls = [str(call["path"]) for call in shop.simulator.calls()]
    assert calls.count("/v1/oauth/token") == 2
