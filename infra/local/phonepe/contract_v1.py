"""Contract V1 (PAY_PAGE): pay, status and refund with ``X-VERIFY`` checksums.

Source: developer.phonepe.com/v1/reference (pay-api-1, check-status-api-1, refund,
server-to-server-callback-5) and the troubleshooting page's error codes. ``X-VERIFY`` = sha256 hex(base64
body + path + salt key) + ``###`` + salt index, for a GET without the body part; the path has neither host
nor host prefix.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from infra.local.phonepe.config import SimulatorConfig
from infra.local.phonepe.state import AlreadyKnown, Attempt, Failure, Order, Refund, State, new_utr
from infra.local.phonepe.wire import (
    JsonObject,
    Reply,
    Request,
    bad_request,
    json_reply,
    refusal,
    server_trouble,
)

PAY_PATH = "/pg/v1/pay"
REFUND_PATH = "/pg/v1/refund"
T = TypeVar("T", bound=BaseModel)
TransactionId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,34}$")]
Url = Annotated[str, Field(pattern=r"^https?://\S+$", max_length=2048)]
Amount = Annotated[int, Field(ge=100, le=2**63 - 1)]


class _Body(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", strict=True)


class _Instrument(_Body):
    type: Literal["PAY_PAGE"]


class PayBody(_Body):
    """What ``request`` of the pay call decodes to; amount in paise."""

    merchant_id: str
    merchant_transaction_id: TransactionId
    merchant_user_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,36}$")]
    amount: Amount
    redirect_url: Url
    redirect_mode: Literal["REDIRECT", "POST"]
    callback_url: Url
    payment_instrument: _Instrument


class RefundBody(_Body):
    """What ``request`` of the refund call decodes to; amount in paise."""

    merchant_id: str
    original_transaction_id: Annotated[str, Field(min_length=1)]
    merchant_transaction_id: TransactionId
    amount: Amount
    callback_url: Url | None = None


def checksum(text: str, index: int, key: str) -> str:
    """The ``X-VERIFY`` of a text under a salt."""
    return f"{hashlib.sha256((text + key).encode()).hexdigest()}###{index}"


class ContractV1:
    """Answers the V1 paths from a state; the callables are those of V2's."""

    def __init__(
        self,
        state: State,
        opened: Callable[[Order], None],
        refund_opened: Callable[[Refund], None],
        page_url: Callable[[Order], str],
        slow: Callable[[float], None],
    ) -> None:
        self._state = state
        self._opened = opened
        self._refund_opened = refund_opened
        self._page_url = page_url
        self._slow = slow

    def pay(self, request: Request) -> Reply:
        body = self._verified(PayBody, request, PAY_PATH)
        if isinstance(body, Reply):
            return body
        order = _new_order(self._state, body)
        with self._state.lock:
            try:
                self._state.add_order(order)
            except AlreadyKnown:
                return _used(body.merchant_transaction_id)
            self._opened(order)
        redirect = {"url": self._page_url(order), "method": "GET"}
        data = {
            "merchantId": body.merchant_id,
            "merchantTransactionId": body.merchant_transaction_id,
            "instrumentResponse": {"type": "PAY_PAGE", "redirectInfo": redirect},
        }
        answer = {"success": True, "code": "PAYMENT_INITIATED", "message": "Payment initiated", "data": data}
        return json_reply(200, answer, about=order.merchant_order_id)

    def status(self, request: Request, merchant_id: str, transaction_id: str) -> Reply:
        """The status of a payment or, by its own transaction id, of a refund."""
        config = self._state.config
        if not merchant_id == config.merchant_id == request.headers.get("x-merchant-id"):
            return _no_key()
        refused = _checked(request, request.path, config)
        if refused is not None:
            return refused
        with self._state.lock:
            refund = self._state.refunds.get(transaction_id)
        about = refund.order.merchant_order_id if refund else transaction_id
        self._slow(self._state.behaviours.effective(about).status_slow_seconds)
        if self._state.behaviours.take_status_failure(about):
            return server_trouble(about)
        with self._state.lock:
            order = self._state.orders.get(transaction_id)
            if refund is not None:
                return json_reply(200, refund_body(refund, config.merchant_id), about=about)
            if order is not None:
                return json_reply(200, order_body(order, config.merchant_id), about=about)
        message = "No transaction found for the given transaction id."
        return refusal(404, "TRANSACTION_NOT_FOUND", message, about)

    def refund(self, request: Request) -> Reply:
        body = self._verified(RefundBody, request, REFUND_PATH)
        if isinstance(body, Reply):
            return body
        about = body.original_transaction_id
        with self._state.lock:
            order = self._state.orders.get(about)
            if order is None:
                return refusal(404, "TRANSACTION_NOT_FOUND", "The original transaction is not known.", about)
            if order.state != "COMPLETED":
                return bad_request("the original transaction is not successful", about)
            if body.amount > order.refundable:
                return bad_request("amount is more than what is left of the original transaction", about)
            refund = _new_refund(self._state, order, body)
            try:
                self._state.add_refund(refund)
            except AlreadyKnown:
                return _used(about)
            self._refund_opened(refund)
            answer = refund_body(refund, body.merchant_id)
        return json_reply(200, answer, about=about)

    def _verified(self, model: type[T], request: Request, path: str) -> T | Reply:
        """The decoded body, once merchant, salt index and checksum are right."""
        encoded, claimed = _decoded(request)
        if encoded is None:
            return bad_request("request is not base64 of a JSON object")
        config = self._state.config
        if claimed.get("merchantId") != config.merchant_id:
            return _no_key()
        refused = _checked(request, encoded + path, config)
        if refused is not None:
            return refused
        try:
            return model.model_validate_json(json.dumps(claimed))
        except ValidationError as error:
            first = error.errors()[0]
            return bad_request(f"{'.'.join(map(str, first['loc']))}: {first['msg']}")


def _decoded(request: Request) -> tuple[str | None, JsonObject]:
    """(the base64 text as sent, what it decodes to); the text is None when it is no such thing."""
    try:
        encoded = json.loads(request.body)["request"]
        claimed = json.loads(base64.b64decode(encoded, validate=True))
    except (ValueError, TypeError, KeyError, binascii.Error):
        return None, {}
    return (encoded, claimed) if isinstance(claimed, dict) else (None, {})


def _checked(request: Request, text: str, config: SimulatorConfig) -> Reply | None:
    """The refusal of a wrong ``X-VERIFY``; None when it is right."""
    given = request.headers.get("x-verify", "")
    _, separator, index = given.rpartition("###")
    if not separator or not index.strip().isdecimal():
        return _unauthorized()
    key = config.salts.get(int(index))
    if key is None:
        return _no_key()
    right = checksum(text, int(index), key)
    return None if hmac.compare_digest(given.strip().lower().encode(), right.encode()) else _unauthorized()


def _unauthorized() -> Reply:
    return refusal(401, "AUTHORIZATION_FAILED", "The value of X-VERIFY is incorrect.")


def _no_key() -> Reply:
    return refusal(400, "KEY_NOT_CONFIGURED", "Key not found for the merchant")


def _used(about: str) -> Reply:
    message = "The transaction id you have entered seems to be invalid."
    return refusal(417, "INVALID_TRANSACTION_ID", message, about)


def _new_order(state: State, body: PayBody) -> Order:
    now = state.now()
    return Order(
        contract="V1",
        merchant_order_id=body.merchant_transaction_id,
        order_id=state.new_id("T"),
        amount=body.amount,
        created_at=now,
        expires_at=now + timedelta(seconds=state.config.v1_expire_seconds),
        page_token=secrets.token_urlsafe(24),
        redirect_url=body.redirect_url,
        redirect_mode=body.redirect_mode,
        callback_url=body.callback_url,
    )


def _new_refund(state: State, order: Order, body: RefundBody) -> Refund:
    return Refund(
        merchant_refund_id=body.merchant_transaction_id,
        refund_id=state.new_id("TR"),
        order=order,
        amount=body.amount,
        created_at=state.now(),
        callback_url=body.callback_url,
        utr=new_utr(),
    )


def order_body(order: Order, merchant_id: str) -> JsonObject:
    """The status of a payment, also what its callback carries."""
    attempt = order.attempts[-1] if order.attempts else None
    data: JsonObject = {
        "merchantId": merchant_id,
        "merchantTransactionId": order.merchant_order_id,
        "transactionId": attempt.transaction_id if attempt else order.order_id,
        "amount": order.shown_amount,
    }
    if order.state == "COMPLETED" and attempt is not None:
        data |= {"state": "COMPLETED", "responseCode": "SUCCESS", "paymentInstrument": _instrument(attempt)}
        return _envelope("PAYMENT_SUCCESS", "Your payment is successful.", data)
    if order.state == "FAILED" and order.failure is not None:
        return failed_body(order.failure, data)
    data |= {"state": "PENDING", "responseCode": "PAYMENT_PENDING"}
    return _envelope("PAYMENT_PENDING", "Your request is in pending state.", data)


def failed_body(failure: Failure, data: JsonObject) -> JsonObject:
    """A failed payment; ``data`` names the transaction."""
    data = data | {"state": "FAILED", "responseCode": failure.detailed_error_code, "paymentInstrument": None}
    message = "Transaction timed out." if failure.v1_code == "TIMED_OUT" else "Payment Failed"
    return _refused(failure.v1_code, message, data)


def refund_body(refund: Refund, merchant_id: str) -> JsonObject:
    """The status of a refund, also what its callback carries."""
    data: JsonObject = {
        "merchantId": merchant_id,
        "merchantTransactionId": refund.merchant_refund_id,
        "transactionId": refund.refund_id,
        "amount": refund.amount,
    }
    if refund.state == "COMPLETED":
        data |= {"state": "COMPLETED", "responseCode": "SUCCESS"}
        return _envelope("PAYMENT_SUCCESS", "Your request has been successfully completed.", data)
    if refund.state == "FAILED" and refund.failure is not None:
        data |= {"state": "FAILED", "responseCode": refund.failure.detailed_error_code}
        return _refused(refund.failure.v1_code, "Refund Failed", data)
    data |= {"state": "PENDING", "responseCode": "PAYMENT_PENDING"}
    return _envelope("PAYMENT_PENDING", "Your request is in pending state.", data)


def _instrument(attempt: Attempt) -> JsonObject:
    return {
        "type": "UPI",
        "utr": attempt.utr,
        "upiTransactionId": None,
        "cardNetwork": None,
        "accountType": None,
    }


def _envelope(code: str, message: str, data: JsonObject) -> JsonObject:
    return {"success": True, "code": code, "message": message, "data": data}


def _refused(code: str, message: str, data: JsonObject) -> JsonObject:
    return _envelope(code, message, data) | {"success": False}
