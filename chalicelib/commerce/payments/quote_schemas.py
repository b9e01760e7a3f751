"""What quotes and the list of gateways answer."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from chalicelib.commerce.payments.schemas import Money, TaxView
from chalicelib.platform.http import Instant, QueryModel, ResponseModel

PayFlow = Literal["REDIRECT", "CLIENT_SDK"]
EffectName = Literal["NEW", "EXTEND", "UPGRADE", "REPLACE", "QUEUE"]


class EffectView(ResponseModel):
    """What a line would do, paid for now. ``lostDays``: of what runs and is not carried over."""

    effect: EffectName
    starts_at: Instant
    ends_at: Instant
    lost_days: int
    message: str


class QuoteLine(ResponseModel):
    """One thing, with what it would cost."""

    kind: str
    ref: str
    title: str
    unit_price_paise: Money
    discount_paise: Money
    tax_paise: Money
    total_paise: Money
    effect: EffectView


class QuoteResponse(ResponseModel):
    """A bill before it is one. ``effect``: the first line's; ``gateway`` NONE: nothing is to be paid."""

    lines: list[QuoteLine]
    coupon_code: str | None
    subtotal_paise: Money
    discount_paise: Money
    tax_paise: Money
    tax: TaxView
    amount_paise: Money
    currency: str
    gateway: str
    effect: EffectView


class GatewaysQuery(QueryModel):
    """With a currency: the gateways that take it."""

    currency: Annotated[str, Field(pattern="^[A-Z]{3}$", max_length=3, examples=["INR"])] | None = None


class GatewayView(ResponseModel):
    """A way to pay."""

    name: str
    flow: PayFlow
    currencies: list[str]


class GatewaysResponse(ResponseModel):
    """The gateways offered now, the preferred one first."""

    items: list[GatewayView]
