"""Contract V1, the PAY_PAGE interface with ``X-VERIFY`` checksums (PAY-90, PAY-91)."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from chalicelib.commerce.gateways.interface import (
    Flow,
    GatewayOrder,
    GatewayRefund,
    Initiated,
    KnownAlready,
    NoAnswer,
    NotSent,
    OrderStatus,
    RefundStatus,
    Refused,
    SeenPayment,
    State,
)
from chalicelib.commerce.gateways.phonepe import configuration, fields, masking
from chalicelib.commerce.gateways.phonepe.calls import Reply, repeated, send
from chalicelib.platform import clock
from chalicelib.platform.logs import alarm, event

CURRENCY = "INR"
NOT_FOUND_PATIENCE_SECONDS = 15 * 60
_USED = frozenset({"INVALID_TRANSACTION_ID", "DUPLICATE_TXN_REQUEST"})
_KEYS = frozenset({"AUTHORIZATION_FAILED", "KEY_NOT_CONFIGURED"})
_FAILED = frozenset({"PAYMENT_ERROR", "PAYMENT_DECLINED", "PAYMENT_CANCELLED", "TIMED_OUT"})
_PENDING = frozenset({"PAYMENT_PENDING", "INTERNAL_SERVER_ERROR", "PAYMENT_INITIATED"})
_OUR_FAULT = frozenset({"BAD_REQUEST", *_KEYS})
NOT_FOUND = "TRANSACTION_NOT_FOUND"


def checksum(text: str, index: int, key: str) -> str:
    """``X-VERIFY``: sha256 hex of text and salt, and the salt's index."""
    return f"{hashlib.sha256((text + key).encode()).hexdigest()}###{index}"


def initiate(order: GatewayOrder) -> Initiated:
    """``POST /pg/v1/pay``, sent once."""
    reply = _post(
        order.account,
        "PAY",
        {
            "merchantTransactionId": order.ref,
            "merchantUserId": order.payer,
            "amount": order.amount,
            "redirectUrl": order.return_url,
            "redirectMode": "REDIRECT",
            "callbackUrl": configuration.PHONEPE_CALLBACK_URL(),
            "paymentInstrument": {"type": "PAY_PAGE"},
        },
    )
    data = fields.mapping(reply.body.get("data"))
    info = fields.mapping(fields.mapping(data.get("instrumentResponse")).get("redirectInfo"))
    page = fields.page(info.get("url"))
    if page is None:
        raise NoAnswer("NO_PAGE")
    return Initiated(fields.word(data.get("transactionId")) or order.ref, Flow.REDIRECT, page, None)


def status(order: GatewayOrder) -> OrderStatus:
    """``GET /pg/v1/status/…``, by the codes of PAY-91."""
    reply = _status(order.account, "STATUS", order.ref)
    data = fields.mapping(reply.body.get("data"))
    state = _payment_state(reply.code, order)
    if data.get("merchantTransactionId", order.ref) != order.ref:
        alarm("PhonePe answers for another order", merchantTransactionId=order.ref)
        raise NoAnswer("OTHER_ORDER")
    told = fields.paise(data.get("amount"))
    if state is State.SUCCESS and told is None:
        alarm("PhonePe tells of a payment without a sum", merchantTransactionId=order.ref)
        raise NoAnswer("NO_AMOUNT")
    amount = told or order.amount
    payment = _payment(data, state, amount, order.ref)
    error = None if state is State.SUCCESS else reply.code
    late = state is State.FAILED and error in ("TIMED_OUT", NOT_FOUND)
    return OrderStatus(state, amount, CURRENCY, (payment,) if payment else (), error, late)


def _payment(data: Mapping[str, Any], state: State, amount: int, ref: str) -> SeenPayment | None:
    """The one try that V1 tells of; an order that is paid names its payment itself when nothing else does."""
    own_id = fields.word(data.get("transactionId"))
    if state not in (State.SUCCESS, State.FAILED) or (own_id is None and state is State.FAILED):
        return None
    means = fields.mapping(data.get("paymentInstrument"))
    return SeenPayment(
        id=own_id or ref,
        amount=amount,
        currency=CURRENCY,
        state=state,
        mode=fields.word(means.get("type"), 40),
        instrument=masking.instrument({"instrument": means}),
        utr=fields.word(means.get("utr"), 40),
        raw=masking.raw(data),
    )


def _payment_state(code: str, order: GatewayOrder) -> State:
    if code == "PAYMENT_SUCCESS":
        return State.SUCCESS
    if code in _FAILED:
        return State.FAILED
    if code == NOT_FOUND:
        age = (clock.now() - order.created_at).total_seconds()
        return State.FAILED if age >= NOT_FOUND_PATIENCE_SECONDS else State.UNKNOWN
    if code in _OUR_FAULT:
        alarm("PhonePe refuses our status calls", code=code)
    elif code not in _PENDING:
        event("PhonePe answers an unknown code", code=code)
    return State.PENDING


def refund(asked: GatewayRefund) -> RefundStatus:
    """``POST /pg/v1/refund``, sent once; its own transaction id is the refund's name."""
    reply = _post(
        asked.account,
        "REFUND",
        {
            "originalTransactionId": asked.order_ref,
            "merchantTransactionId": asked.ref,
            "amount": asked.amount,
            "callbackUrl": configuration.PHONEPE_CALLBACK_URL(),
        },
    )
    return _refund_status(reply)


def refund_status(asked: GatewayRefund) -> RefundStatus:
    """The status call again, with the refund's id."""
    return _refund_status(_status(asked.account, "REFUND_STATUS", asked.ref))


def _refund_status(reply: Reply) -> RefundStatus:
    provider = fields.word(fields.mapping(reply.body.get("data")).get("transactionId"))
    if reply.code == "PAYMENT_SUCCESS":
        return RefundStatus(State.SUCCESS, provider)
    if reply.code in _FAILED - {"TIMED_OUT"}:
        return RefundStatus(State.FAILED, provider, reply.code)
    if reply.code == NOT_FOUND:
        return RefundStatus(State.UNKNOWN, provider, reply.code)
    if reply.code in _OUR_FAULT:
        alarm("PhonePe refuses our refund status calls", code=reply.code)
    return RefundStatus(State.PENDING, provider, reply.code)


def _post(account_id: str, purpose: str, members: Mapping[str, Any]) -> Reply:
    account = configuration.account(account_id or None)
    path = configuration.path(configuration.V1, purpose)
    text = json.dumps({"merchantId": account.merchant_id, **members}, separators=(",", ":"))
    encoded = base64.b64encode(text.encode()).decode()
    reply = send(
        "POST",
        configuration.api_base(configuration.V1) + path,
        headers={"X-VERIFY": checksum(encoded + path, *account.newest_salt()), "Accept": "application/json"},
        json={"request": encoded},
    )
    if reply.code in _USED:
        raise KnownAlready(reply.code)
    if reply.code in _KEYS or reply.unauthorized:
        alarm("PhonePe refuses our credentials", code=reply.code)
        raise NotSent(reply.code)
    if reply.code == "INTERNAL_SERVER_ERROR":
        raise NoAnswer(reply.code)
    if not reply.ok or reply.body.get("success") is False:
        raise Refused(reply.code)
    return reply


def _status(account_id: str, purpose: str, ref: str) -> Reply:
    account = configuration.account(account_id or None)
    path = configuration.path(configuration.V1, purpose, merchantId=account.merchant_id, merchantTransactionId=ref)
    headers = {
        "X-VERIFY": checksum(path, *account.newest_salt()),
        "X-MERCHANT-ID": account.merchant_id,
        "Accept": "application/json",
    }
    return repeated(lambda: send("GET", configuration.api_base(configuration.V1) + path, headers=headers))
