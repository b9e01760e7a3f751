"""Requests and answers of staff who look for money: events left open, orders found by what a payer knows."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from chalicelib.commerce.payments.admin_schemas import OrderRow
from chalicelib.identity.accounts import Email, Phone
from chalicelib.platform.http import Characters, Instant, ListQuery, QueryModel, ResponseModel

GatewayName = Annotated[str, Characters(1, 20, pattern="^[A-Z_]+$")]
Reference = Annotated[str, Characters(4, 64, pattern="^[A-Za-z0-9_.-]+$")]


class EventsQuery(ListQuery):
    """Which of the events that nobody has worked through."""

    state: Literal["RECEIVED", "UNMATCHED", "FAILED"] | None = None
    gateway: GatewayName | None = None


class OpenEventRow(ResponseModel):
    """A webhook that was stored and led to nothing yet; ``merchantTransactionId`` null: it names no order of ours."""

    event_id: str
    gateway: str
    event_type: str
    state: str
    merchant_transaction_id: str | None
    received_at: Instant


class ReprocessedEvent(ResponseModel):
    """``queued`` false: it was worked through before, and is left alone."""

    gateway: str
    event_id: str
    state: str
    queued: bool


class PaymentSearch(QueryModel):
    """One thing that a payer knows."""

    phone: Phone | None = None
    email: Email | None = None
    utr: Reference | None = Field(default=None, description="The bank's reference of the payment")
    gateway_transaction_id: Reference | None = Field(default=None, description="As the gateway told the payer")

    @model_validator(mode="after")
    def _just_one(self) -> PaymentSearch:
        given = (self.phone, self.email, self.utr, self.gateway_transaction_id)
        if sum(one is not None for one in given) != 1:
            raise ValueError("name one of phone, email, utr and gatewayTransactionId")
        return self


class FoundOrders(ResponseModel):
    """Orders, newest first, at most 100 of each person."""

    items: list[OrderRow]


class HangingQuery(QueryModel):
    """How long nobody has known."""

    minutes: int = Field(default=60, ge=1, le=10_080, description="Placed at least so many minutes ago")


class HangingOrders(ResponseModel):
    """Orders that hang, oldest first; ``more``: there are others beside these 200."""

    items: list[OrderRow]
    more: bool
