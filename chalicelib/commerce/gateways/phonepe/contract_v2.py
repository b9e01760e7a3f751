"""Contract V2, Standard Checkout (PAY-93 … PAY-95)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
from chalicelib.commerce.gateways.phonepe import configuration, fields, masking, tokens
from chalicelib.commerce.gateways.phonepe.calls import Reply, repeated, send
from chalicelib.platform import settings
from chalicelib.platform.logs import alarm, event

CURRENCY = "INR"
MIN_EXPIRE, MAX_EXPIRE = 300, 3_600
_MAX_UDF = 256
_USED = frozenset({"INVALID_MERCHANT_ORDER_ID", "INVALID_MERCHANT_REFUND_ID"})
_USED_STATUS = 417
_NOT_FOUND = 404
_STATES = {"PENDING": State.PENDING, "COMPLETED": State.SUCCESS, "FAILED": State.FAILED}
_TIMED_OUT = frozenset({"TXN_NOT_COMPLETED", "TXN_AUTO_FAILED", "TIMED_OUT", "ORDER_EXPIRED"})
_REFUND_STATES = {**_STATES, "CONFIRMED": State.PENDING}
_MOST_TRIES = 20
"""More are not kept: nobody tries so often, and one order's writes have room for so many."""


def initiate(order: GatewayOrder) -> Initiated:
    """``POST /checkout/v2/pay``, sent once; a 401 is a no, so that it may be sent again with a new token."""
    body = {
        "merchantOrderId": order.ref,
        "amount": order.amount,
        "expireAfter": min(MAX_EXPIRE, max(MIN_EXPIRE, order.expire_seconds)),
        "metaInfo": {"udf1": order.plan_key[:_MAX_UDF], "udf2": settings.STAGE()[:_MAX_UDF]},
        "paymentFlow": {
            "type": "PG_CHECKOUT",
            "message": order.title[:100],
            "merchantUrls": {"redirectUrl": order.return_url},
        },
    }
    reply = _authorized(order.account, lambda headers: send("POST", _url("PAY"), headers=headers, json=body))
    _refuse(reply)
    page = fields.page(reply.body.get("redirectUrl"))
    if page is None:
        raise NoAnswer("NO_PAGE")
    return Initiated(
        provider_order_id=fields.word(reply.body.get("orderId")) or order.ref,
        flow=Flow.REDIRECT,
        redirect_url=page,
        expires_at=fields.instant(reply.body.get("expireAt")),
    )


def status(order: GatewayOrder) -> OrderStatus:
    """``GET …/status?details=false``: the root ``state`` and ``amount`` decide; the completed try names the payment."""
    url = _url("STATUS", merchantOrderId=order.ref) + "?details=false"
    reply = _authorized(order.account, lambda headers: repeated(lambda: send("GET", url, headers=headers)))
    if _never_heard(reply):
        return OrderStatus(State.UNKNOWN, order.amount, CURRENCY, error_code=reply.code)
    if not reply.ok:
        alarm("PhonePe refuses our status calls", code=reply.code, status=reply.status)
        return OrderStatus(State.PENDING, order.amount, CURRENCY, error_code=reply.code)
    state = _STATES.get(str(reply.body.get("state")))
    if state is None:
        event("PhonePe answers an unknown state", state=str(reply.body.get("state"))[:40])
        state = State.PENDING
    _same_order(reply.body, order)
    told = fields.paise(reply.body.get("amount"))
    if state is State.SUCCESS and told is None:
        alarm("PhonePe tells of a payment without a sum", merchantTransactionId=order.ref)
        raise NoAnswer("NO_AMOUNT")
    amount = told or order.amount
    payments = tuple(_payments(reply.body, state, amount, order.ref))
    error = fields.word(reply.body.get("errorCode"), 64)
    late = state is State.FAILED and error in _TIMED_OUT
    return OrderStatus(state, amount, CURRENCY, payments, error, late)


def _same_order(body: Mapping[str, Any], order: GatewayOrder) -> None:
    """What it tells is of the order that was asked about, by whichever of its names it gives."""
    for name, ours in (("merchantOrderId", order.ref), ("orderId", order.provider_order_id)):
        given = fields.word(body.get(name))
        if given is not None and ours and given != ours:
            alarm("PhonePe answers for another order", merchantTransactionId=order.ref)
            raise NoAnswer("OTHER_ORDER")


def refund(asked: GatewayRefund) -> RefundStatus:
    """``POST /payments/v2/refund``, sent once."""
    body = {"merchantRefundId": asked.ref, "originalMerchantOrderId": asked.order_ref, "amount": asked.amount}
    reply = _authorized(asked.account, lambda headers: send("POST", _url("REFUND"), headers=headers, json=body))
    _refuse(reply)
    return _refund_status(reply)


def refund_status(asked: GatewayRefund) -> RefundStatus:
    """``GET /payments/v2/refund/{id}/status``."""
    url = _url("REFUND_STATUS", merchantRefundId=asked.ref)
    reply = _authorized(asked.account, lambda headers: repeated(lambda: send("GET", url, headers=headers)))
    if _never_heard(reply):
        return RefundStatus(State.UNKNOWN, error_code=reply.code)
    if not reply.ok:
        alarm("PhonePe refuses our refund status calls", code=reply.code, status=reply.status)
        return RefundStatus(State.PENDING, error_code=reply.code)
    return _refund_status(reply)


def _url(purpose: str, **names: str) -> str:
    return configuration.api_base(configuration.V2) + configuration.path(configuration.V2, purpose, **names)


def _authorized(account_id: str, call: Callable[[Mapping[str, str]], Reply]) -> Reply:
    account = configuration.account(account_id or None)
    header = tokens.authorization(account)
    reply = call({"Authorization": header, "Accept": "application/json"})
    if reply.unauthorized:
        header = tokens.authorization(account, refused=header)
        reply = call({"Authorization": header, "Accept": "application/json"})
    return reply


def _refuse(reply: Reply) -> None:
    if reply.ok:
        return
    if reply.status == _USED_STATUS or (reply.status == 409 and reply.code in _USED):
        raise KnownAlready(reply.code)
    if reply.unauthorized or reply.status == 403:
        # Nothing is wrong with what was asked: with right keys the same call will pass.
        alarm("PhonePe refuses our credentials", code=reply.code)
        raise NotSent(reply.code)
    raise Refused(reply.code)


def _never_heard(reply: Reply) -> bool:
    """Whether PhonePe says so itself; the 404 of something in between says nothing of an order."""
    if reply.status == _NOT_FOUND and not reply.body:
        raise NoAnswer(reply.code)
    return reply.status == _NOT_FOUND


def _payments(body: Mapping[str, Any], state: State, amount: int, ref: str) -> list[SeenPayment]:
    """The tries, each once; an order is paid whatever they say, its own id then names the payment."""
    told = body.get("paymentDetails")
    tries = [one for one in told if isinstance(one, Mapping)] if isinstance(told, list) else []
    found: dict[str, SeenPayment] = {}
    for one in tries:
        seen = _payment(one, amount)
        if seen is not None and (seen.id not in found or seen.state is State.SUCCESS):
            found[seen.id] = seen
    paid = [one for one in found.values() if one.state is State.SUCCESS]
    if state is State.SUCCESS and not paid:
        name = fields.word(body.get("orderId")) or ref
        found[name] = SeenPayment(name, amount, CURRENCY, State.SUCCESS, raw=masking.raw(body))
    others = [one for one in found.values() if one.state is not State.SUCCESS]
    return paid[:1] + others[-_MOST_TRIES:] if paid else list(found.values())[-_MOST_TRIES:]


def _payment(one: Mapping[str, Any], amount: int) -> SeenPayment | None:
    own_id = fields.word(one.get("transactionId"))
    if own_id is None:
        return None
    return SeenPayment(
        id=own_id,
        amount=fields.paise(one.get("amount")) or amount,
        currency=CURRENCY,
        state=_STATES.get(str(one.get("state")), State.PENDING),
        mode=fields.word(one.get("paymentMode"), 40),
        instrument=masking.instrument(one),
        utr=fields.word(fields.mapping(one.get("rail")).get("utr"), 40),
        fee=fields.paise(one.get("feeAmount")),
        raw=masking.raw(one),
    )


def _refund_status(reply: Reply) -> RefundStatus:
    return RefundStatus(
        _REFUND_STATES.get(str(reply.body.get("state")), State.PENDING),
        provider_refund_id=fields.word(reply.body.get("refundId")),
        error_code=fields.word(reply.body.get("errorCode"), 64),
    )
