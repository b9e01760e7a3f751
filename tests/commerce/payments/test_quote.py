"""What a purchase would cost and do, before it is one; and with whom one may pay."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.commerce.gateways import Flow, registry
from chalicelib.platform import clock
from tests.commerce.payments.fake_gateway import FakeGateway
from tests.commerce.payments.shop import BILLING, DAY, PRICE, Shop
from tests.commerce.payments.test_coupons import coupon, reason, redemption, uses
from tests.support.client import Response
from tests.support.people import Person

READS = {"GetItem", "BatchGetItem", "Query"}


def quote(shop: Shop, who: Person, plan: str = "basic", **more: Any) -> Response:
    body = {"planKey": plan, "billing": BILLING, **more}
    return shop.client.post("/v1/payments/quote", json=body, token=who.token)


@pytest.fixture(autouse=True)
def uncounted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RATE_COUPON", "off")


@pytest.mark.rule("PAY-01", "PAY-41")
def test_a_quote_is_the_order_to_come_and_writes_nothing(shop: Shop) -> None:
    coupon(shop, usageLimitTotal=1)
    student = shop.people.student()
    with shop.cloud.calls.during() as calls:
        answer = quote(shop, student, couponCode="tenoff")
    table = [one.operation for one in calls if one.service == "dynamodb"]
    assert set(table) <= READS
    assert table.count("BatchGetItem") == 1
    told = answer.json
    order = shop.order(student, shop.order_of(student, couponCode="TENOFF"))
    assert (told["subtotalPaise"], told["discountPaise"], told["amountPaise"]) == (PRICE, 4_990, 44_910)
    assert (told["taxPaise"], told["couponCode"], told["gateway"]) == (int(order.tax_paise), "TENOFF", "PHONEPE")
    assert told["tax"]["taxablePaise"] == int(order.tax_facts()["taxablePaise"])
    [line] = told["lines"]
    [kept] = order.line_facts()
    for name in ("unitPricePaise", "discountPaise", "taxPaise", "totalPaise"):
        assert line[name] == int(kept[name])
    assert line["effect"] == told["effect"]
    # The open order holds the only use, and a checkout now would go on with it.
    assert quote(shop, student, couponCode="TENOFF").json["amountPaise"] == 44_910
    assert reason(quote(shop, shop.people.student(), couponCode="TENOFF")) == "LIMIT_TOTAL"
    assert (uses(student), redemption(order.id).state) == (1, "RESERVED")


@pytest.mark.rule("PAY-01", "PAY-42", "TAXN-11")
@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"plan": "nothing-here"}, 404, "PLAN_NOT_FOUND"),
        ({"plan": "hidden"}, 409, "PLAN_NOT_FOR_SALE"),
        ({"couponCode": "NEVER"}, 422, "COUPON_INVALID"),
        ({"billing": None}, 422, "BILLING_STATE_REQUIRED"),
        ({"billing": {"state": "KA", "gstin": "29ABCDE1234F1Z0"}}, 422, "GSTIN_INVALID"),
        ({"currency": "USD"}, 422, "CURRENCY_UNSUPPORTED"),
        ({"returnPath": "//evil.example"}, 422, "RETURN_PATH_INVALID"),
        ({"couponCode": "CHEAP"}, 422, "AMOUNT_TOO_SMALL"),
    ],
)
def test_a_quote_refuses_what_checkout_refuses(shop: Shop, more: dict[str, Any], status: int, code: str) -> None:
    shop.plan("hidden", isActive=False)
    coupon(shop, "CHEAP", type="FLAT", value=PRICE - 1)
    student = shop.people.student()
    for answer in (quote(shop, student, **more), shop.checkout(student, **more)):
        assert (answer.status, answer.code) == (status, code), answer.body
    assert shop.orders(student) == []


@pytest.mark.rule("SUB-40", "PAY-01", "SUB-23")
def test_a_quote_names_the_effect_and_the_new_end(shop: Shop) -> None:
    """Ten days after 30 days of tier 1 were bought: (setting, plan, effect, begins in, days from there, days lost)."""
    shop.plan("lower", family="basic", tier=0, grants=[{"kind": "TESTS"}])
    shop.plan("higher", family="basic", tier=2)
    shop.plan("elsewhere")
    student = shop.people.student()
    shop.pay(shop.order_of(student))
    shop.cloud.drain()
    shop.later(10 * DAY)
    student = shop.again(student)
    for setting, plan, effect, begins, days, lost in (
        (None, "basic", "EXTEND", -10, 60, 0),
        (None, "higher", "UPGRADE", 0, 20 + 30, 0),
        ("SUBSCRIPTION_UPGRADE=REPLACE", "higher", "UPGRADE", 0, 30, 20),
        ("SUBSCRIPTION_STACKING=false", "basic", "REPLACE", 0, 30, 20),
        (None, "lower", "QUEUE", 20, 30, 0),
        (None, "elsewhere", "NEW", 0, 30, 0),
    ):
        with pytest.MonkeyPatch.context() as patch:
            if setting is not None:
                patch.setenv(*setting.split("="))
            told = quote(shop, student, plan).json["effect"]
        starts, ends = clock.parse_iso(told["startsAt"]), clock.parse_iso(told["endsAt"])
        assert (plan, told["effect"], told["lostDays"]) == (plan, effect, lost)
        assert round((ends - starts).total_seconds() / DAY, 2) == days
        assert round((starts - clock.now()).total_seconds() / DAY, 2) == begins
        assert ("20 days of that are lost" in told["message"]) is (effect == "REPLACE")


@pytest.mark.rule("PAY-01")
def test_what_costs_nothing_needs_neither_state_nor_gateway(shop: Shop) -> None:
    coupon(shop, "ALLOFF", value=100)
    told = quote(shop, shop.people.student(), couponCode="ALLOFF", billing=None).json
    assert (told["amountPaise"], told["discountPaise"], told["gateway"]) == (0, PRICE, "NONE")


@pytest.mark.rule("PAY-01", "HTTP-40")
def test_ten_quotes_a_minute(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RATE_COUPON", "10/60")
    student = shop.people.student()
    codes = [quote(shop, student).status for _ in range(11)]
    assert codes == [200] * 10 + [429]
    assert quote(shop, shop.people.student()).status == 200


@pytest.mark.rule("PAY-23")
def test_the_gateways_offered_now(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    abroad = FakeGateway(flow=Flow.CLIENT_SDK, currencies=("INR", "USD"))
    registry.register(abroad)
    student = shop.people.student()

    def offered(**query: str) -> Any:
        return shop.client.get("/v1/payments/gateways", query=query, token=student.token, expect=200).json["items"]

    phonepe = {"name": "PHONEPE", "flow": "REDIRECT", "currencies": ["INR"]}
    assert offered() == [phonepe]
    monkeypatch.setenv("PAYMENT_GATEWAYS", f"PHONEPE,{abroad.name}")
    other = {"name": abroad.name, "flow": "CLIENT_SDK", "currencies": ["INR", "USD"]}
    assert offered(currency="INR") == [phonepe, other]
    assert offered(currency="USD") == [other]
    assert offered(currency="GBP") == []
    staff = shop.people.super_admin()
    refused = shop.client.get("/v1/payments/gateways", token=staff.token)
    assert (refused.status, refused.code) == (403, "WRONG_USER_TYPE")
