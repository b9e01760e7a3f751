"""A message of a gateway and money at the counter, as other tests need them."""

from __future__ import annotations

from typing import Any

from chalicelib.commerce.payments.items import PaymentEvent
from chalicelib.platform import clock, store


def put_event() -> str:
    """The id of a stored message of PhonePe that names no order of ours."""
    event_id = "e" * 64
    event = PaymentEvent(
        *PaymentEvent.place("PHONEPE", event_id),
        gateway="PHONEPE",
        event_id=event_id,
        event_type="checkout.order.completed",
        raw_body=b"{}",
        body_hash=event_id,
        state="UNMATCHED",
        received_at=clock.now(),
    )
    event.index()
    store.put(event)
    return event_id


def at_the_counter(user_id: str, plan_key: str) -> dict[str, Any]:
    """What staff record of somebody who paid in cash today."""
    return {
        "userId": user_id,
        "planKey": plan_key,
        "amountPaise": 49_900,
        "method": "CASH",
        "reference": "R-17",
        "receivedOn": clock.academy_day(clock.now()).isoformat(),
        "reason": "Paid at the counter",
    }
