"""Webhooks that led to nothing yet, as staff see them and have them worked through again (PAY-17, PAY-18)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from pynamodb.expressions.condition import Condition

from chalicelib.commerce.payments import audited, event_states
from chalicelib.commerce.payments.errors import PaymentEventNotFound
from chalicelib.commerce.payments.items import PaymentEvent
from chalicelib.commerce.payments.lookup_schemas import EventsQuery, OpenEventRow, ReprocessedEvent
from chalicelib.commerce.payments.webhooks import EventMessage
from chalicelib.platform import audit, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.resources import ACADEMY, Resource
from chalicelib.platform.events import queues
from chalicelib.platform.events.queues import Queues
from chalicelib.platform.http import lists
from chalicelib.platform.http.models import Page
from chalicelib.platform.store import Transaction, TransactionLost

EVENT = Resource(
    param="stored",
    item=PaymentEvent,
    key=lambda path, _: PaymentEvent.place(path["gateway"], path["eventId"]),
    entity=lambda _: ACADEMY,
    missing=PaymentEventNotFound,
)
"""A stored webhook by its gateway and the gateway's id of it."""


def events(query: EventsQuery, caller: Caller) -> Page[OpenEventRow]:
    """Events left open, newest first, without their bodies. One query."""
    return lists.page("payment-events", caller.user_id, query, PaymentEvent.all_open(keep=_fits(query)), _row)


def _fits(query: EventsQuery) -> Callable[[PaymentEvent], bool] | None:
    wanted = {"state": query.state, "gateway": query.gateway}
    chosen = {name: value for name, value in wanted.items() if value is not None}
    if not chosen:
        return None
    return lambda event: all(_facts(event).get(name) == value for name, value in chosen.items())


def _facts(event: PaymentEvent) -> dict[str, Any]:
    return dict(event.row.as_dict()) if event.row is not None else {}


def _row(event: PaymentEvent) -> OpenEventRow:
    facts = _facts(event)
    return OpenEventRow(
        event_id=facts["event_id"],
        gateway=facts["gateway"],
        event_type=facts["event_type"],
        state=facts["state"],
        merchant_transaction_id=facts["order_id"],
        received_at=facts["received_at"],
    )


def reprocess(stored: PaymentEvent, caller: Caller) -> ReprocessedEvent:
    """Have an event worked through once more, by the queue that every event takes; one that is done stays done."""
    gateway, event_id = str(stored.gateway), str(stored.event_id)
    tx = Transaction()
    again = [
        PaymentEvent.state.set(event_states.RECEIVED),
        PaymentEvent.row["state"].set(event_states.RECEIVED),
        PaymentEvent.version.set(PaymentEvent.version + 1),
    ]
    undone = cast(Condition, PaymentEvent.state != event_states.PROCESSED)
    tx.update(PaymentEvent, stored.itself, again, when=undone, name="event")
    meta = {"gateway": gateway, "before": str(stored.state)}
    audit.write(tx, audited.WEBHOOK_REPROCESS, event_id, by=caller, meta=meta)
    try:
        tx.commit()
    except TransactionLost:
        now = store.get(PaymentEvent, stored.itself)
        if now is None:
            raise PaymentEventNotFound from None
        return ReprocessedEvent(gateway=gateway, event_id=event_id, state=str(now.state), queued=False)
    message = EventMessage(gateway=gateway, event_id=event_id, order_id=stored.merchant_transaction_id)
    queues.send(Queues.PAYMENT_EVENTS, message)
    return ReprocessedEvent(gateway=gateway, event_id=event_id, state=event_states.RECEIVED, queued=True)
