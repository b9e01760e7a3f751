"""Where money is that somebody asks about, for staff."""

from __future__ import annotations

from typing import Annotated

from chalicelib.commerce.payments import event_admin, lookup
from chalicelib.commerce.payments.errors import PaymentEventNotFound
from chalicelib.commerce.payments.items import PaymentEvent
from chalicelib.commerce.payments.lookup_schemas import (
    EventsQuery,
    FoundOrders,
    HangingOrders,
    HangingQuery,
    OpenEventRow,
    PaymentSearch,
    ReprocessedEvent,
)
from chalicelib.platform.http import Actions, Caller, Grant, Page, PathRule, api

READS = [Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY]


@api.get("/v1/admin/payments/events", action=Actions.PAYMENTS_READ, grants=[*READS, Grant.SECRET_CURSOR])
def list_payment_events(query: EventsQuery, caller: Caller) -> Page[OpenEventRow]:
    """Messages of gateways that led to nothing yet, newest first.

    RECEIVED ones wait to be worked through, UNMATCHED ones name no order of ours, FAILED ones contradict the gateway.
    """
    return event_admin.events(query, caller)


@api.post(
    "/v1/admin/payments/events/{gateway}/{eventId}/reprocess",
    action=Actions.PAYMENTS_MANAGE,
    resource=event_admin.EVENT,
    status=202,
    grants=[*READS, Grant.TABLE_WRITE, Grant.SEND_PAYMENT_EVENTS],
    raises=[PaymentEventNotFound],
)
def reprocess_payment_event(
    gateway: Annotated[str, PathRule("[A-Z_]{1,20}")],
    event_id: Annotated[str, PathRule("[A-Za-z0-9._-]{1,128}")],
    stored: PaymentEvent,
    caller: Caller,
) -> ReprocessedEvent:
    """Have a gateway's message worked through again.

    What it claims is asked of the gateway, as always; one that was worked through is left alone.
    """
    return event_admin.reprocess(stored, caller)


@api.get("/v1/admin/payments/search", action=Actions.PAYMENTS_READ, grants=READS)
def search_payments(query: PaymentSearch) -> FoundOrders:
    """Find orders by what a payer knows: phone number, e-mail, the bank's UTR, or the gateway's transaction id."""
    return lookup.search(query)


@api.get("/v1/admin/payments/hanging", action=Actions.PAYMENTS_READ, grants=READS)
def list_hanging_orders(query: HangingQuery) -> HangingOrders:
    """Orders whose payment has been open, or held for a decision, for over an hour; oldest first."""
    return lookup.hanging(query.minutes)
