"""States of stored webhooks: open ones are listed, closed ones are not."""

from __future__ import annotations

from datetime import datetime

from pynamodb.expressions.update import Action

from chalicelib.commerce.payments.items import PaymentEvent
from chalicelib.platform import store
from chalicelib.platform.store import ConditionFailed, Key, Transaction, present

RECEIVED, PROCESSED, UNMATCHED, FAILED = "RECEIVED", "PROCESSED", "UNMATCHED", "FAILED"


def _processed(outcome: str, now: datetime) -> list[Action]:
    return [
        PaymentEvent.state.set(PROCESSED),
        PaymentEvent.outcome.set(outcome),
        PaymentEvent.processed_at.set(now),
        PaymentEvent.attempts.set(PaymentEvent.attempts + 1),
        PaymentEvent.version.set(PaymentEvent.version + 1),
        PaymentEvent.row["state"].set(PROCESSED),
        PaymentEvent.gsi2pk.remove(),
        PaymentEvent.gsi2sk.remove(),
    ]


def add_processed(tx: Transaction, event: Key, outcome: str, now: datetime) -> None:
    """Close the event in the transaction that acts on what it led to."""
    tx.update(PaymentEvent, event, _processed(outcome, now), when=present(PaymentEvent), name="event")


def close(event: Key, outcome: str, now: datetime) -> None:
    """Close an event that led to nothing new."""
    store.update(PaymentEvent, event, _processed(outcome, now), when=present(PaymentEvent))


def keep_open(event: Key, state: str) -> None:
    """It stays on the list: the order is not known yet, or the gateway does not confirm what it told."""
    try:
        store.update(
            PaymentEvent,
            event,
            [
                PaymentEvent.state.set(state),
                PaymentEvent.row["state"].set(state),
                PaymentEvent.attempts.set(PaymentEvent.attempts + 1),
                PaymentEvent.version.set(PaymentEvent.version + 1),
            ],
            when=PaymentEvent.state.is_in(RECEIVED, UNMATCHED, FAILED),
        )
    except ConditionFailed:
        # Another run has closed it meanwhile; that counts.
        return
