"""Refunds, for staff."""

from __future__ import annotations

from typing import Annotated

from chalicelib.commerce import selling
from chalicelib.commerce.payments import errors, refund_admin
from chalicelib.commerce.payments.items import OrderLocator
from chalicelib.commerce.payments.items.orders import ID_PATTERN as ORDER_ID
from chalicelib.commerce.payments.order_admin import LOCATED_ORDER
from chalicelib.commerce.payments.refund_schemas import (
    ID_PATTERN,
    RefundDetail,
    RefundListRow,
    RefundRequest,
    RefundsQuery,
)
from chalicelib.platform.errors import Conflict, IdempotencyInProgress, IdempotencyKeyReused
from chalicelib.platform.http import Actions, Caller, Grant, Idempotency, Page, PathRule, Request, api

__all__ = ["selling"]


@api.post(
    "/v1/admin/payments/orders/{merchantTransactionId}/refund",
    action=Actions.PAYMENTS_REFUND,
    resource=LOCATED_ORDER,
    status=202,
    idempotency=Idempotency.REQUIRED,
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_VERIFY],
    raises=[
        Conflict,
        IdempotencyInProgress,
        IdempotencyKeyReused,
        errors.OrderNotRefundable,
        errors.RefundExceedsPayment,
        errors.RefundUnsupported,
    ],
    examples={"amountPaise": 49900, "reason": "Bought by mistake", "mode": "GATEWAY"},
)
def refund_order(
    merchant_transaction_id: Annotated[str, PathRule(ORDER_ID)],
    locator: OrderLocator,
    body: RefundRequest,
    caller: Caller,
    request: Request,
) -> RefundDetail:
    """Give an order's money back, all that is left of it or a part.

    What the refund takes of the subscription is taken at once, and given back should the refund fail. After the refund
    window (24 h) this needs `payments.refund.late`; nobody refunds an order of their own account.
    """
    return refund_admin.ask(locator, caller, body, request.idempotency_key or "")


@api.get(
    "/v1/admin/payments/refunds",
    action=Actions.PAYMENTS_READ,
    grants=[Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY, Grant.SECRET_CURSOR],
)
def list_refunds(query: RefundsQuery, caller: Caller) -> Page[RefundListRow]:
    """Refunds asked for in a period; those of one state newest first, or state by state."""
    return refund_admin.refunds_of(query, caller)


@api.post(
    "/v1/admin/payments/refunds/{merchantRefundId}/check",
    action=Actions.PAYMENTS_REFUND,
    grants=[
        Grant.TABLE_READ,
        Grant.TABLE_WRITE,
        Grant.GATEWAY_TOKEN,
        Grant.SECRET_TOKENS_VERIFY,
        Grant.SECRET_PHONEPE,
    ],
    raises=[Conflict, errors.GatewayUnavailable, errors.RefundNotFound],
)
def check_refund_now(merchant_refund_id: Annotated[str, PathRule(ID_PATTERN)]) -> RefundDetail:
    """Ask the gateway now how a refund stands, and settle it if the gateway says how it ended."""
    return refund_admin.check(merchant_refund_id)
