"""What gateways told us, as it came."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

from pynamodb.attributes import BinaryAttribute, MapAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.platform import clock
from chalicelib.platform.store import InstantAttribute, Item, Key, Query
from chalicelib.platform.store.patterns import AccessPattern

OPEN = "GWEVT#OPEN"


class PaymentEvent(Item, discriminator="PaymentEvent"):
    """One verified webhook. ``state``: RECEIVED, PROCESSED, UNMATCHED (no such order) or FAILED.

    ``raw_body`` is the body byte for byte; bodies are at most 256 KB (HTTP-11), so one always fits its item.
    """

    gateway = UnicodeAttribute()
    event_id = UnicodeAttribute()
    event_type = UnicodeAttribute()
    merchant_transaction_id = UnicodeAttribute(null=True)
    provider_payment_id = UnicodeAttribute(null=True)
    merchant_refund_id = UnicodeAttribute(null=True)
    raw_body = BinaryAttribute(legacy_encoding=False)
    body_hash = UnicodeAttribute()
    state = UnicodeAttribute()
    attempts = NumberAttribute(default=0)
    outcome = UnicodeAttribute(null=True)
    received_at = InstantAttribute()
    processed_at = InstantAttribute(null=True)

    @staticmethod
    def place(gateway: str, event_id: str) -> Key:
        """Its key."""
        return Key(f"GWEVT#{gateway}#{event_id}", "EVT")

    @staticmethod
    def of_order(order_id: str) -> Query[PaymentEvent]:
        """What was told of an order, oldest first."""
        return Query(PaymentEvent, f"ORDER#{order_id}#EVENTS", index="gsi1")

    @staticmethod
    def unprocessed(first: datetime, last: datetime) -> Query[PaymentEvent]:
        """Events received from ``first`` to before ``last`` that are still open, oldest first."""
        return Query(PaymentEvent, OPEN, index="gsi2", between=(clock.iso(first), clock.iso(last)))

    @staticmethod
    def all_open(**limits: Any) -> Query[PaymentEvent]:
        """Events that nobody has worked through, newest first."""
        return Query(PaymentEvent, OPEN, index="gsi2", descending=True, **limits)

    def index(self) -> None:
        """Set the index keys and the row, before the first put."""
        received = clock.iso(self.received_at)
        if self.merchant_transaction_id:
            self.gsi1pk, self.gsi1sk = f"ORDER#{self.merchant_transaction_id}#EVENTS", received
        self.gsi2pk, self.gsi2sk = OPEN, received
        facts: dict[str, Any] = {
            "gateway": self.gateway,
            "event_id": self.event_id,
            "event_type": self.event_type,
            "order_id": self.merchant_transaction_id,
            "state": self.state,
            "received_at": received,
        }
        self.row = cast("MapAttribute[Any, Any]", facts)


_FROM, _TO = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
PATTERNS = (
    AccessPattern("a gateway's event", PaymentEvent.place("PHONEPE", "<eventId>"), 1),
    AccessPattern("events of an order", PaymentEvent.of_order("<orderId>"), 0.5, consistent=False),
    AccessPattern("events left open, newest first", PaymentEvent.all_open(), 0.5, consistent=False),
    AccessPattern("events not processed yet", PaymentEvent.unprocessed(_FROM, _TO), 0.5, consistent=False),
)
