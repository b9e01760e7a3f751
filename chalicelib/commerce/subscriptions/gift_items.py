"""Plans given to many addresses at once (SUB-44). Only this module knows the keys.

A batch has a partition of its own, with a row for each address. An address stands there by a pseudonym and sealed, as
long as nobody has got what was meant for it; then only who got it stands there.
"""

from __future__ import annotations

from typing import Any

from pynamodb.attributes import MapAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.platform.store import InstantAttribute, Item, Key, Query
from chalicelib.platform.store.patterns import AccessPattern

PENDING, WAITING, GIVEN, REFUSED = "PENDING", "WAITING", "GIVEN", "REFUSED"


class GiftBatch(Item, discriminator="GiftBatch"):
    """What is given, by whom and why. ``plan``: as ``Snapshot.stored``, as it was then."""

    id = UnicodeAttribute()
    plan: MapAttribute[str, Any] = MapAttribute()
    total = NumberAttribute()
    given_by = UnicodeAttribute()
    reason = UnicodeAttribute()
    created_at = InstantAttribute()

    @staticmethod
    def place(batch_id: str) -> Key:
        """Where a batch is."""
        return Key(f"GIFTS#{batch_id}", "BATCH")


class Gift(Item, discriminator="Gift"):
    """One address's part: PENDING, then WAITING for somebody to register with it, GIVEN or REFUSED (``refusal``).

    ``sealed``: the address, until it is known whose it is.
    """

    id = UnicodeAttribute()
    batch_id = UnicodeAttribute()
    recipient = UnicodeAttribute()
    sealed = UnicodeAttribute(null=True)
    state = UnicodeAttribute()
    user_id = UnicodeAttribute(null=True)
    subscription_id = UnicodeAttribute(null=True)
    refusal = UnicodeAttribute(null=True)
    created_at = InstantAttribute()

    @staticmethod
    def place(batch_id: str, recipient: str) -> Key:
        """Where an address's part of a batch is."""
        return Key(f"GIFTS#{batch_id}", f"GIFT#{recipient}")


class GiftWaiting(Item, discriminator="GiftWaiting"):
    """That something waits for whoever registers with an address."""

    batch_id = UnicodeAttribute()

    @staticmethod
    def place(recipient: str, batch_id: str) -> Key:
        """Where a mark is, by the address's pseudonym."""
        return Key(f"GIFTFOR#{recipient}", f"GIFTS#{batch_id}")


def gifts_of(batch_id: str) -> Query[Gift]:
    """All parts of a batch. One query."""
    return Query(Gift, f"GIFTS#{batch_id}", begins_with="GIFT#", consistent=True)


def waiting_for(recipient: str) -> Query[GiftWaiting]:
    """What waits for an address. One query."""
    return Query(GiftWaiting, f"GIFTFOR#{recipient}", consistent=True)


PATTERNS = (
    AccessPattern("a batch of gifts", gifts_of("<batch>"), units=1),
    AccessPattern("what waits for an address", waiting_for("<recipient>"), units=1),
)
