"""Requests and answers of payments, for those who pay."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from chalicelib.platform.http import Characters, Instant, ListQuery, QueryModel, RequestModel, ResponseModel
from chalicelib.platform.ids import Ulid

PublicStatus = Literal["CREATED", "PENDING", "SUCCESS", "FAILED", "EXPIRED"]
Money = Annotated[int, Field(examples=[49900])]
_ID_EXAMPLE = "TXN01KEXAMPLE0000000000000000"


class CheckoutLine(RequestModel):
    """One thing to buy."""

    kind: Annotated[str, Characters(1, 20, pattern="^[A-Z_]+$")]
    ref: Annotated[str, Characters(1, 64)]


class Billing(RequestModel):
    """Where and to whom it is billed; decides the tax."""

    name: Annotated[str, Characters(1, 120)] | None = None
    country: Annotated[str, Characters(2, 2, pattern="^[A-Z]{2}$")] = "IN"
    state: Annotated[str, Characters(2, 6, pattern="^[A-Z0-9-]+$")] | None = None
    gstin: Annotated[str, Characters(15, 15, pattern="^[0-9A-Z]{15}$")] | None = None
    address: Annotated[str, Characters(1, 500, multiline=True)] | None = None


class CheckoutRequest(RequestModel):
    """What to buy: a plan, several things, or what a link to pay stands for. Never an amount."""

    plan_key: Annotated[str, Characters(1, 64)] | None = Field(default=None, examples=["prelims-30"])
    items: Annotated[tuple[CheckoutLine, ...], Field(min_length=1, max_length=20)] | None = None
    link_id: Ulid | None = Field(default=None, description="`linkId` of a link to pay that staff sent")
    coupon_code: Annotated[str, Characters(1, 64)] | None = Field(default=None, examples=["WELCOME10"])
    currency: Annotated[str, Characters(3, 3, pattern="^[A-Z]{3}$")] = Field(default="INR", examples=["INR"])
    gateway: Annotated[str, Characters(1, 20, pattern="^[A-Z_]+$")] | None = Field(default=None, examples=["PHONEPE"])
    billing: Billing | None = None
    return_path: Annotated[str, Characters(0, 2048)] | None = Field(default=None, examples=["/payment/return"])

    @model_validator(mode="after")
    def _one_of_both(self) -> CheckoutRequest:
        if [self.plan_key, self.items, self.link_id].count(None) != 2:
            raise ValueError("name either planKey, items or linkId")
        if self.link_id is not None and self.coupon_code is not None:
            raise ValueError("a link to pay has its own coupon")
        return self

    @property
    def lines(self) -> tuple[tuple[str, str], ...]:
        """(kind, ref) of each line."""
        if self.plan_key is not None:
            return (("PLAN", self.plan_key),)
        return tuple((line.kind, line.ref) for line in self.items or ())


class PlanSummary(ResponseModel):
    """The plan that is bought."""

    key: str
    name: str
    duration_days: int | None = None


class CheckoutResponse(ResponseModel):
    """Where to send the student: ``redirectUrl`` by a full page redirect. ``statusToken`` is good for an hour."""

    merchant_transaction_id: str = Field(examples=[_ID_EXAMPLE])
    flow: Literal["REDIRECT", "CLIENT_SDK", "NONE"]
    redirect_url: str | None
    return_url: str
    status_token: str
    amount_paise: Money
    currency: str
    expires_at: Instant
    plan: PlanSummary | None


class StatusQuery(QueryModel):
    """How the owner of a lost session asks."""

    token: str | None = Field(default=None, min_length=1, max_length=200, description="`statusToken` of the checkout")


class OrderStatus(ResponseModel):
    """Where an order stands, for its owner. ``nextPollSeconds`` 0: it is final."""

    merchant_transaction_id: str
    status: PublicStatus
    late: bool
    amount_paise: Money
    currency: str
    plan_key: str | None
    message: str
    updated_at: Instant
    next_poll_seconds: int


class HistoryQuery(ListQuery):
    """Own orders."""

    status: PublicStatus | None = None


class HistoryRow(ResponseModel):
    """An order in the owner's list."""

    merchant_transaction_id: str
    title: str
    amount_paise: Money
    tax_paise: Money
    currency: str
    status: PublicStatus
    refund_state: str
    gateway: str
    created_at: Instant
    paid_at: Instant | None
    has_invoice: bool


class GrantEffectView(ResponseModel):
    """What a line opened."""

    effect: str
    subscription_id: str
    starts_at: Instant
    ends_at: Instant
    entitlement_ids: list[str]


class LineView(ResponseModel):
    """One line of an order."""

    kind: str
    ref: str
    title: str
    unit_price_paise: Money
    discount_paise: Money
    tax_paise: Money
    total_paise: Money
    effect: GrantEffectView | None


class TaxPart(ResponseModel):
    """One tax."""

    name: str
    rate_bps: int
    amount_paise: Money


class TaxView(ResponseModel):
    """The tax of an order."""

    label: str
    rate_bps: int
    place_of_supply: str
    taxable_paise: Money
    components: list[TaxPart]


class RefundRow(ResponseModel):
    """A refund, as the owner sees it."""

    merchant_refund_id: str
    amount_paise: Money
    state: str
    requested_at: Instant
    processed_at: Instant | None


class OwnOrder(ResponseModel):
    """An order with everything its owner may know."""

    merchant_transaction_id: str
    title: str
    status: PublicStatus
    late: bool
    message: str
    lines: list[LineView]
    coupon_code: str | None
    subtotal_paise: Money
    discount_paise: Money
    tax_paise: Money
    amount_paise: Money
    currency: str
    tax: TaxView
    payment_mode: str | None
    instrument: str | None
    refund_state: str
    refunds: list[RefundRow]
    invoice_number: str | None
    subscription_ids: list[str]
    created_at: Instant
    paid_at: Instant | None
    updated_at: Instant


class WebhookReceived(ResponseModel):
    """The gateway may forget about it."""

    received: Literal[True] = True
