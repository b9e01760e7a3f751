"""Money that comes without a gateway, for staff."""

from __future__ import annotations

from chalicelib.commerce import coupons, sellers, selling
from chalicelib.commerce.payments import errors, offline
from chalicelib.commerce.payments.admin_schemas import AdminOrder
from chalicelib.commerce.payments.offline_schemas import OfflineOrder
from chalicelib.identity.accounts import UserNotFound
from chalicelib.platform.errors import Conflict, RateLimited
from chalicelib.platform.http import Actions, Answer, Caller, Grant, Idempotency, api

__all__ = ["selling"]


@api.post(
    "/v1/admin/payments/offline",
    action=Actions.PAYMENTS_MANAGE,
    status=201,
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_VERIFY, Grant.SECRET_PAYER],
    raises=[
        *sellers.refusals(),
        coupons.CouponInvalid,
        errors.AmountTooSmall,
        errors.OfflineReferenceUsed,
        errors.OrderNotGrantable,
        Conflict,
        RateLimited,
        UserNotFound,
    ],
    idempotency=Idempotency.REQUIRED,
    examples={
        "userId": "01KEXAMP1E0000000000000000",
        "planKey": "prelims-30",
        "amountPaise": 49900,
        "method": "CASH",
        "reference": "R-2026/017",
        "receivedOn": "2026-01-31",
        "couponCode": None,
        "reason": "Paid at the counter",
    },
)
def record_offline_order(body: OfflineOrder, caller: Caller) -> Answer[AdminOrder]:
    """Record what somebody paid without a gateway, and hand over the plan that it paid for.

    A reference counts once for its method. Less than the price is a discount; more is refused.
    """
    order = offline.record(body, caller)
    return Answer(offline.answer(order), location=f"/v1/admin/payments/orders/{order.id}")
