"""Requests and answers of payments, for staff."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from chalicelib.commerce.payments.schemas import GrantEffectView, LineView, Money, TaxView
from chalicelib.platform.http import Characters, Instant, QueryModel, RequestModel, ResponseModel
from chalicelib.platform.http.periods import PeriodQuery
from chalicelib.platform.ids import Ulid

AnyStatus = Literal["CREATED", "PENDING", "SUCCESS", "FAILED", "EXPIRED", "REVIEW"]


class OrdersQuery(PeriodQuery):
    """Which orders; without dates those of the last 92 days, or all of a user."""

    status: AnyStatus | None = None
    user_id: Ulid | None = None
    gateway: Annotated[str, Characters(1, 20, pattern="^[A-Z_]+$")] | None = None
    plan_key: Annotated[str, Characters(1, 64)] | None = None


class OrderRow(ResponseModel):
    """An order in the staff's list."""

    merchant_transaction_id: str
    user_id: str
    title: str
    plan_key: str | None
    amount_paise: Money
    tax_paise: Money
    currency: str
    status: AnyStatus
    status_reason: str | None
    flags: list[str]
    gateway: str
    refund_state: str
    created_at: Instant
    paid_at: Instant | None


class OrderQuery(QueryModel):
    """How much to show."""

    raw: bool = Field(default=False, description="With the raw bodies of events; needs payments.manage")


class UserSummary(ResponseModel):
    """Who ordered."""

    id: str
    name: str | None
    email: str | None
    phone: str | None
    status: str | None


class TransactionView(ResponseModel):
    """One try to pay; ``instrument`` is masked."""

    provider_transaction_id: str
    amount_paise: Money
    currency: str
    status: str
    payment_mode: str | None
    instrument: str | None
    utr: str | None
    fee_paise: int | None
    created_at: Instant


class RefundView(ResponseModel):
    """A refund, as staff see it."""

    merchant_refund_id: str
    amount_paise: Money
    currency: str
    kind: str
    state: str
    mode: str
    reason: str
    entitlement_effect: str
    delta_days: int
    offline_reference: str | None
    credit_note_number: str | None
    provider_refund_id: str | None
    error_code: str | None
    requested_by: str
    requested_at: Instant
    processed_at: Instant | None


class JournalLine(ResponseModel):
    """One line of an entry."""

    account: str
    debit_paise: int
    credit_paise: int


class JournalView(ResponseModel):
    """One ledger entry."""

    entry_id: str
    lines: list[JournalLine]
    currency: str
    at: Instant
    by: str
    memo: str


class EventView(ResponseModel):
    """What the gateway told; ``rawBody`` is base64."""

    event_id: str
    gateway: str
    event_type: str
    state: str
    received_at: Instant
    raw_body: str | None = None


class InvoiceOfOrder(ResponseModel):
    """The documents of an order, by number."""

    number: str
    credit_notes: list[str]


class LinkedSubscription(ResponseModel):
    """A subscription that the order made or prolonged, as it is now."""

    id: str
    plan_key: str
    status: str
    starts_at: Instant
    ends_at: Instant


class LinkedEntitlement(ResponseModel):
    """What a linked subscription opens, as it is now."""

    id: str
    kind: str
    starts_at: Instant
    ends_at: Instant
    revoked: bool


class Moment(ResponseModel):
    """Something that happened to an order; ``by``: a user id, or SYSTEM."""

    at: Instant
    what: str
    detail: str | None = None
    reference: str | None = None
    by: str | None = None
    amount_paise: int | None = None


class AdminOrder(ResponseModel):
    """An order as it is."""

    merchant_transaction_id: str
    user_id: str
    title: str
    plan_key: str | None
    coupon_code: str | None
    status: AnyStatus
    status_reason: str | None
    flags: list[str]
    lines: list[LineView]
    plan_snapshot: dict[str, Any] | None
    subtotal_paise: Money
    discount_paise: Money
    tax_paise: Money
    amount_paise: Money
    captured_paise: Money
    currency: str
    tax: TaxView
    billing: dict[str, Any] | None
    offline: dict[str, Any] | None
    gateway: str
    gateway_contract: str | None
    gateway_account: str | None
    provider_order_id: str | None
    provider_transaction_id: str | None
    check_count: int
    last_checked_at: Instant | None
    next_check_at: Instant | None
    refund_state: str
    refund_committed_paise: Money
    refunded_paise: Money
    resolution: str | None
    superseded_by: str | None
    supersedes: str | None
    duplicate_of: str | None
    grant_effect: GrantEffectView | None
    version: int
    created_at: Instant
    updated_at: Instant
    paid_at: Instant | None
    finalized_at: Instant | None


class AdminOrderDetail(AdminOrder):
    """An order with everything that happened to it."""

    user: UserSummary
    transactions: list[TransactionView]
    refunds: list[RefundView]
    ledger: list[JournalView]
    events: list[EventView]
    invoice: InvoiceOfOrder | None
    subscriptions: list[LinkedSubscription]
    entitlements: list[LinkedEntitlement]
    timeline: list[Moment]


class FinalizeRequest(RequestModel):
    """Why it is asked again."""

    reason: Annotated[str, Characters(3, 500)] | None = None


class FinalizeResponse(ResponseModel):
    """The order after one status check."""

    changed: bool
    order: AdminOrder


class ResolveRequest(RequestModel):
    """What becomes of held money: ACCEPT grants the order's snapshot, REFUND returns what the gateway took."""

    decision: Literal["ACCEPT", "REFUND"]
    reason: Annotated[str, Characters(3, 500)]
