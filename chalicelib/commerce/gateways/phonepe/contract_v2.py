"""Contract V2, Standard Checkout (PAY-93 … PAY-95)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
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
from chalicelib.commerce.gateways.phonepe import configuration, masking, tokens
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
    page = reply.body.get("redirectUrl")
    if not isinstance(page, str) or not page.startswith(("https://", "http://")):
        raise NoAnswer("NO_PAGE")
    return Initiated(
        provider_order_id=str(reply.body.get("orderId", "")),
        flow=Flow.REDIRECT,
        redirect_url=page,
        expires_at=_instant(reply.body.get("expireAt")),
    )


def status(order: GatewayOrder) -> OrderStatus:
    """``GET …/status?details=false``: the root ``state`` and ``amount`` decide; the completed try names the payment."""
    url = _url("STATUS", merchantOrderId=order.ref) + "?details=false"
    reply = _authorized(order.account, lambda headers: repeated(lambda: send("GET", url, headers=headers)))
    if reply.status == _NOT_FOUND:
        return OrderStatus(State.UNKNOWN, order.amount, CURRENCY, error_code=reply.code)
    if not reply.ok:
        alarm("PhonePe refuses our status calls", code=reply.code, status=reply.status)
        return OrderStatus(State.PENDING, order.amount, CURRENCY, error_code=reply.code)
    state = _STATES.get(str(reply.body.get("state")))
    if state is None:
        event("PhonePe answers an unknown state", state=str(reply.body.get("state"))[:40])
        state = State.PENDING
    amount = _paise(reply.body.get("amount"), order.amount)
    if state is State.SUCCESS and amount != reply.body.get("amount"):
        raise NoAnswer("NO_AMOUNT")
    payments = tuple(_payments(reply.body, state, amount))
    error = reply.body.get("errorCode")
    late = state is State.FAILED and error in _TIMED_OUT
    return OrderStatus(state, amount, CURRENCY, payments, str(error)[:64] if error else None, late)


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
    if reply.status == _NOT_FOUND:
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


def _payments(body: Mapping[str, Any], state: State, amount: int) -> list[SeenPayment]:
    found = []
    for one in body.get("paymentDetails") or ():
        if not isinstance(one, Mapping) or not one.get("transactionId"):
            continue
        rail = one.get("rail")
        found.append(
            SeenPayment(
                id=str(one["transactionId"])[:128],
                amount=_paise(one.get("amount"), amount),
                currency=CURRENCY,
                state=_STATES.get(str(one.get("state")), State.PENDING),
                mode=str(one.get("paymentMode"))[:40] if one.get("paymentMode") else None,
                instrument=masking.instrument(one),
                utr=str(rail["utr"])[:40] if isinstance(rail, Mapping) and rail.get("utr") else None,
                fee=_paise(one.get("feeAmount"), 0) or None,
                raw=masking.raw(one),
            )
        )
    if state is State.SUCCESS and not any(payment.state is State.SUCCESS for payment in found):
        # The order is paid whatever the details say; its own id then names the payment.
        found.append(
            SeenPayment(str(body.get("orderId", ""))[:128], amount, CURRENCY, State.SUCCESS, raw=masking.raw(body))
        )
    return found


def _refund_status(reply: Reply) -> RefundStatus:
    state = _REFUND_STATES.get(str(reply.body.get("state")), State.PENDING)
    error = reply.body.get("errorCode")
    return RefundStatus(
        state,
        provider_refund_id=str(reply.body["refundId"])[:128] if reply.body.get("refundId") else None,
        error_code=str(error)[:64] if error else None,
    )


def _paise(value: Any, otherwise: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else otherwise


def _instant(millis: Any) -> datetime | None:
    return datetime.fromtimestamp(millis / 1000, UTC) if isinstance(millis, int) else None
