"""Contract V2's bodies for an order, an attempt and a refund: the status calls answer them, webhooks carry
them.

Source: the sample responses of developer.phonepe.com «Check Payment Status» (cases 1 to 6) and «Refund
Status», and the callback payloads in the tests of PhonePe's official Python SDK.
"""

from __future__ import annotations

from infra.local.phonepe.state import Attempt, Order, Refund
from infra.local.phonepe.wire import JsonObject


def millis(seconds: float) -> int:
    """Epoch milliseconds, the unit of every time in the contract but the token's."""
    return int(seconds * 1000)


def order_body(order: Order, details: bool = False, context: bool = False) -> JsonObject:
    """The order status; ``details`` shows every attempt instead of the latest, ``context`` the error
    context.
    """
    body: JsonObject = {"orderId": order.order_id, "state": order.state, "amount": order.shown_amount}
    if order.state == "COMPLETED":
        body |= {"payableAmount": order.shown_amount, "feeAmount": 0}
    body["expireAt"] = millis(order.expires_at.timestamp())
    if order.meta:
        body["metaInfo"] = order.meta
    if order.failure:
        body |= _errors(order.failure.error_code, order.failure.detailed_error_code)
    shown = order.attempts if details else order.attempts[-1:]
    body["paymentDetails"] = [attempt_body(attempt) for attempt in shown]
    if context and order.failure:
        failure = order.failure
        body["errorContext"] = {
            "errorCode": failure.error_code,
            "detailedErrorCode": failure.detailed_error_code,
            "source": failure.source,
            "stage": failure.stage,
            "description": failure.description,
        }
    return body


def attempt_body(attempt: Attempt) -> JsonObject:
    """One entry of ``paymentDetails``."""
    body: JsonObject = {
        "transactionId": attempt.transaction_id,
        "paymentMode": "UPI_INTENT",
        "timestamp": millis(attempt.at.timestamp()),
        "amount": attempt.amount,
        "payableAmount": attempt.amount,
        "feeAmount": 0,
        "state": attempt.state,
    }
    if attempt.failure:
        body |= _errors(attempt.failure.error_code, attempt.failure.detailed_error_code)
    if attempt.state == "COMPLETED":
        money = money_path(attempt.utr)
        body |= money | {"splitInstruments": [money | {"amount": attempt.amount}]}
    return body


def money_path(utr: str) -> JsonObject:
    """A UPI payment's rail and instrument, masked as the gateway masks them."""
    return {
        "rail": {
            "type": "UPI",
            "utr": utr,
            "upiTransactionId": f"YBL{utr}",
            "vpa": "98****10@ybl",
        },
        "instrument": {
            "type": "ACCOUNT",
            "maskedAccountNumber": "XXXXXX1234",
            "accountType": "SAVINGS",
            "ifsc": "AABF0009009",
        },
    }


def refund_body(refund: Refund, merchant_id: str) -> JsonObject:
    """The refund status, also the payload of refund webhooks."""
    at = millis(refund.created_at.timestamp())
    detail: JsonObject = {
        "transactionId": refund.refund_id,
        "paymentMode": "UPI_INTENT",
        "timestamp": at,
        "amount": refund.amount,
        "state": refund.state,
    }
    body: JsonObject = {
        "merchantId": merchant_id,
        "merchantRefundId": refund.merchant_refund_id,
        "originalMerchantOrderId": refund.order.merchant_order_id,
        "refundId": refund.refund_id,
        "amount": refund.amount,
        "state": refund.state,
        "timestamp": at,
    }
    if refund.failure:
        errors = _errors(refund.failure.error_code, refund.failure.detailed_error_code)
        body |= errors
        detail |= errors
    if refund.state == "COMPLETED":
        detail |= {"splitInstruments": [money_path(refund.utr) | {"amount": refund.amount}]}
    return body | {"paymentDetails": [detail]}


def _errors(code: str, detailed: str) -> JsonObject:
    return {"errorCode": code, "detailedErrorCode": detailed}
