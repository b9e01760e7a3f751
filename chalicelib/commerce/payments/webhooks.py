"""Webhooks (PAY-60 … PAY-66): verified on their raw bytes, stored once, queued, answered. Nothing is asked of a gateway
here, and nothing is granted: what a webhook says is where to look.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping

from pydantic import BaseModel

from chalicelib.commerce import gateways
from chalicelib.commerce.gateways import WebhookEvent
from chalicelib.commerce.payments import audited, event_states, finalization, refunds, senders
from chalicelib.commerce.payments.configuration import PAYER_KEY, PAYMENT_EVENT_RETENTION_DAYS
from chalicelib.commerce.payments.errors import WebhookUnauthenticated
from chalicelib.commerce.payments.finalization import Ask
from chalicelib.commerce.payments.items import OrderLocator, PaymentEvent, Refund
from chalicelib.commerce.payments.items.orders import ID_PATTERN
from chalicelib.platform import audit, clock, signals, store
from chalicelib.platform.errors import Conflict, Internal, Unavailable
from chalicelib.platform.events import queues
from chalicelib.platform.events.queues import Queues
from chalicelib.platform.http import limits
from chalicelib.platform.http.limits import Limits
from chalicelib.platform.http.request import Request
from chalicelib.platform.logs import count_metric, event
from chalicelib.platform.signals import Severity, SignalType
from chalicelib.platform.store import Transaction, TransactionLost, absent

_ORDER = re.compile(ID_PATTERN)
_REFUND = re.compile(r"RF[0-9A-HJKMNP-TV-Z]{26}")


class EventMessage(BaseModel):
    """What travels through the queue ``payment-events``: which event to look at, and the order it names."""

    gateway: str
    event_id: str
    order_id: str | None = None


def receive(gateway_name: str, request: Request) -> None:
    """Take a webhook in.

    401 when it is not the gateway's, by its signature or by where it comes from (429 from the 21st of an address within
    a minute), 500 when it could not be stored or queued, so that the gateway sends it again.
    """
    gateway = gateways.gateway(gateway_name)
    if not gateway.verify(request.headers, request.raw_body):
        _turn_away(gateway_name, request, "SIGNATURE")
    if not senders.allowed(gateway_name, request.source_ip):
        _turn_away(gateway_name, request, "ADDRESS")
    told = gateway.parse(request.raw_body, request.headers)
    try:
        if _store(gateway_name, told, request.raw_body):
            queues.send(Queues.PAYMENT_EVENTS, _message(gateway_name, told))
    except (Unavailable, Conflict) as trouble:
        raise Internal from trouble


def _turn_away(gateway_name: str, request: Request, wrong: str) -> None:
    """Stored nowhere but in a count and a signal (PAY-61)."""
    address = hmac.new(PAYER_KEY().encode(), b"ip:" + request.network.encode(), hashlib.sha256).hexdigest()[:32]
    count_metric("WebhookBadSignature")
    limits.refuse_if_any([limits.hit(Limits.WEBHOOK_FAILURES, f"ip:{request.network}")])
    meta = {"gateway": gateway_name, "wrong": wrong}
    signals.notice(SignalType.WEBHOOK_BAD_SIGNATURE, Severity.MEDIUM, subject=address, meta=meta)
    raise WebhookUnauthenticated


def _message(gateway_name: str, told: WebhookEvent) -> EventMessage:
    return EventMessage(gateway=gateway_name, event_id=told.event_id, order_id=_order_id(told))


def _order_id(told: WebhookEvent) -> str | None:
    """The order's id, if what is named can be one of ours."""
    named = told.merchant_transaction_id
    return named if named is not None and _ORDER.fullmatch(named) else None


def _store(gateway_name: str, told: WebhookEvent, raw_body: bytes) -> bool:
    """Put the event once. Whether it still needs somebody to look at it: not when it was processed before (PAY-62)."""
    place = PaymentEvent.place(gateway_name, told.event_id)
    refund = told.merchant_refund_id
    now = clock.now()
    item = PaymentEvent(
        place.pk,
        place.sk,
        gateway=gateway_name,
        event_id=told.event_id,
        event_type=told.event_type,
        merchant_transaction_id=_order_id(told),
        provider_payment_id=told.provider_payment_id,
        merchant_refund_id=refund if refund is not None and _REFUND.fullmatch(refund) else None,
        raw_body=raw_body,
        body_hash=hashlib.sha256(raw_body).hexdigest(),
        state=event_states.RECEIVED,
        received_at=now,
        ttl=int(now.timestamp()) + PAYMENT_EVENT_RETENTION_DAYS() * 86_400,
    )
    item.index()
    tx = Transaction()
    tx.put(item, when=absent(PaymentEvent), name="event")
    audit.write(tx, audited.WEBHOOK_RECEIVE, told.event_id)
    try:
        tx.commit()
    except TransactionLost as lost:
        known = lost.item("event")
        return not (isinstance(known, PaymentEvent) and known.state == event_states.PROCESSED)
    return True


def process(message: EventMessage) -> None:
    """Work through one stored event (PAY-31). Harmless to repeat; raises when it is to be tried again."""
    place = PaymentEvent.place(message.gateway, message.event_id)
    keys = [place, OrderLocator.place(message.order_id)] if message.order_id is not None else [place]
    stored, *beside = store.get_many(keys)
    if not isinstance(stored, PaymentEvent) or stored.state == event_states.PROCESSED:
        return
    if stored.merchant_refund_id:
        _process_refund(stored)
        return
    locator = next(iter(beside), None)
    if not isinstance(locator, OrderLocator):
        event("an event names no order of ours", eventId=message.event_id, gateway=message.gateway)
        event_states.keep_open(place, event_states.UNMATCHED)
        return
    finalization.finalize(Ask(str(message.order_id), str(locator.user_id), event=place, lapsed=True))


def _process_refund(stored: PaymentEvent) -> None:
    """A refund's event shortens its wait: the gateway is asked at once, and the same step settles it (PAY-34)."""
    order_id = _order_of_refund(stored)
    if order_id is None:
        event_states.keep_open(stored.itself, event_states.UNMATCHED)
        return
    refund = refunds.follow(order_id, str(stored.merchant_refund_id))
    if refund.state in refunds.FINAL or stored.event_type == "pg.refund.accepted":
        event_states.close(stored.itself, f"REFUND_{refund.state}", clock.now())
    else:
        event_states.keep_open(stored.itself, event_states.RECEIVED)


def _order_of_refund(stored: PaymentEvent) -> str | None:
    """Which order's refund it is: found by the refund's own id, since V1 names nothing else."""
    found = store.fetch(Refund.by_id(str(stored.merchant_refund_id)), limit=1).items
    row: Mapping[str, str] = found[0].row.as_dict() if found and found[0].row is not None else {}
    return row.get("order_id")
