"""Orders, for staff."""

from __future__ import annotations

from typing import Annotated

from chalicelib.commerce import selling
from chalicelib.commerce.payments import errors, order_admin, resolution
from chalicelib.commerce.payments.admin_schemas import (
    AdminOrder,
    AdminOrderDetail,
    FinalizeRequest,
    FinalizeResponse,
    OrderQuery,
    OrderRow,
    OrdersQuery,
    ResolveRequest,
)
from chalicelib.commerce.payments.items import OrderLocator
from chalicelib.commerce.payments.items.orders import ID_PATTERN
from chalicelib.commerce.payments.order_admin import LOCATED_ORDER
from chalicelib.platform.errors import Conflict
from chalicelib.platform.http import Actions, Caller, Grant, Page, PathRule, api

__all__ = ["selling"]

OrderId = Annotated[str, PathRule(ID_PATTERN)]


@api.get(
    "/v1/admin/payments/orders",
    action=Actions.PAYMENTS_READ,
    grants=[Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY, Grant.SECRET_CURSOR],
)
def list_orders(query: OrdersQuery, caller: Caller) -> Page[OrderRow]:
    """Orders, newest first: all, of a user, or of a status.

    Pages go month by month and may be empty before the end: go on until `nextCursor` is null.
    """
    return order_admin.orders(query, caller)


@api.get(
    "/v1/admin/payments/orders/{merchantTransactionId}",
    action=Actions.PAYMENTS_READ,
    resource=LOCATED_ORDER,
    grants=[Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY],
)
def get_order(
    merchant_transaction_id: OrderId, locator: OrderLocator, query: OrderQuery, caller: Caller
) -> AdminOrderDetail:
    """One order with its payments, refunds, ledger and events."""
    return order_admin.order_detail(locator, caller, raw=query.raw)


@api.post(
    "/v1/admin/payments/orders/{merchantTransactionId}/finalize",
    action=Actions.PAYMENTS_MANAGE,
    resource=LOCATED_ORDER,
    grants=[
        Grant.TABLE_READ,
        Grant.TABLE_WRITE,
        Grant.GATEWAY_TOKEN,
        Grant.SECRET_TOKENS_VERIFY,
        Grant.SECRET_PHONEPE,
    ],
    raises=[Conflict, errors.GatewayUnavailable],
    examples={"reason": "The student says that it was paid"},
)
def finalize_order(
    merchant_transaction_id: OrderId, locator: OrderLocator, body: FinalizeRequest, caller: Caller
) -> FinalizeResponse:
    """Ask the gateway about an order now, and give the order the outcome that it says.

    `changed` tells whether this request changed it. Any order may be asked about, at any age.
    """
    return order_admin.finalize_order(locator, caller, body.reason)


@api.post(
    "/v1/admin/payments/orders/{merchantTransactionId}/resolve",
    action=Actions.PAYMENTS_MANAGE,
    resource=LOCATED_ORDER,
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_VERIFY],
    raises=[Conflict, errors.OrderNotGrantable, errors.OrderNotInReview],
    examples={"decision": "REFUND", "reason": "The amount is not the plan's"},
)
def resolve_order(
    merchant_transaction_id: OrderId, locator: OrderLocator, body: ResolveRequest, caller: Caller
) -> AdminOrder:
    """Decide about money that is held for review: accept it and grant the order, or give it back.

    A refund leaves the order in review until the gateway says that the money is back.
    """
    return resolution.resolve(locator, caller, body.decision, body.reason)
