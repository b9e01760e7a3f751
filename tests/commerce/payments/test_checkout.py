"""Checkout: one order whatever comes twice, refusals by name, and what becomes of lost answers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.platform import store
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.store.items import Item
from chalicelib.platform.store.keys import Key
from tests.commerce.payments.door import Door
from tests.commerce.payments.shop import PRICE, Shop, assert_paid_once, assert_unpaid
from tests.support.people import Person

PAY_PATH = "/checkout/v2/pay"


def _open_checkouts(shop: Shop, who: Person) -> list[str]:
    keys = [str(item["sk"]["S"]) for item in shop.cloud.items(f"USER#{who.id}")]
    return [key for key in keys if key.startswith("OPENCHECKOUT")]


@pytest.mark.rule("PAY-02", "PAY-40", "PAY-41", "PAY-48", "PAY-94", "TAXN-13")
def test_an_order_is_priced_by_the_server(shop: Shop) -> None:
    student = shop.people.student()
    body = shop.checkout(student, returnPath="/courses/done").json
    order = shop.order(student, body["merchantTransactionId"])
    assert len(order.id) == 29
    assert len(str(order.merchant_user_id)) == 20
    assert student.id not in str(order.merchant_user_id)
    assert body["returnUrl"] == f"http://127.0.0.1:3000/courses/done?txn={order.id}"
    assert (int(order.amount_paise), int(order.subtotal_paise)) == (PRICE, PRICE)
    tax = order.tax_facts()
    assert int(tax["taxablePaise"]) + sum(int(part["amountPaise"]) for part in tax["components"]) == PRICE
    assert tax["placeOfSupply"] == "IN-KA"
    [seen] = shop.simulator.orders()
    assert (seen["merchantTransactionId"], seen["amountPaise"]) == (order.id, PRICE)
    assert body["plan"] == {"key": "basic", "name": "Plan basic", "durationDays": 30}
    text = str(body)
    assert "client-secret" not in text
    assert "O-Bearer" not in text


@pytest.mark.rule("PAY-02", "PAY-48", "PAY-50")
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"planKey": "nothing"}, 404, "PLAN_NOT_FOUND"),
        ({"planKey": "basic", "returnPath": "//evil.example"}, 422, "RETURN_PATH_INVALID"),
        ({"planKey": "basic", "returnPath": "https://evil.example"}, 422, "RETURN_PATH_INVALID"),
        ({"planKey": "basic", "returnPath": "/a\\b"}, 422, "RETURN_PATH_INVALID"),
        ({"planKey": "basic", "returnPath": "/a" * 101}, 422, "RETURN_PATH_INVALID"),
        ({"planKey": "basic", "returnPath": ""}, 422, "RETURN_PATH_INVALID"),
        ({"planKey": "basic", "amountPaise": 1}, 422, "VALIDATION_FAILED"),
        ({"planKey": "basic", "couponCode": "FREE"}, 422, "COUPON_INVALID"),
        ({"planKey": "basic", "gateway": "STRIPE"}, 422, "VALIDATION_FAILED"),
        ({"planKey": "basic", "items": [{"kind": "PLAN", "ref": "basic"}]}, 422, "VALIDATION_FAILED"),
        ({"items": [{"kind": "HOUSE", "ref": "basic"}]}, 422, "VALIDATION_FAILED"),
        ({"items": [{"kind": "PLAN", "ref": "basic"}] * 2}, 422, "VALIDATION_FAILED"),
        ({}, 422, "VALIDATION_FAILED"),
    ],
)
def test_what_cannot_be_bought_is_refused_by_name(shop: Shop, body: dict[str, object], status: int, code: str) -> None:
    student = shop.people.student()
    answer = shop.client.post("/v1/payments/checkout", json=body, token=student.token)
    assert (answer.status, answer.code) == (status, code)
    assert shop.orders(student) == []
    assert shop.simulator.orders() == []


@pytest.mark.rule("PAY-02", "PLAN-12")
def test_a_plan_that_is_not_sold_is_refused(shop: Shop) -> None:
    shop.plan("hidden", isActive=False)
    student = shop.people.student()
    assert shop.checkout(student, "hidden").code == "PLAN_NOT_FOR_SALE"
    assert shop.orders(student) == []


@pytest.mark.rule("PAY-41")
def test_a_free_plan_needs_no_gateway(shop: Shop) -> None:
    shop.plan("trial", pricePaise=0)
    student = shop.people.student()
    answer = shop.checkout(student, "trial")
    assert (answer.status, answer.json["flow"], answer.json["redirectUrl"]) == (201, "NONE", None)
    order = shop.order(student, answer.json["merchantTransactionId"])
    assert (order.status, order.gateway) == ("SUCCESS", "NONE")
    assert len(shop.periods(student)) == 1
    assert shop.ledger(order.id) == {}
    assert shop.simulator.orders() == []
    shop.cloud.drain()
    assert _open_checkouts(shop, student) == []


@pytest.mark.rule("PAY-43")
def test_the_same_key_answers_the_same_order(shop: Shop) -> None:
    student, other = shop.people.student(), shop.people.student()
    key = "checkout-key-0001"
    first = shop.checkout(student, key=key)
    again = shop.checkout(student, key=key)
    assert (first.status, again.status) == (201, 200)
    assert again.headers["idempotent-replay"] == "true"
    for name in ("merchantTransactionId", "redirectUrl", "amountPaise"):
        assert first.json[name] == again.json[name]
    reused = shop.checkout(student, key=key, returnPath="/elsewhere")
    assert (reused.status, reused.code) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert len(shop.orders(student)) == 1
    assert shop.order_of(other, key=key) != first.json["merchantTransactionId"]
    assert shop.gateway_calls(PAY_PATH) == 2


@pytest.mark.rule("PAY-43")
def test_a_key_counts_for_fifteen_minutes(shop: Shop) -> None:
    student = shop.people.student()
    first = shop.order_of(student, key="checkout-key-0001")
    shop.later(14 * 60)
    assert shop.order_of(student, key="checkout-key-0001") == first
    shop.later(2 * 60)
    fresh = shop.again(student).token
    answer = shop.client.post(
        "/v1/payments/checkout",
        json={"planKey": "basic", "billing": {"state": "KA"}},
        token=fresh,
        headers={"Idempotency-Key": "checkout-key-0001"},
        expect=201,
    )
    assert answer.json["merchantTransactionId"] != first


@pytest.mark.rule("PAY-44")
def test_without_a_key_the_open_order_is_answered(shop: Shop) -> None:
    student = shop.people.student()
    first = shop.order_of(student)
    assert shop.order_of(student) == first
    shop.later(11 * 60)
    second = shop.order_of(student)
    assert second != first
    older, newer = shop.order(student, first), shop.order(student, second)
    assert (older.superseded_by, newer.supersedes) == (second, first)
    assert older.status == "PENDING"


@pytest.mark.rule("PAY-44")
def test_another_billing_place_makes_another_order(shop: Shop) -> None:
    student = shop.people.student()
    first = shop.order_of(student)
    second = shop.order_of(student, billing={"country": "IN", "state": "KL"})
    assert second != first
    assert shop.order(student, first).superseded_by == second
    names = [part["name"] for part in shop.order(student, second).tax_facts()["components"]]
    assert names == ["IGST"]


@pytest.mark.rule("PAY-45", "PAY-43")
@pytest.mark.parametrize("key", ["one-key-for-all-ten", None])
def test_ten_simultaneous_checkouts_are_one_order_and_one_gateway_call(shop: Shop, key: str | None) -> None:
    student = shop.people.student()
    with ThreadPoolExecutor(max_workers=10) as pool:
        answers = list(pool.map(lambda _: shop.checkout(student, key=key), range(10)))
    good = [answer for answer in answers if answer.status in (200, 201)]
    others = {answer.code for answer in answers if answer not in good}
    assert others <= {"CHECKOUT_IN_PROGRESS", "IDEMPOTENCY_IN_PROGRESS"}
    assert [answer.status for answer in answers].count(201) == 1
    assert len({answer.json["merchantTransactionId"] for answer in good}) == 1
    assert len(shop.orders(student)) == 1
    assert shop.gateway_calls(PAY_PATH) == 1
    waits = [answer.headers["retry-after"] for answer in answers if answer.code == "CHECKOUT_IN_PROGRESS"]
    assert set(waits) <= {"2"}


@pytest.mark.rule("PAY-41", "PAY-45")
def test_ten_simultaneous_free_checkouts_grant_once(shop: Shop) -> None:
    shop.plan("trial", pricePaise=0)
    student = shop.people.student()
    with ThreadPoolExecutor(max_workers=10) as pool:
        answers = list(pool.map(lambda _: shop.checkout(student, "trial"), range(10)))
    assert {answer.status for answer in answers} <= {200, 201, 409}
    orders = shop.orders(student)
    assert len(orders) == len([answer for answer in answers if answer.status == 201]) >= 1
    [period] = shop.periods(student)
    days = (int(period["endsAt"]) - int(period["startsAt"])) // 86_400
    assert days == 30 * len(orders)


@pytest.mark.rule("PAY-02", "HTTP-40")
def test_five_checkouts_in_ten_minutes(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RATE_CHECKOUT", "5/600")
    student = shop.people.student()
    codes = [shop.checkout(student).status for _ in range(6)]
    assert codes.count(429) >= 1
    assert codes[-1] == 429
    assert len(shop.orders(student)) == 1


@pytest.mark.rule("PAY-46", "PAY-47")
def test_a_gateway_that_cannot_be_reached_loses_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The call never left: 502; the same request again begins under the same id."""
    student = shop.people.student()
    there = shop.simulator.url
    shop.pay(shop.order_of(shop.people.student()), "FAILED")  # the access token is at hand
    monkeypatch.setenv("PHONEPE_API_BASE_URL", "http://127.0.0.1:9")
    answer = shop.checkout(student, key="key-of-the-lost-call")
    assert (answer.status, answer.code) == (502, "GATEWAY_UNAVAILABLE")
    [order] = shop.orders(student)
    assert order.status == "CREATED"
    assert_unpaid(shop, student, order.id)
    monkeypatch.setenv("PHONEPE_API_BASE_URL", there)
    again = shop.checkout(student, key="key-of-the-lost-call")
    assert (again.status, again.json["merchantTransactionId"]) == (200, order.id)
    shop.pay(order.id)
    shop.cloud.drain()
    assert_paid_once(shop, student, order.id)


@pytest.mark.rule("PAY-46")
@pytest.mark.parametrize("after", [False, True])
def test_a_lost_answer_is_never_asked_for_twice(shop: Shop, after: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """504; the order waits, and the same request again first asks what the gateway knows."""
    shop.pay(shop.order_of(shop.people.student()), "FAILED")  # the access token is at hand
    student = shop.people.student()
    door = Door(shop.simulator.url)
    monkeypatch.setenv("PHONEPE_API_BASE_URL", door.url)
    try:
        door.shut(0, after=after)
        lost = shop.checkout(student, key="key-of-the-lost-answer")
        assert (lost.status, lost.code) == (504, "GATEWAY_TIMEOUT")
        [order] = shop.orders(student)
        assert (order.status, order.unsure) == ("CREATED", True)
        again = shop.checkout(student, key="key-of-the-lost-answer")
    finally:
        door.close()
    if after:
        # Known there, and its page is lost: that order is left to the workflow.
        assert again.status == 201
        assert [one.split("/")[-1] for one in door.calls] == ["pay", "status", "pay"]
        assert shop.order(student, order.id).superseded_by == again.json["merchantTransactionId"]
    else:
        assert (again.status, again.json["merchantTransactionId"]) == (200, order.id)
        assert len(shop.simulator.orders()) == 2


@pytest.mark.rule("PAY-46")
def test_a_refused_payment_fails_the_order(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    student = shop.people.student()
    monkeypatch.setenv("PHONEPE_PAY_PATH", "/no/such/path")
    answer = shop.checkout(student, key="key-of-the-refused-1")
    assert (answer.status, answer.code) == (502, "GATEWAY_REJECTED")
    [order] = shop.orders(student)
    assert order.status == "FAILED"
    assert str(order.status_reason).startswith("GATEWAY_REFUSED")
    monkeypatch.delenv("PHONEPE_PAY_PATH")
    assert shop.checkout(student, key="key-of-the-refused-1").status == 201


@pytest.mark.rule("PAY-46")
def test_a_page_that_was_lost_leaves_its_order_to_the_workflow(shop: Shop) -> None:
    """Checkout died after it had called the gateway: the order is known there, so a retry places another one."""
    student = shop.people.student()
    first = shop.order_of(student, key="key-of-the-lost-page")
    order = shop.order(student, first)
    place = order.itself
    store.update(
        type(order),
        place,
        [
            type(order).status.set("CREATED"),
            type(order).redirect_url.remove(),
            type(order).initiate_until.set(0),
            type(order).gsi2pk.set(type(order).status_partition("CREATED", order.created_at)),
        ],
    )
    again = shop.checkout(student, key="key-of-the-lost-page")
    assert again.status == 201
    second = again.json["merchantTransactionId"]
    assert second != first
    assert shop.order(student, first).superseded_by == second
    assert shop.gateway_calls(PAY_PATH) == 2


@pytest.mark.rule("PAY-45")
def test_while_the_first_has_no_page_yet_the_others_wait(shop: Shop) -> None:
    student = shop.people.student()
    first = shop.order_of(student, key="key-of-the-first-one")
    order = shop.order(student, first)
    store.update(
        type(order),
        order.itself,
        [type(order).status.set("CREATED"), type(order).redirect_url.remove(), type(order).initiate_until.set(2**40)],
    )
    other = shop.checkout(student)
    assert (other.status, other.code, other.headers["retry-after"]) == (409, "CHECKOUT_IN_PROGRESS", "2")
    same = shop.checkout(student, key="key-of-the-first-one")
    assert (same.status, same.code) == (409, "IDEMPOTENCY_IN_PROGRESS")
    assert len(shop.orders(student)) == 1


@pytest.mark.rule("PAY-02")
def test_only_students_buy(shop: Shop) -> None:
    admin = shop.people.super_admin()
    answer = shop.checkout(admin)
    assert (answer.status, answer.code) == (403, "WRONG_USER_TYPE")
    assert shop.orders(admin) == []


@pytest.mark.rule("PAY-40")
def test_ids_have_their_form(shop: Shop) -> None:
    student = shop.people.student()
    order_id = shop.order_of(student)
    assert order_id.startswith("TXN")
    assert len(order_id) == len("TXN") + len(new_ulid())
    assert store.get(Item, Key(f"ORDER#{order_id}", "META")) is not None
