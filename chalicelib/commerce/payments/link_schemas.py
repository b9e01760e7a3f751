"""Links to pay, as requests and answers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from chalicelib.platform.http import Characters, Instant, RequestModel, ResponseModel
from chalicelib.platform.ids import Ulid

LinkState = Literal["OPEN", "PAID", "EXPIRED"]


class NewPaymentLink(RequestModel):
    """Whom to ask to buy which plan; ``days``: for how long."""

    user_id: Ulid
    plan_key: Annotated[str, Characters(1, 64)] = Field(examples=["prelims-30"])
    coupon_code: Annotated[str, Characters(1, 64)] | None = None
    days: Annotated[int, Field(ge=1, le=30)] = 7


class PaymentLinkView(ResponseModel):
    """A link to pay. A checkout with its ``linkId`` needs nothing else; only the account it was made for may."""

    link_id: str
    plan_key: str
    title: str
    coupon_code: str | None
    state: LinkState
    expires_at: Instant
    merchant_transaction_id: str | None = Field(description="The order that was paid through it")


class SentPaymentLink(PaymentLinkView):
    """For who sent it. ``mailed``: whether the student has an address that mail goes to."""

    user_id: str
    url: str
    mailed: bool
