"""Paying, and one's own orders: what students call."""

from __future__ import annotations

from typing import Annotated

from chalicelib.commerce import sellers, selling
from chalicelib.commerce.coupons import CouponInvalid
from chalicelib.commerce.payments import errors, history, offered
from chalicelib.commerce.payments.checkout import checkout as start_checkout
from chalicelib.commerce.payments.items import PaymentOrder
from chalicelib.commerce.payments.items.orders import ID_PATTERN
from chalicelib.commerce.payments.quote import quote as quoted
from chalicelib.commerce.payments.quote_schemas import GatewaysQuery, GatewaysResponse, QuoteResponse
from chalicelib.commerce.payments.resources import OWN_ORDER
from chalicelib.commerce.payments.schemas import (
    CheckoutRequest,
    CheckoutResponse,
    HistoryQuery,
    HistoryRow,
    OrderStatus,
    OwnOrder,
    StatusQuery,
)
from chalicelib.platform.errors import (
    Conflict,
    IdempotencyInProgress,
    IdempotencyKeyReused,
    RateLimited,
    TokenExpired,
    TokenInvalid,
    TokenMissing,
)
from chalicelib.platform.http import Actions, Answer, Caller, Grant, Idempotency, Limits, Page, PathRule, Request, api

__all__ = ["selling"]

OrderId = Annotated[str, PathRule(ID_PATTERN)]
PURCHASE = {"planKey": "prelims-30", "items": None, "linkId": None, "couponCode": None, "billing": {"state": "KA"}}


@api.post(
    "/v1/payments/quote",
    action=Actions.PAYMENTS_CHECKOUT,
    limits=[Limits.COUPON],
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_VERIFY, Grant.SECRET_PAYER],
    raises=[
        *sellers.refusals(),
        CouponInvalid,
        errors.AmountTooSmall,
        errors.BillingStateRequired,
        errors.CheckoutPaused,
        errors.CurrencyUnsupported,
        errors.GatewayUnavailable,
        errors.GstinInvalid,
        errors.PaymentLinkEnded,
        errors.PaymentLinkNotFound,
        errors.ReturnPathInvalid,
        RateLimited,
    ],
    examples=PURCHASE,
)
def quote(body: CheckoutRequest, caller: Caller) -> QuoteResponse:
    """What a checkout made now would cost, and do to what I have.

    Same body and refusals as checkout; nothing is placed and no coupon is held. `effect` tells when what is bought
    would start and end; with REPLACE `lostDays` of what runs now would be lost. Codes that do not exist are counted:
    after ten in an hour no code is looked at for an hour (429).
    """
    return quoted(body, caller)


@api.get(
    "/v1/payments/gateways", action=Actions.PAYMENTS_CHECKOUT, grants=[Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY]
)
def list_gateways(query: GatewaysQuery) -> GatewaysResponse:
    """The ways to pay that are offered now, the preferred one first; with `currency`: those that take it."""
    return offered.offered(query.currency)


@api.post(
    "/v1/payments/checkout",
    action=Actions.PAYMENTS_CHECKOUT,
    status=201,
    also=[200],
    limits=[Limits.CHECKOUT],
    idempotency=Idempotency.OWN,
    grants=[
        Grant.TABLE_READ,
        Grant.TABLE_WRITE,
        Grant.GATEWAY_TOKEN,
        Grant.SECRET_TOKENS_VERIFY,
        Grant.SECRET_PHONEPE,
        Grant.SECRET_PAYER,
        Grant.SECRET_STATUS_TOKEN,
    ],
    raises=[
        *sellers.refusals(),
        CouponInvalid,
        errors.AmountTooSmall,
        errors.BillingStateRequired,
        errors.CheckoutInProgress,
        errors.CheckoutPaused,
        errors.CurrencyUnsupported,
        errors.GatewayRejected,
        errors.GatewayTimeout,
        errors.GatewayUnavailable,
        errors.GstinInvalid,
        errors.PaymentLinkEnded,
        errors.PaymentLinkNotFound,
        errors.ReturnPathInvalid,
        Conflict,
        IdempotencyInProgress,
        IdempotencyKeyReused,
    ],
    examples=PURCHASE,
)
def checkout(body: CheckoutRequest, caller: Caller, request: Request) -> Answer[CheckoutResponse]:
    """Start paying; answers with the page to send the student to.

    The server alone knows the price. Open `redirectUrl` by a full page redirect. The same checkout again (same
    `Idempotency-Key` within 15 minutes, or the same things within 10) answers the same order with 200; nothing is ever
    charged twice for it. After a 504 the same request may be sent again.
    """
    return start_checkout(body, caller, request)


@api.get(
    "/v1/payments/orders/{merchantTransactionId}/status",
    public=True,
    optional_auth=True,
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_VERIFY, Grant.SECRET_STATUS_TOKEN],
    limits=[Limits.ORDER_STATUS],
    raises=[errors.OrderNotFound, TokenMissing, TokenInvalid, TokenExpired],
)
def get_order_status(merchant_transaction_id: OrderId, query: StatusQuery, caller: Caller | None) -> OrderStatus:
    """Where a payment stands: for its owner, or with the checkout's `statusToken`.

    Ask again after `nextPollSeconds`; 0 means that it is final. `late`: the money came after the order had lapsed.
    """
    return history.status(merchant_transaction_id, query.token, caller)


@api.get(
    "/v1/payments/history",
    action=Actions.ORDERS_READ,
    grants=[Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY, Grant.SECRET_CURSOR],
)
def list_own_orders(query: HistoryQuery, caller: Caller) -> Page[HistoryRow]:
    """My orders, newest first."""
    return history.history(query, caller)


@api.get(
    "/v1/payments/orders/{merchantTransactionId}",
    action=Actions.ORDERS_READ,
    resource=OWN_ORDER,
    grants=[Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY],
)
def get_own_order(merchant_transaction_id: OrderId, order: PaymentOrder) -> OwnOrder:
    """One of my orders: its lines, tax, payment, refunds and what it opened."""
    return history.own_order(order)
