"""The simulator speaks PhonePe's contract V1: checksums, pay, status, over HTTP."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
import requests

from tests.support.phonepe import Gateway, eventually, x_verify


@pytest.mark.rule("LOC-07", "PAY-90")
@pytest.mark.parametrize("prefix", ["", "/apis/pg-sandbox", "/apis/hermes"])
def test_pay_answers_the_page_and_hashes_the_path_without_prefix(gateway: Gateway, prefix: str) -> None:
    answer = gateway.v1.pay(prefix=prefix)

    assert answer.status_code == 200
    body = answer.json()
    assert (body["success"], body["code"]) == (True, "PAYMENT_INITIATED")
    assert body["data"]["merchantTransactionId"] == "TXN1"
    redirect = body["data"]["instrumentResponse"]["redirectInfo"]
    assert redirect["method"] == "GET"
    assert requests.get(redirect["url"], timeout=10).status_code == 200


@pytest.mark.rule("LOC-07", "PAY-90", "PAY-92")
@pytest.mark.parametrize("index", [1, 2])
def test_every_configured_salt_is_taken(gateway: Gateway, index: int) -> None:
    assert gateway.v1.pay(index=index).status_code == 200


@pytest.mark.rule("LOC-07", "PAY-90")
def test_a_wrong_checksum_is_401(gateway: Gateway) -> None:
    encoded = base64.b64encode(json.dumps(gateway.v1.pay_fields("TXN1")).encode()).decode()
    right = x_verify(encoded + "/pg/v1/pay", 2)
    flipped = ("0" if right[0] != "0" else "1") + right[1:]
    other_path = x_verify(encoded + "/apis/hermes/pg/v1/pay", 2)
    other_salt = x_verify(encoded + "/pg/v1/pay", 1).replace("###1", "###2")

    for verify in (flipped, other_path, other_salt, right.removesuffix("###2"), right + "x", None):
        answer = gateway.v1.send_encoded("/pg/v1/pay", encoded, verify)
        assert (answer.status_code, answer.json()["code"]) == (401, "AUTHORIZATION_FAILED"), verify
    assert gateway.simulator.orders() == []


@pytest.mark.rule("LOC-07", "PAY-90")
def test_an_unknown_salt_index_or_merchant_has_no_key(gateway: Gateway) -> None:
    answers = [gateway.v1.pay(index=9), gateway.v1.pay(merchantId="SOMEBODY")]

    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(400, "KEY_NOT_CONFIGURED")}
    assert gateway.simulator.orders() == []


@pytest.mark.rule("LOC-07")
@pytest.mark.parametrize("encoded", ["%%%", "bm90IGpzb24=", "WzFd", ""])
def test_garbage_in_base64_is_400(gateway: Gateway, encoded: str) -> None:
    answer = gateway.v1.send_encoded("/pg/v1/pay", encoded, x_verify(encoded + "/pg/v1/pay", 2))

    assert (answer.status_code, answer.json()["code"]) == (400, "BAD_REQUEST")


@pytest.mark.rule("LOC-07", "PAY-90")
@pytest.mark.parametrize(
    "change",
    [
        {"amount": 99},
        {"amount": "11800"},
        {"merchantTransactionId": "x" * 35},
        {"merchantTransactionId": "TXN 1"},
        {"merchantUserId": ""},
        {"redirectUrl": "/relative"},
        {"redirectMode": "POPUP"},
        {"callbackUrl": None},
        {"paymentInstrument": {"type": "UPI_QR"}},
    ],
    ids=str,
)
def test_pay_refuses_wrong_fields(gateway: Gateway, change: dict[str, Any]) -> None:
    answer = gateway.v1.pay(**change)

    assert (answer.status_code, answer.json()["code"]) == (400, "BAD_REQUEST")
    assert next(iter(change)) in answer.json()["message"]
    assert gateway.simulator.orders() == []


@pytest.mark.rule("LOC-07")
def test_a_transaction_id_is_used_once(gateway: Gateway) -> None:
    gateway.v1.pay()
    again = gateway.v1.pay(amount=500)

    assert (again.status_code, again.json()["code"]) == (417, "INVALID_TRANSACTION_ID")
    assert gateway.v1.status().json()["data"]["amount"] == 11800


@pytest.mark.rule("LOC-07", "PAY-91")
@pytest.mark.parametrize(
    ("outcome", "success", "code", "state"),
    [
        ("SUCCESS", True, "PAYMENT_SUCCESS", "COMPLETED"),
        ("FAILED", False, "PAYMENT_ERROR", "FAILED"),
        ("PENDING", True, "PAYMENT_PENDING", "PENDING"),
        ("CLOSE", True, "PAYMENT_PENDING", "PENDING"),
    ],
)
def test_status_by_outcome(gateway: Gateway, outcome: str, success: bool, code: str, state: str) -> None:
    gateway.v1.pay()
    gateway.simulator.press("TXN1", outcome)

    answer = gateway.v1.status()
    body = answer.json()
    assert answer.status_code == 200
    assert (body["success"], body["code"], body["data"]["state"]) == (success, code, state)
    assert body["data"]["transactionId"].startswith("T")


@pytest.mark.rule("LOC-07", "PAY-91")
def test_an_unpaid_transaction_times_out(gateway: Gateway) -> None:
    gateway.v1.pay()
    gateway.clock.advance(1200)
    eventually(lambda: gateway.v1.status().json()["code"] == "TIMED_OUT", "timed out")

    assert gateway.receiver.wait_for(1)[0].response["code"] == "TIMED_OUT"


@pytest.mark.rule("LOC-07", "PAY-90")
def test_status_needs_its_checksum_and_merchant_header(gateway: Gateway) -> None:
    gateway.v1.pay()
    wrong = gateway.v1.status(verify="0" * 64 + "###2")
    nobody = gateway.v1.status(**{"X-MERCHANT-ID": "SOMEBODY"})

    assert (wrong.status_code, wrong.json()["code"]) == (401, "AUTHORIZATION_FAILED")
    assert (nobody.status_code, nobody.json()["code"]) == (400, "KEY_NOT_CONFIGURED")


@pytest.mark.rule("LOC-07", "PAY-91")
def test_status_of_an_unknown_transaction(gateway: Gateway) -> None:
    answer = gateway.v1.status("TXN404")

    assert (answer.status_code, answer.json()["code"]) == (404, "TRANSACTION_NOT_FOUND")


@pytest.mark.rule("LOC-07", "PAY-92")
def test_the_callback_is_base64_signed_by_the_newest_salt(gateway: Gateway) -> None:
    gateway.v1.pay(index=1)
    gateway.simulator.press("TXN1", "SUCCESS")

    [callback] = gateway.receiver.wait_for(1)
    assert callback.path == "/webhook/v1"
    assert set(callback.json) == {"response"}
    assert callback.headers["x-verify"] == x_verify(callback.json["response"], 2)
    assert callback.response == gateway.v1.status().json()


@pytest.mark.rule("LOC-07", "PAY-90")
def test_refund_and_its_status_by_the_status_call(gateway: Gateway) -> None:
    gateway.v1.pay()
    gateway.simulator.press("TXN1", "SUCCESS")

    accepted = gateway.v1.refund(amount=5000)
    assert (accepted.status_code, accepted.json()["code"]) == (200, "PAYMENT_PENDING")
    eventually(lambda: gateway.v1.status("RF1").json()["code"] == "PAYMENT_SUCCESS", "refunded")
    body = gateway.v1.status("RF1").json()
    assert (body["data"]["merchantTransactionId"], body["data"]["amount"]) == ("RF1", 5000)
    assert gateway.receiver.wait_for(2)[1].response == body


@pytest.mark.rule("LOC-07")
def test_refunds_that_v1_refuses(gateway: Gateway) -> None:
    gateway.v1.pay()
    early = gateway.v1.refund()
    gateway.simulator.press("TXN1", "SUCCESS")
    unknown = gateway.v1.refund(order="TXN404")
    too_much = gateway.v1.refund(amount=11801)
    same_id = gateway.v1.refund(refund="TXN1")

    assert (early.status_code, early.json()["code"]) == (400, "BAD_REQUEST")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "TRANSACTION_NOT_FOUND")
    assert (too_much.status_code, too_much.json()["code"]) == (400, "BAD_REQUEST")
    assert (same_id.status_code, same_id.json()["code"]) == (417, "INVALID_TRANSACTION_ID")
    assert gateway.order()["refunds"] == []
