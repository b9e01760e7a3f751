"""A gateway that is not itself, seen from orders: nobody is granted anything, and all is well once it is back."""

from __future__ import annotations

import json

import pytest

from tests.commerce.payments.shop import PRICE, Shop, assert_paid_once, assert_unpaid
from tests.commerce.payments.stranger import Answer, http, stranger

PAGE = http("200 OK", b"<html>Sign in to this network</html>", "Content-Type: text/html")
WRONG_PAGE = {"orderId": "OMO1", "state": "PENDING", "redirectUrl": "javascript:alert(document.cookie)"}


@pytest.fixture
def v1(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """The contract whose calls all go to one place."""
    monkeypatch.setenv("PHONEPE_CONTRACT", "V1")
    shop.silence()
    return shop


@pytest.mark.rule("PAY-46", "PAY-47", "PAY-02")
@pytest.mark.parametrize(
    ("says", "status", "code"),
    [
        (PAGE, 504, "GATEWAY_TIMEOUT"),
        (http("302 Found", b"", "Location: https://evil.example/"), 504, "GATEWAY_TIMEOUT"),
        (http("200 OK", json.dumps(WRONG_PAGE).encode()), 504, "GATEWAY_TIMEOUT"),
        (http("429 Too Many Requests", b"{}"), 502, "GATEWAY_UNAVAILABLE"),
        (http("403 Forbidden", b"<html>"), 502, "GATEWAY_REJECTED"),
        (http("400 Bad Request", b'{"success": false, "code": "BAD_REQUEST"}'), 502, "GATEWAY_REJECTED"),
    ],
    ids=["a page", "elsewhere", "a wrong page", "later", "forbidden", "refused"],
)
def test_a_checkout_that_meets_a_stranger(
    v1: Shop, says: Answer, status: int, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, student = v1, v1.people.student()
    with stranger() as them:
        them.says = says
        monkeypatch.setenv("PHONEPE_API_BASE_URL", them.url)
        answer = shop.checkout(student, key="the-same-key-123")
        assert (answer.status, answer.code) == (status, code)
        assert len(them.requests) == 1
        assert "evil.example" not in str(answer.json)
    [order] = shop.orders(student)
    assert (order.status, order.redirect_url) == ("FAILED" if code == "GATEWAY_REJECTED" else "CREATED", None)
    assert_unpaid(shop, student, order.id)
    monkeypatch.setenv("PHONEPE_API_BASE_URL", shop.simulator.url)
    again = shop.checkout(student, key="the-same-key-123")
    order_id = again.json["merchantTransactionId"]
    assert (again.status in (200, 201), order_id == order.id) == (True, code != "GATEWAY_REJECTED")
    shop.pay(order_id)
    assert shop.finalize(shop.people.admin("ADMIN_FINANCE"), order_id).json["changed"] is True
    assert_paid_once(shop, student, order_id)


@pytest.mark.rule("PAY-12", "PAY-31", "PAY-70")
def test_a_status_that_a_stranger_tells_changes_no_order(v1: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop, student, admin = v1, v1.people.student(), v1.people.admin("ADMIN_FINANCE")
    order_id = shop.order_of(student)
    data = {"merchantTransactionId": order_id, "transactionId": "T1", "amount": float(PRICE)}
    other = {**data, "merchantTransactionId": "TXN-OF-SOMEBODY-ELSE", "amount": PRICE}
    claims = [{"success": True, "code": "PAYMENT_SUCCESS", "data": one} for one in (data, other, [data])]
    with stranger() as them:
        monkeypatch.setenv("PHONEPE_API_BASE_URL", them.url)
        for says in (PAGE, *(http("200 OK", json.dumps(claim).encode()) for claim in claims)):
            them.says = says
            asked = shop.finalize(admin, order_id)
            assert (asked.status, asked.code) == (502, "GATEWAY_UNAVAILABLE")
            assert shop.order(student, order_id).status == "PENDING"
            assert_unpaid(shop, student, order_id)
    monkeypatch.setenv("PHONEPE_API_BASE_URL", shop.simulator.url)
    shop.pay(order_id)
    assert shop.finalize(admin, order_id).json["changed"] is True
    assert_paid_once(shop, student, order_id)
