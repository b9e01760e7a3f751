"""The simulator speaks PhonePe's contract V2: what it takes, refuses and answers, over HTTP."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.support.phonepe import Gateway, MerchantV2, eventually

BASE = {
    "merchantOrderId": "TXN1",
    "amount": 100,
    "paymentFlow": {"type": "PG_CHECKOUT", "merchantUrls": {"redirectUrl": "https://academy.example/back"}},
}


@pytest.mark.rule("LOC-07", "PAY-93")
def test_token_is_an_o_bearer_with_its_times_in_epoch_seconds(gateway: Gateway) -> None:
    answer = gateway.v2.fetch_token()

    assert answer.status_code == 200
    body = answer.json()
    assert body["token_type"] == "O-Bearer"
    assert body["issued_at"] == int(gateway.clock().timestamp())
    assert body["expires_at"] == body["issued_at"] + 3600 == body["session_expires_at"]
    assert body["expires_in"] == 3600
    assert body["access_token"].count(".") == 2


@pytest.mark.rule("LOC-07", "PAY-93")
@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"client_secret": "wrong"}, "INVALID_CLIENT"),
        ({"client_id": "nobody"}, "INVALID_CLIENT"),
        ({"client_version": "7"}, "INVALID_CLIENT"),
        ({"grant_type": "password"}, "BAD_REQUEST"),
        ({"client_id": ""}, "BAD_REQUEST"),
    ],
)
def test_token_refuses_wrong_credentials(gateway: Gateway, fields: dict[str, str], code: str) -> None:
    answer = gateway.v2.fetch_token(**fields)

    assert answer.status_code == 400
    assert answer.json()["code"] == code
    assert "access_token" not in answer.text


@pytest.mark.rule("LOC-07", "PAY-93")
def test_token_is_asked_by_form_and_not_by_json(gateway: Gateway) -> None:
    body = {"client_id": "CLIENT", "client_secret": "client-secret", "client_version": "1"}
    answer = requests.post(f"{gateway.simulator.url}/v1/oauth/token", json=body, timeout=10)

    assert answer.status_code == 400


@pytest.mark.rule("LOC-07", "PAY-121")
@pytest.mark.parametrize("headers", [{}, {"Authorization": "O-Bearer made.up.token"}, {"Authorization": "Bearer x"}])
def test_calls_without_a_valid_token_are_401(gateway: Gateway, headers: dict[str, str]) -> None:
    answers = [
        gateway.v2.post("/checkout/v2/pay", BASE, headers),
        gateway.v2.get("/checkout/v2/order/TXN1/status", headers),
        gateway.v2.post("/payments/v2/refund", {}, headers),
        gateway.v2.get("/payments/v2/refund/RF1/status", headers),
    ]

    assert {answer.status_code for answer in answers} == {401}
    assert {answer.json()["code"] for answer in answers} == {"AUTHORIZATION_FAILED"}
    assert gateway.simulator.orders() == []


@pytest.mark.rule("LOC-07", "PAY-121", "PAY-93")
def test_token_expires_by_the_clock_and_by_command(gateway: Gateway) -> None:
    gateway.v2.pay()
    gateway.clock.advance(3599)
    assert gateway.v2.status().status_code == 200

    gateway.clock.advance(1)
    assert gateway.v2.status().status_code == 401

    fresh = MerchantV2(gateway.simulator.url)
    assert fresh.status().status_code == 200
    gateway.simulator.expire_tokens()
    assert fresh.status().status_code == 401


@pytest.mark.rule("LOC-07", "PAY-94")
def test_pay_opens_an_order_with_a_page(gateway: Gateway) -> None:
    answer = gateway.v2.pay()

    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"orderId", "state", "expireAt", "redirectUrl"}
    assert body["state"] == "PENDING"
    assert body["orderId"].startswith("OMO")
    assert body["expireAt"] == int(gateway.clock().timestamp() + 1800) * 1000
    assert requests.get(body["redirectUrl"], timeout=10).status_code == 200


@pytest.mark.rule("LOC-07")
@pytest.mark.parametrize("prefix", ["", "/apis/pg-sandbox", "/apis/pg"])
def test_the_sdks_host_prefixes_are_answered(gateway: Gateway, prefix: str) -> None:
    merchant = MerchantV2(gateway.simulator.url + prefix)

    assert merchant.pay().status_code == 200
    assert merchant.state() == "PENDING"


@pytest.mark.rule("LOC-07")
def test_the_identity_manager_prefix_gives_tokens(gateway: Gateway) -> None:
    assert MerchantV2(gateway.simulator.url + "/apis/identity-manager").fetch_token().status_code == 200


@pytest.mark.rule("LOC-07", "PAY-94")
@pytest.mark.parametrize(
    "change",
    [
        {"amount": 99},
        {"amount": "11800"},
        {"amount": 118.5},
        {"amount": True},
        {"merchantOrderId": ""},
        {"merchantOrderId": "x" * 64},
        {"merchantOrderId": "TXN 1"},
        {"merchantOrderId": "TXN#1"},
        {"merchantOrderId": None},
        {"expireAfter": 299},
        {"expireAfter": 3601},
        {"metaInfo": {"udf1": "x" * 257}},
        {"metaInfo": {"udf11": "no spaces"}},
        {"metaInfo": {"udf16": "x"}},
        {"metaInfo": {"plan": "gold"}},
        {"paymentFlow": None},
        {"paymentFlow": {"type": "PG"}},
        {"paymentFlow": {"type": "PG_CHECKOUT", "merchantUrls": {"redirectUrl": "not a url"}}},
    ],
    ids=str,
)
def test_pay_refuses_what_the_contract_forbids(gateway: Gateway, change: dict[str, Any]) -> None:
    answer = gateway.v2.post("/checkout/v2/pay", BASE | change)

    assert answer.status_code == 400
    body = answer.json()
    assert (body["success"], body["code"], body["data"]) == (False, "BAD_REQUEST", {})
    assert next(iter(change)) in body["message"]
    assert gateway.simulator.orders() == []


@pytest.mark.rule("LOC-07")
def test_pay_refuses_a_body_that_is_no_json(gateway: Gateway) -> None:
    url = f"{gateway.simulator.url}/checkout/v2/pay"
    answer = requests.post(url, data=b"{", headers=gateway.v2.headers(), timeout=10)

    assert (answer.status_code, answer.json()["code"]) == (400, "BAD_REQUEST")


@pytest.mark.rule("LOC-07")
@pytest.mark.parametrize(
    "change", [{"amount": 100}, {"merchantOrderId": "x" * 63}, {"expireAfter": 300}, {"expireAfter": 3600}]
)
def test_pay_takes_the_limits_themselves(gateway: Gateway, change: dict[str, Any]) -> None:
    assert gateway.v2.post("/checkout/v2/pay", BASE | change).status_code == 200


@pytest.mark.rule("LOC-07")
def test_pay_ignores_fields_that_only_the_sdks_know(gateway: Gateway) -> None:
    flow = BASE["paymentFlow"] | {"paymentModeConfig": {"enabledPaymentModes": [{"type": "CARD"}]}}  # type: ignore[operator]
    extra = {
        "disablePaymentRetry": True,
        "prefillUserLoginDetails": {"phoneNumber": "x"},
        "paymentFlow": flow,
    }

    assert gateway.v2.post("/checkout/v2/pay", BASE | extra).status_code == 200


@pytest.mark.rule("LOC-07", "PAY-94")
def test_an_order_id_is_used_once(gateway: Gateway) -> None:
    first = gateway.v2.pay()
    again = gateway.v2.pay(amount=100)

    assert again.status_code == 417
    assert again.json()["code"] == "INVALID_MERCHANT_ORDER_ID"
    assert gateway.v2.status().json()["orderId"] == first.json()["orderId"]
    assert gateway.v2.status().json()["amount"] == 11800


@pytest.mark.rule("LOC-07", "PAY-121")
def test_fifty_parallel_pays_of_one_order_make_one_order(gateway: Gateway) -> None:
    gateway.v2.headers()
    with ThreadPoolExecutor(50) as pool:
        codes = sorted(answer.status_code for answer in pool.map(lambda _: gateway.v2.pay(), range(50)))

    assert codes == [200] + [417] * 49
    assert len(gateway.simulator.orders()) == 1


@pytest.mark.rule("LOC-07", "PAY-121")
def test_fifty_parallel_pays_of_fifty_orders_make_fifty(gateway: Gateway) -> None:
    gateway.v2.headers()
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda i: gateway.v2.pay(f"TXN{i}"), range(50)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["orderId"] for answer in answers}) == 50
    assert len(gateway.simulator.orders()) == 50


@pytest.mark.rule("LOC-07")
def test_an_sdk_order_answers_a_token_instead_of_a_page(gateway: Gateway) -> None:
    answer = gateway.v2.post("/checkout/v2/sdk/order", BASE)

    assert answer.status_code == 200
    assert set(answer.json()) == {"orderId", "state", "expireAt", "token"}
    assert gateway.v2.state() == "PENDING"


@pytest.mark.rule("LOC-07", "PAY-94")
def test_status_of_an_untouched_order(gateway: Gateway) -> None:
    gateway.v2.pay()

    body = gateway.v2.status().json()
    assert (body["state"], body["amount"], body["paymentDetails"]) == ("PENDING", 11800, [])
    assert body["metaInfo"] == {"udf1": "gold", "udf2": "test"}
    assert "errorCode" not in body


@pytest.mark.rule("LOC-07", "PAY-94")
def test_status_of_a_paid_order_names_the_transaction(gateway: Gateway) -> None:
    gateway.v2.pay()
    gateway.simulator.press("TXN1", "SUCCESS")

    body = gateway.v2.status().json()
    assert (body["state"], body["amount"]) == ("COMPLETED", 11800)
    [attempt] = body["paymentDetails"]
    assert attempt["state"] == "COMPLETED"
    assert attempt["transactionId"].startswith("OM")
    assert attempt["rail"]["type"] == "UPI"
    assert attempt["instrument"]["type"] == "ACCOUNT"
    assert attempt["splitInstruments"][0]["amount"] == 11800
    one = gateway.v2.get(f"/checkout/v2/transaction/{attempt['transactionId']}/status").json()
    assert one["paymentDetails"] == [attempt]


@pytest.mark.rule("LOC-07", "PAY-94")
def test_status_of_a_failed_order_tells_why_when_asked(gateway: Gateway) -> None:
    gateway.v2.pay()
    gateway.simulator.press("TXN1", "FAILED")

    plain = gateway.v2.status().json()
    told = gateway.v2.status(query="?details=false&errorContext=true").json()
    assert (plain["state"], plain["errorCode"], plain["detailedErrorCode"]) == (
        "FAILED",
        "INVALID_MPIN",
        "ZM",
    )
    assert "errorContext" not in plain
    assert set(told["errorContext"]) == {"errorCode", "detailedErrorCode", "source", "stage", "description"}


@pytest.mark.rule("LOC-07")
@pytest.mark.parametrize(("query", "shown"), [("?details=False&details=False", 1), ("?details=true", 2), ("", 1)])
def test_status_shows_all_attempts_or_the_last(gateway: Gateway, query: str, shown: int) -> None:
    gateway.v2.pay()
    gateway.simulator.set_behaviour({"order": "TXN1", "afterExpiry": True})
    gateway.simulator.press("TXN1", "PENDING")
    gateway.clock.advance(1801)
    eventually(lambda: gateway.v2.state() == "FAILED", "the pending attempt failed at expiry")
    gateway.simulator.press("TXN1", "SUCCESS")

    states = [attempt["state"] for attempt in gateway.v2.status(query=query).json()["paymentDetails"]]
    assert states == ["FAILED", "COMPLETED"][-shown:]


@pytest.mark.rule("LOC-07")
def test_status_of_an_unknown_order(gateway: Gateway) -> None:
    answer = gateway.v2.status("TXN404")

    assert answer.status_code == 404
    assert answer.json()["code"] == "INVALID_MERCHANT_ORDER_ID"
    assert answer.json()["message"] == "No entry found for given merchant order id"


@pytest.mark.rule("LOC-07", "PAY-121")
def test_an_unpaid_order_fails_at_its_expiry(gateway: Gateway) -> None:
    gateway.v2.pay(expireAfter=300)
    gateway.clock.advance(299)
    assert gateway.v2.state() == "PENDING"

    gateway.clock.advance(1)
    eventually(lambda: gateway.v2.state() == "FAILED", "expired")
    body = gateway.v2.status(query="?errorContext=true").json()
    assert body["errorCode"] == "TXN_NOT_COMPLETED"
    assert body["errorContext"]["detailedErrorCode"] == "TXN_AUTO_FAILED"
    assert gateway.receiver.wait_for(1)[0].json["event"] == "checkout.order.failed"


@pytest.mark.rule("LOC-07")
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/checkout/v2/pay", 405),
        ("POST", "/checkout/v2/none", 404),
        ("GET", "/transact/pg?token=no", 404),
    ],
)
def test_paths_that_are_not_there(gateway: Gateway, method: str, path: str, status: int) -> None:
    assert requests.request(method, gateway.simulator.url + path, timeout=10).status_code == status


@pytest.mark.rule("LOC-08")
def test_every_call_is_on_record_with_its_time(gateway: Gateway) -> None:
    gateway.v2.pay()
    gateway.clock.advance(20)
    gateway.v2.status()
    gateway.v2.status("TXN404")

    assert [(call["method"], call["path"], call["status"], call["order"]) for call in gateway.simulator.calls()] == [
        ("POST", "/v1/oauth/token", 200, None),
        ("POST", "/checkout/v2/pay", 200, "TXN1"),
        ("GET", "/checkout/v2/order/TXN1/status", 200, "TXN1"),
        ("GET", "/checkout/v2/order/TXN404/status", 404, "TXN404"),
    ]
    assert [call["at"] for call in gateway.order()["calls"]] == [
        "2026-01-31T10:00:00.000Z",
        "2026-01-31T10:00:20.000Z",
    ]
