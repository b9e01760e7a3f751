"""Coupons on orders: limits under races, reservations to the end of their orders, what is booked."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from chalicelib.commerce.coupons import Coupon, CouponRedemption, CouponUse
from chalicelib.commerce.gateways import State, registry
from chalicelib.commerce.payments import discounting
from chalicelib.platform import clock, store
from chalicelib.platform.store import ConditionFailed
from tests.commerce.payments.fake_gateway import FakeGateway
from tests.commerce.payments.shop import PRICE, Shop, assert_balanced, assert_paid_once
from tests.support.client import Response
from tests.support.people import Person
from tests.support.races import at_once

RACE = (1_500, 1_000) if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else (100, 10)


def coupon(shop: Shop, code: str = "TENOFF", **more: Any) -> dict[str, Any]:
    """Ten percent off for everybody once, for a year from yesterday on."""
    now = clock.now()
    dates = {"startAt": clock.iso(now - timedelta(days=1)), "endAt": clock.iso(now + timedelta(days=365))}
    body = {"code": code, "type": "PERCENT", "value": 10, **dates, **more}
    boss = shop.people.admin("ADMIN_FINANCE")
    return dict(shop.client.post("/v1/admin/coupons", json=body, token=boss.token, expect=201).json)


def stored(code: str = "TENOFF") -> dict[str, Any]:
    found = store.get(Coupon, Coupon.place(code))
    assert found is not None
    return found.facts


def uses(who: Person, code: str = "TENOFF") -> int:
    found = store.get(CouponUse, CouponUse.place(code, who.id))
    return int(found.used_count) if found else 0


def redemption(order_id: str, code: str = "TENOFF") -> CouponRedemption:
    found = store.get(CouponRedemption, CouponRedemption.place(code, order_id))
    assert found is not None
    return found


def state_of(shop: Shop, who: Person, order_id: str) -> str:
    """Of the redemption; the order tells the same."""
    state = str(redemption(order_id).state)
    assert shop.order(who, order_id).coupon_state == state
    return state


def reason(answer: Response) -> str:
    assert (answer.status, answer.code) == (422, "COUPON_INVALID"), answer.body
    return str(answer.json["details"]["reason"])


def counters(code: str = "TENOFF") -> tuple[int, int, int]:
    facts = stored(code)
    return int(facts["usedCount"]), int(facts["redeemedCount"]), int(facts["discountGivenPaise"])


@pytest.mark.rule("PAY-41", "CPN-10", "PAY-02", "PAY-110", "PAY-115")
def test_price_then_coupon_then_tax(shop: Shop) -> None:
    """₹499 − 10 % = ₹449.10, of which 18 % tax; the order, the gateway and the ledger tell the same."""
    coupon(shop)
    student = shop.people.student()
    shop.pay(shop.order_of(shop.people.student()), "FAILED")  # the access token is at hand
    with shop.cloud.calls.during() as calls:
        answer = shop.checkout(student, couponCode=" tenoff ")
    operations = [one.operation for one in calls if one.service == "dynamodb"]
    assert (operations.count("BatchGetItem"), operations.count("TransactWriteItems"), len(operations)) == (1, 1, 4)
    assert (answer.status, answer.json["amountPaise"]) == (201, 44_910)
    order = shop.order(student, answer.json["merchantTransactionId"])
    assert (order.coupon_code, int(order.subtotal_paise), int(order.discount_paise)) == ("TENOFF", PRICE, 4_990)
    assert [int(part["amountPaise"]) for part in order.tax_facts()["components"]] == [3_425, 3_425]
    [line] = order.line_facts()
    assert (int(line["discountPaise"]), int(line["totalPaise"])) == (4_990, 44_910)
    assert int(order.amount_paise) == 44_910
    shop.pay(order.id)
    shop.cloud.drain()
    assert_paid_once(shop, student, order.id)
    booked = {one["account"]: one for one in shop.ledger(order.id)["CAPTURE"].lines}
    assert int(booked["DISCOUNT"]["debitPaise"]) == 4_990
    assert int(booked["REVENUE"]["creditPaise"]) == 44_910 - 6_850 + 4_990
    assert shop.client.get(f"/v1/payments/orders/{order.id}", token=student.token).json["couponCode"] == "TENOFF"


@pytest.mark.rule("CPN-13", "CPN-14", "PAY-37")
def test_a_reservation_is_redeemed_once_with_its_order(shop: Shop) -> None:
    coupon(shop)
    student = shop.people.student()
    order_id = shop.order_of(student, couponCode="TENOFF")
    assert (state_of(shop, student, order_id), uses(student)) == ("RESERVED", 1)
    assert counters() == (0, 0, 0), "without a total limit checkout does not touch the coupon"
    shop.cloud.drain(executions=False)
    assert counters() == (1, 0, 0)
    shop.pay(order_id)
    shop.cloud.drain()
    assert (state_of(shop, student, order_id), uses(student), counters()) == ("REDEEMED", 1, (1, 1, 4_990))
    shop.finalize(shop.people.admin("ADMIN_FINANCE"), order_id)
    shop.cloud.drain()
    assert (state_of(shop, student, order_id), uses(student), counters()) == ("REDEEMED", 1, (1, 1, 4_990))
    assert reason(shop.checkout(student, couponCode="TENOFF")) == "LIMIT_USER"


@pytest.mark.rule("CPN-13", "PAY-46")
@pytest.mark.parametrize("end", ["FAILED", "EXPIRED", "REFUSED"])
def test_a_reservation_is_released_once_when_nothing_comes_of_its_order(
    shop: Shop, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    coupon(shop, usageLimitTotal=1)
    student, other = shop.people.student(), shop.people.student()
    if end == "REFUSED":
        monkeypatch.setenv("PHONEPE_PAY_PATH", "/no/such/path")
        assert shop.checkout(student, couponCode="TENOFF").code == "GATEWAY_REJECTED"
        order_id = shop.orders(student)[0].id
        monkeypatch.delenv("PHONEPE_PAY_PATH")
    else:
        order_id = shop.order_of(student, couponCode="TENOFF")
        assert reason(shop.checkout(other, couponCode="TENOFF")) == "LIMIT_TOTAL"
        assert shop.orders(other) == []
        if end == "FAILED":
            shop.pay(order_id, "FAILED")
        else:
            shop.simulator.set_behaviour({"outcome": "SUCCESS", "delaySeconds": 100_000})
            shop.later(31 * 60)
            shop.reconcile()
        shop.cloud.drain()
    assert (state_of(shop, student, order_id), uses(student), counters()[:2]) == ("RELEASED", 0, (0, 0))
    shop.reconcile()
    assert (uses(student), counters()[0]) == (0, 0)
    shop.order_of(shop.again(other), couponCode="TENOFF")
    assert counters()[0] == 1


@pytest.mark.rule("CPN-12", "CPN-14")
def test_of_everybody_at_once_exactly_as_many_have_it_as_it_allows(shop: Shop) -> None:
    """By day 100 on a coupon of 10, by night 1,500 on one of 1,000. Half of the orders fail: as many others have it."""
    racers, limit = RACE
    fake = FakeGateway()
    registry.register(fake)
    coupon(shop, usageLimitTotal=limit, value=20)
    students = [shop.people.student() for _ in range(racers)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAYMENT_GATEWAYS", fake.name)
        with ThreadPoolExecutor(min(racers, 64)) as pool:
            buy = partial(shop.checkout, couponCode="TENOFF")
            answers = dict(zip((one.id for one in students), pool.map(buy, students), strict=True))
        won = [one for one in students if answers[one.id].status == 201]
        assert len(won) == limit
        lost = [answers[one.id] for one in students if one not in won]
        assert {reason(one) for one in lost} == {"LIMIT_TOTAL"}
        assert int(stored()["usedCount"]) == limit
        ends = {one.id: str(answers[one.id].json["merchantTransactionId"]) for one in won[: limit // 2]}
        for user_id, order_id in ends.items():
            fake.pay(order_id, State.FAILED)
            shop.cloud.invoke("check_order", {"merchantTransactionId": order_id, "userId": user_id})
        assert int(stored()["usedCount"]) == limit - len(ends)
        again = [shop.checkout(one, couponCode="TENOFF").status for one in students if one not in won][:limit]
        assert again.count(201) == len(ends)


@pytest.mark.rule("CPN-12")
def test_one_student_in_two_tabs_has_it_once(shop: Shop) -> None:
    """Two plans, so that neither tab answers the other's order."""
    coupon(shop)
    shop.plan("other")
    student = shop.people.student()
    tabs = [partial(shop.checkout, student, plan, couponCode="TENOFF") for plan in ("basic", "other")]
    answers = at_once(tabs)
    assert sorted(one.status for one in answers) == [201, 422]
    assert reason(next(one for one in answers if one.status == 422)) == "LIMIT_USER"
    assert (uses(student), len(shop.orders(student))) == (1, 1)


@pytest.mark.rule("PAY-44", "CPN-13", "CPN-16")
def test_another_coupon_is_another_order_and_the_same_one_goes_over_to_it(shop: Shop) -> None:
    coupon(shop, usageLimitTotal=1)
    coupon(shop, "HALF", value=50)
    student = shop.people.student()
    first = shop.order_of(student, couponCode="TENOFF")
    assert shop.order_of(student, couponCode="tenoff") == first
    mended = shop.order_of(student, couponCode="TENOFF", billing={"state": "KL"})
    assert mended != first
    assert (state_of(shop, student, first), state_of(shop, student, mended)) == ("RELEASED", "RESERVED")
    assert redemption(first).handed_to == mended
    assert (uses(student), counters()[0]) == (1, 1), "one use all the while"
    other = shop.order_of(student, couponCode="HALF", billing={"state": "KL"})
    assert other not in (first, mended)
    assert (uses(student), uses(student, "HALF"), int(shop.order(student, other).amount_paise)) == (1, 1, 24_950)
    plain = shop.order_of(student, billing={"state": "KL"})
    assert int(shop.order(student, plain).amount_paise) == PRICE
    assert shop.order(student, other).superseded_by == plain


@pytest.mark.rule("CPN-13", "PAY-72")
def test_an_order_paid_after_its_coupon_went_over_keeps_its_discount(shop: Shop) -> None:
    coupon(shop)
    student = shop.people.student()
    first = shop.order_of(student, couponCode="TENOFF")
    second = shop.order_of(student, couponCode="TENOFF", billing={"state": "KL"})
    shop.pay(first)
    shop.cloud.drain(executions=False)
    assert_paid_once(shop, student, first)
    assert (state_of(shop, student, first), uses(student)) == ("REDEEMED", 2)
    shop.pay(second)
    shop.cloud.drain()
    twin = shop.order(student, second)
    assert (twin.status, twin.duplicate_of, state_of(shop, student, second)) == ("SUCCESS", first, "RELEASED")
    assert (uses(student), counters()[:2]) == (1, (1, 1))


@pytest.mark.rule("PAY-71", "CPN-13")
@pytest.mark.parametrize("limit", [1, None])
def test_late_money_has_its_coupon_again_even_past_the_limit(shop: Shop, limit: int | None) -> None:
    coupon(shop, **({"usageLimitTotal": limit} if limit else {}))
    shop.simulator.set_behaviour({"outcome": "SUCCESS", "delaySeconds": 40 * 60})
    student, other = shop.people.student(), shop.people.student()
    late = shop.order_of(student, couponCode="TENOFF")
    shop.later(31 * 60)
    shop.reconcile()
    shop.cloud.drain()
    assert (state_of(shop, student, late), counters()[0]) == ("RELEASED", 0)
    shop.order_of(shop.again(other), couponCode="TENOFF")
    shop.later(60 * 60)
    shop.cloud.drain()
    shop.cloud.invoke("check_late_payments")
    shop.cloud.drain()
    assert "LATE_SUCCESS" in shop.order(student, late).flags
    found = redemption(late)
    assert (found.state, bool(found.over_limit), uses(student)) == ("REDEEMED", limit is not None, 1)
    assert counters()[1] >= 1


@pytest.mark.rule("CPN-13", "PAY-74", "PAY-14")
@pytest.mark.parametrize(("choice", "state"), [("ACCEPT", "REDEEMED"), ("REFUND", "RELEASED")])
def test_held_money_keeps_its_coupon_until_staff_decide(shop: Shop, choice: str, state: str) -> None:
    coupon(shop)
    student, boss = shop.people.student(), shop.people.admin("ADMIN_FINANCE")
    shop.simulator.set_behaviour({"amountDelta": -100})
    order_id = shop.order_of(student, couponCode="TENOFF")
    shop.pay(order_id)
    shop.cloud.drain()
    assert (shop.order(student, order_id).status, state_of(shop, student, order_id)) == ("REVIEW", "RESERVED")
    body = {"decision": choice, "reason": "One rupee is missing"}
    path = f"/v1/admin/payments/orders/{order_id}/resolve"
    shop.client.post(path, json=body, token=boss.token, expect=200)
    shop.cloud.drain()
    shop.later(120)
    shop.cloud.drain()
    assert state_of(shop, student, order_id) == state
    for entry in shop.ledger(order_id).values():
        assert_balanced(entry)


@pytest.mark.rule("PAY-41", "CPN-16", "PAY-110")
def test_a_coupon_of_all_of_it_is_captured_with_the_order(shop: Shop) -> None:
    """No gateway, no billing state; and only where each may do so a limited number of times."""
    coupon(shop, "ALLOFF", value=100, usageLimitTotal=2)
    coupon(shop, "MANY", type="FLAT", value=60_000, usageLimitPerUser=None)
    student = shop.people.student()
    assert reason(shop.checkout(student, couponCode="MANY")) == "NOT_FOR_ITEM"
    answer = shop.checkout(student, couponCode="ALLOFF", billing=None)
    assert (answer.status, answer.json["flow"], answer.json["amountPaise"]) == (201, "NONE", 0)
    order = shop.order(student, answer.json["merchantTransactionId"])
    assert (order.status, order.gateway, int(order.tax_paise)) == ("SUCCESS", "NONE", 0)
    assert len(shop.periods(student)) == 1
    entry = shop.ledger(order.id)["CAPTURE"]
    assert_balanced(entry)
    assert {one["account"] for one in entry.lines} == {"DISCOUNT", "REVENUE"}
    shop.cloud.drain()
    assert (counters("ALLOFF"), uses(student, "ALLOFF")) == ((1, 1, PRICE), 1)
    assert reason(shop.checkout(student, couponCode="ALLOFF")) == "LIMIT_USER"
    assert shop.simulator.orders() == []


@pytest.mark.rule("CPN-11", "PAY-42")
def test_what_is_refused_leaves_nothing(shop: Shop) -> None:
    shop.plan("other")
    yesterday, tomorrow = (clock.iso(clock.now() + timedelta(days=days)) for days in (-1, 1))
    coupon(shop, "SOON", startAt=tomorrow)
    coupon(shop, "GONE", endAt=yesterday, startAt="2020-01-01T00:00:00Z")
    coupon(shop, "BIG", minOrderPaise=PRICE + 1)
    coupon(shop, "ELSE", planKeys=["other"])
    coupon(shop, "FIRST", firstPurchaseOnly=True, usageLimitPerUser=None)
    coupon(shop, "OFF", isActive=False)
    coupon(shop, "TINY", type="FLAT", value=PRICE - 99)
    student = shop.people.student()
    shop.pay(shop.order_of(student, couponCode="FIRST"))
    shop.cloud.drain()
    before = len(shop.orders(student))
    refused = {
        code: reason(shop.checkout(student, couponCode=code))
        for code in ("SOON", "GONE", "BIG", "ELSE", "FIRST", "OFF", "NEVER", "no code")
    }
    assert refused == {
        "SOON": "NOT_STARTED",
        "GONE": "ENDED",
        "BIG": "MIN_ORDER",
        "ELSE": "NOT_FOR_ITEM",
        "FIRST": "FIRST_PURCHASE_ONLY",
        "OFF": "UNKNOWN",
        "NEVER": "UNKNOWN",
        "no code": "UNKNOWN",
    }
    assert shop.checkout(student, couponCode="TINY").code == "AMOUNT_TOO_SMALL"
    assert len(shop.orders(student)) == before
    assert [uses(student, code) for code in refused] == [0, 0, 0, 0, 1, 0, 0, 0]


@pytest.mark.rule("TAXN-14", "PAY-42", "CPN-11")
def test_another_currency_needs_a_price_and_a_gateway_that_takes_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.plan("abroad", prices={"USD": 999})
    coupon(shop)
    coupon(shop, "RUPEES", type="FLAT", value=100)
    student = shop.people.student()
    wanted: dict[str, Any] = {"currency": "USD", "billing": {"country": "US"}}
    assert shop.checkout(student, "abroad", **wanted).code == "CURRENCY_UNSUPPORTED"
    both = FakeGateway(currencies=("INR", "USD"))
    registry.register(both)
    monkeypatch.setenv("PAYMENT_GATEWAYS", f"PHONEPE,{both.name}")
    assert shop.checkout(student, "basic", **wanted).code == "CURRENCY_UNSUPPORTED"
    assert shop.checkout(student, "abroad", gateway="PHONEPE", **wanted).code == "CURRENCY_UNSUPPORTED"
    assert reason(shop.checkout(student, "abroad", couponCode="RUPEES", **wanted)) == "CURRENCY"
    assert shop.orders(student) == []
    answer = shop.checkout(student, "abroad", couponCode="TENOFF", **wanted)
    assert (answer.status, answer.json["amountPaise"], answer.json["currency"]) == (201, 900, "USD")
    order = shop.order(student, answer.json["merchantTransactionId"])
    assert (order.gateway, order.currency, both.asked) == (both.name, "USD", {order.id: 900})


@pytest.mark.rule("CPN-15")
def test_who_guesses_codes_waits_for_an_hour(shop: Shop) -> None:
    """Ten are answered, also of thirty at once; then not even a code that exists is looked at, and staff see why."""
    coupon(shop)
    student, honest = shop.people.student(), shop.people.student()
    guess = [partial(shop.checkout, student, couponCode=f"GUESS{number}") for number in range(30)]
    codes = [one.code for one in at_once(guess)]
    assert (codes.count("COUPON_INVALID"), codes.count("RATE_LIMITED")) == (10, 20)
    refused = shop.checkout(student, couponCode="TENOFF")
    assert (refused.status, refused.code) == (429, "RATE_LIMITED")
    assert 3_000 < int(refused.headers["retry-after"]) <= 3_600
    assert shop.orders(student) == []
    assert shop.checkout(student).status == 201
    assert shop.checkout(honest, couponCode="TENOFF").status == 201
    signals = [one for one in shop.cloud.items() if one.get("type", {}).get("S") == "COUPON_GUESSING"]
    assert [one["user_id"]["S"] for one in signals] == [student.id]
    shop.later(3_601)
    assert shop.checkout(shop.again(student), couponCode="TENOFF").status == 201


@pytest.mark.rule("CPN-13")
def test_no_step_happens_twice(shop: Shop) -> None:
    """The writes themselves hold under the state they start from."""
    coupon(shop, usageLimitTotal=5)
    student = shop.people.student()
    order_id = shop.order_of(student, couponCode="TENOFF")
    stale = shop.order(student, order_id)
    shop.pay(order_id, "FAILED")
    shop.cloud.drain()
    for step in (discounting.redeem, discounting.release):
        tx = store.Transaction()
        step(tx, stale)
        with pytest.raises((store.TransactionLost, ConditionFailed)):
            tx.commit()
    assert (uses(student), counters()[0]) == (0, 0)
