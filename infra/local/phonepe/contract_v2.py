"""Standard Checkout, contract V2: OAuth token, pay, order status, refund, refund status.

Source: developer.phonepe.com «Standard Checkout > API reference» (authorization, create-payment,
order-status, refund, webhook), PhonePe's own published integration guide for error statuses (417 for a used
order id), and the paths, header forms and error bodies that PhonePe's official SDKs (Node, Java, Python)
send and test against.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from infra.local.phonepe.shapes_v2 import attempt_body, millis, order_body, refund_body
from infra.local.phonepe.state import AlreadyKnown, Order, Refund, State, new_utr
from infra.local.phonepe.wire import (
    JsonObject,
    Reply,
    Request,
    bad_request,
    json_reply,
    refusal,
    server_trouble,
)

SCHEME = "O-Bearer"
MerchantId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,63}$")]
_LONG = 2**63 - 1
T = TypeVar("T", bound=BaseModel)


def _checked_meta(meta: dict[str, str | None]) -> dict[str, str | None]:
    """udf1–10: at most 256 characters; udf11–15: at most 50 of ``A-Za-z0-9_-+@.``; no other key."""
    for key, value in meta.items():
        match = re.fullmatch(r"udf([1-9]|1[0-5])", key)
        if match is None:
            raise ValueError(f"{key} is not one of udf1 to udf15")
        if value is None:
            continue
        if int(match[1]) <= 10 and len(value) > 256:
            raise ValueError(f"{key} is longer than 256 characters")
        if int(match[1]) > 10 and not re.fullmatch(r"[A-Za-z0-9_\-+@.]{0,50}", value):
            raise ValueError(f"{key} may hold at most 50 of letters, digits and _-+@.")
    return meta


class _Body(BaseModel):
    # Unknown fields are ignored: the SDKs send more than the page documents (payment modes, prefill,
    # retries).
    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", strict=True)


class _Urls(_Body):
    redirect_url: Annotated[str, Field(pattern=r"^[a-zA-Z][a-zA-Z0-9+.-]*:\S+$", max_length=2048)] | None = None


class _Flow(_Body):
    type: Literal["PG_CHECKOUT"]
    message: str | None = None
    merchant_urls: _Urls | None = None


class PayBody(_Body):
    """``POST /checkout/v2/pay`` and ``/checkout/v2/sdk/order``; amount in paise, ``expireAfter`` in
    seconds.
    """

    merchant_order_id: MerchantId
    amount: Annotated[int, Field(ge=100, le=_LONG)]
    expire_after: Annotated[int, Field(ge=300, le=3600)] | None = None
    meta_info: Annotated[dict[str, str | None], AfterValidator(_checked_meta)] | None = None
    payment_flow: _Flow


class RefundBody(_Body):
    """``POST /payments/v2/refund``; amount in paise."""

    merchant_refund_id: MerchantId
    original_merchant_order_id: Annotated[str, Field(min_length=1)]
    amount: Annotated[int, Field(ge=100, le=_LONG)]


class ContractV2:
    """Answers the V2 paths from a state; ``opened`` and ``refund_opened`` set a new order or refund going,
    ``page_url`` gives an order's hosted page, ``slow`` waits out a told slowness."""

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

    def token(self, request: Request) -> Reply:
        form = request.form()
        missing = [name for name in ("client_id", "client_secret", "client_version") if not form.get(name)]
        if missing:
            return bad_request(f"{missing[0]} is missing")
        if form.get("grant_type") != "client_credentials":
            return bad_request("grant_type must be client_credentials")
        config = self._state.config
        given = (form["client_id"], form["client_secret"], form["client_version"])
        wanted = (config.client_id, config.client_secret, config.client_version)
        if not all(hmac.compare_digest(a.encode(), b.encode()) for a, b in zip(given, wanted, strict=True)):
            return _invalid_client()
        token, issued, expires = self._state.issue_token()
        body = {
            "access_token": token,
            "encrypted_access_token": token,
            "expires_in": int((expires - issued).total_seconds()),
            "issued_at": int(issued.timestamp()),
            "expires_at": int(expires.timestamp()),
            "session_expires_at": int(expires.timestamp()),
            "token_type": SCHEME,
        }
        return json_reply(200, body)

    def pay(self, request: Request) -> Reply:
        order = self._place(request)
        if isinstance(order, Reply):
            return order
        body = _placed(order) | {"redirectUrl": self._page_url(order)}
        return json_reply(200, body, about=order.merchant_order_id)

    def sdk_order(self, request: Request) -> Reply:
        """The order for a mobile SDK: the same, with a token in place of the page."""
        order = self._place(request)
        if isinstance(order, Reply):
            return order
        return json_reply(200, _placed(order) | {"token": order.page_token}, about=order.merchant_order_id)

    def order_status(self, request: Request, merchant_order_id: str) -> Reply:
        refused = self._unauthorized(request) or self._troubled(merchant_order_id)
        if refused is not None:
            return refused
        with self._state.lock:
            order = self._state.orders.get(merchant_order_id)
            if order is None:
                return _no_such_order(404, merchant_order_id)
            body = order_body(order, details=_flag(request, "details"), context=_flag(request, "errorContext"))
        return json_reply(200, body, about=merchant_order_id)

    def transaction_status(self, request: Request, transaction_id: str) -> Reply:
        """The order of one payment attempt, with that attempt alone."""
        refused = self._unauthorized(request)
        if refused is not None:
            return refused
        with self._state.lock:
            for order in self._state.orders.values():
                attempts = [attempt for attempt in order.attempts if attempt.transaction_id == transaction_id]
                if attempts:
                    body = order_body(order) | {"paymentDetails": [attempt_body(attempts[0])]}
                    return json_reply(200, body, about=order.merchant_order_id)
        return refusal(404, "INVALID_TRANSACTION_ID", "No entry found for given transaction id")

    def refund(self, request: Request) -> Reply:
        refused = self._unauthorized(request)
        if refused is not None:
            return refused
        body = _parsed(RefundBody, request)
        if isinstance(body, Reply):
            return body
        about = body.original_merchant_order_id
        with self._state.lock:
            order = self._state.orders.get(about)
            if order is None:
                return _no_such_order(404, about)
            if order.state != "COMPLETED":
                return bad_request("the order is not COMPLETED", about)
            if body.amount > order.refundable:
                return bad_request("refund amount is more than what is left of the order amount", about)
            refund = _new_refund(self._state, order, body)
            try:
                self._state.add_refund(refund)
            except AlreadyKnown:
                return refusal(417, "INVALID_MERCHANT_REFUND_ID", "Refund ID has already been used", about)
            self._refund_opened(refund)
            answer = {"refundId": refund.refund_id, "amount": refund.amount, "state": refund.state}
        return json_reply(200, answer, about=about)

    def refund_status(self, request: Request, merchant_refund_id: str) -> Reply:
        refused = self._unauthorized(request)
        if refused is not None:
            return refused
        with self._state.lock:
            refund = self._state.refunds.get(merchant_refund_id)
            if refund is None:
                return refusal(404, "REFUND_NOT_FOUND", "Refund does not exist")
            about = refund.order.merchant_order_id
        troubled = self._troubled(about)
        if troubled is not None:
            return troubled
        with self._state.lock:
            return json_reply(200, refund_body(refund, self._state.config.merchant_id), about=about)

    def _place(self, request: Request) -> Order | Reply:
        refused = self._unauthorized(request)
        if refused is not None:
            return refused
        body = _parsed(PayBody, request)
        if isinstance(body, Reply):
            return body
        order = _new_order(self._state, body)
        with self._state.lock:
            try:
                self._state.add_order(order)
            except AlreadyKnown:
                message = "Order ID has already been used"
                return refusal(417, "INVALID_MERCHANT_ORDER_ID", message, body.merchant_order_id)
            self._opened(order)
        return order

    def _unauthorized(self, request: Request) -> Reply | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme == SCHEME and self._state.token_valid(token.strip()):
            return None
        text = "Authorization failed [message = Please check the authorization token and try again]"
        return refusal(401, "AUTHORIZATION_FAILED", text)

    def _troubled(self, merchant_order_id: str) -> Reply | None:
        self._slow(self._state.behaviours.effective(merchant_order_id).status_slow_seconds)
        if self._state.behaviours.take_status_failure(merchant_order_id):
            return server_trouble(merchant_order_id)
        return None


def _parsed(model: type[T], request: Request) -> T | Reply:
    try:
        return model.model_validate_json(request.body)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "body"
        return bad_request(f"{where}: {first['msg']}")


def _invalid_client() -> Reply:
    tracking = secrets.token_hex(4)
    body = {
        "code": "INVALID_CLIENT",
        "errorCode": "OIM000",
        "message": f"Bad Request: Invalid Client, trackingId: {tracking}",
        "context": {"error_description": "Client authentication failure"},
    }
    return json_reply(400, body)


def _no_such_order(status: int, about: str) -> Reply:
    return refusal(status, "INVALID_MERCHANT_ORDER_ID", "No entry found for given merchant order id", about)


def _flag(request: Request, name: str) -> bool:
    return request.query.get(name, "").lower() == "true"


def _new_order(state: State, body: PayBody) -> Order:
    now = state.now()
    urls = body.payment_flow.merchant_urls
    meta = {key: value for key, value in (body.meta_info or {}).items() if value is not None}
    return Order(
        contract="V2",
        merchant_order_id=body.merchant_order_id,
        order_id=state.new_id("OMO"),
        amount=body.amount,
        created_at=now,
        expires_at=now + timedelta(seconds=body.expire_after or state.config.default_expire_seconds),
        page_token=secrets.token_urlsafe(24),
        redirect_url=urls.redirect_url if urls else None,
        meta=meta or None,
        message=body.payment_flow.message,
    )


def _new_refund(state: State, order: Order, body: RefundBody) -> Refund:
    return Refund(
        merchant_refund_id=body.merchant_refund_id,
        refund_id=state.new_id("OMR"),
        order=order,
        amount=body.amount,
        created_at=state.now(),
        callback_url=None,
        utr=new_utr(),
    )


def _placed(order: Order) -> JsonObject:
    return {"orderId": order.order_id, "state": "PENDING", "expireAt": millis(order.expires_at.timestamp())}
