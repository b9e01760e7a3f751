"""The breaker (PAY-47): who would only wait for a gateway that answers nobody is told so at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chalicelib.commerce.gateways import breaker
from chalicelib.commerce.gateways.items import GatewayHealth
from chalicelib.platform import clock, store
from tests.commerce.payments.shop import Shop, assert_paid_once
from tests.support.client import Response
from tests.support.races import at_once

NOBODY = "http://127.0.0.1:9"
PAY_PATH = "/checkout/v2/pay"


@pytest.fixture
def down(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Take the gateway's payment interface away, or bring it back."""

    def switch(away: bool) -> None:
        monkeypatch.setenv("PHONEPE_API_BASE_URL", NOBODY if away else shop.simulator.url)

    shop.silence()
    return switch


def _fresh(shop: Shop, plan: str = "basic") -> Response:
    """Another student's checkout."""
    return shop.checkout(shop.people.student(), plan)


def _health() -> GatewayHealth | None:
    return store.get(GatewayHealth, breaker.health_key("PHONEPE"))


def _orders(shop: Shop) -> int:
    return sum(1 for item in shop.cloud.items() if item["kind"]["S"] == "PaymentOrder")


@pytest.mark.rule("PAY-47")
def test_five_failures_in_a_row_shut_it_for_half_a_minute(shop: Shop, down: Callable[[bool], None]) -> None:
    paying, waiting = shop.people.student(), shop.people.student()
    order_id = shop.order_of(paying)
    down(True)
    assert shop.checkout(waiting, key="waiting-key-1234").code == "GATEWAY_UNAVAILABLE"
    assert [_fresh(shop).status for _ in range(4)] == [502] * 4
    down(False)
    before, placed = shop.gateway_calls(PAY_PATH), _orders(shop)
    refused = _fresh(shop)
    assert (refused.status, refused.code) == (502, "GATEWAY_UNAVAILABLE")
    assert 1 <= int(refused.headers["retry-after"]) <= 30
    assert shop.checkout(waiting, key="waiting-key-1234").code == "GATEWAY_UNAVAILABLE", "nor is a lost one resumed"
    assert (shop.gateway_calls(PAY_PATH), _orders(shop)) == (before, placed), "nothing was placed, nobody was asked"
    assert shop.order_of(paying) == order_id, "whoever has a page gets it"
    shop.pay(order_id)
    assert shop.finalize(shop.people.admin("ADMIN_FINANCE"), order_id).json["changed"] is True
    assert_paid_once(shop, paying, order_id)
    shop.plan("gift", pricePaise=0)
    assert _fresh(shop, "gift").status == 201, "what costs nothing needs no gateway"
    shop.later(30)
    again = shop.again(waiting)
    assert shop.checkout(again, key="waiting-key-1234").status == 200
    health = _health()
    assert health is not None
    assert (list(health.failures), int(health.open_until)) == ([], 0)


@pytest.mark.rule("PAY-47")
def test_one_more_failure_shuts_it_again_and_one_success_forgets_them(shop: Shop, down: Callable[[bool], None]) -> None:
    down(True)
    for _ in range(5):
        _fresh(shop)
    shop.later(31)
    before = _orders(shop)
    assert [_fresh(shop).status, _fresh(shop).status] == [502, 502]
    assert _orders(shop) == before + 1, "the first was tried, the second was not"
    shop.later(31)
    down(False)
    assert _fresh(shop).status == 201
    down(True)
    before = _orders(shop)
    for _ in range(5):
        _fresh(shop)
    assert _orders(shop) == before + 5, "each of them was tried"


@pytest.mark.rule("PAY-47")
@pytest.mark.parametrize(
    "story",
    [
        ["down"] * 4 + ["up"] + ["down"] * 4,
        ["down"] * 4 + ["refused"] + ["down"] * 4,
        ["down"] * 4 + ["minute"] + ["down"] * 4,
        ["down", "down", "half", "down", "half", "down", "half", "down", "down"],
    ],
    ids=["a success between", "a refusal is an answer", "a minute between", "never five within a minute"],
)
def test_what_does_not_shut_it(shop: Shop, down: Callable[[bool], None], story: list[str]) -> None:
    for step in story:
        if step in ("minute", "half"):
            shop.later(60 if step == "minute" else 25)
        elif step == "refused":
            down(False)
            shop.simulator.set_behaviour({"webhook": {"send": False}})
            _refused(shop)
        else:
            down(step == "down")
            assert _fresh(shop).status == (502 if step == "down" else 201)
    down(False)
    assert _fresh(shop).status == 201


def _refused(shop: Shop) -> None:
    """PhonePe answers, and says no: its page needs an address to return to that is one."""
    import os

    os.environ["PAYMENT_RETURN_URL"] = "no address at all"
    try:
        assert _fresh(shop).code == "GATEWAY_REJECTED"
    finally:
        del os.environ["PAYMENT_RETURN_URL"]


@pytest.mark.rule("PAY-47", "PAY-115")
def test_while_a_gateway_is_well_it_costs_nothing(shop: Shop) -> None:
    shop.order_of(shop.people.student())
    assert _health() is None
    with shop.cloud.calls.during() as calls:
        shop.order_of(shop.people.student())
    assert "GWHEALTH" not in str([call for call in calls if call.operation not in ("BatchGetItem",)])


@pytest.mark.rule("PAY-47")
def test_failures_at_the_same_moment_all_count(shop: Shop) -> None:
    at_once([lambda: breaker.note_failure("PHONEPE")] * 8)
    health = _health()
    assert health is not None
    assert len(health.failures) == 8
    assert int(health.open_until) >= clock.epoch() + 29
    with pytest.raises(breaker.BreakerOpen):
        breaker.check_health(health)
    for _ in range(30):
        breaker.note_failure("PHONEPE")
    health = _health()
    assert health is not None
    assert len(health.failures) <= 20, "what is kept does not grow"
