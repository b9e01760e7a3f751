"""Requests and answers of refunds, for staff."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from chalicelib.commerce.payments.admin_schemas import RefundView
from chalicelib.commerce.payments.refund_requests import Effect, Mode
from chalicelib.commerce.payments.schemas import Money
from chalicelib.platform.http import Characters, Instant, RequestModel, ResponseModel
from chalicelib.platform.http.periods import PeriodQuery

RefundState = Literal["REQUESTED", "PROCESSING", "SUCCEEDED", "FAILED"]
ID_PATTERN = "RF[0-9A-HJKMNP-TV-Z]{26}"
"""``merchantRefundId``: ``RF`` and a ULID (PAY-40)."""


class RefundRequest(RequestModel):
    """What goes back. ``entitlementEffect``: REVOKE takes everything unused (usual for all that is left), SHORTEN as
    many days as the refund is of the payment, KEEP nothing (usual for a part).
    """

    amount_paise: Annotated[int, Field(ge=1, le=10_000_000_000)] | None = Field(
        default=None, description="Everything that is left, if not given"
    )
    reason: Annotated[str, Characters(3, 500)]
    entitlement_effect: Effect | None = None
    mode: Mode = Field(default="GATEWAY", description="OFFLINE: it went back outside the gateway; this records it")
    offline_reference: Annotated[str, Characters(1, 64)] | None = None


class RefundDetail(RefundView):
    """A refund with the order that it is of."""

    merchant_transaction_id: str


class RefundsQuery(PeriodQuery):
    """Which refunds; without dates those asked for in the last 31 days."""

    state: RefundState | None = None


class RefundListRow(ResponseModel):
    """A refund in the staff's list."""

    merchant_refund_id: str
    merchant_transaction_id: str
    user_id: str
    amount_paise: Money
    currency: str
    kind: str
    mode: str
    state: RefundState
    requested_at: Instant
