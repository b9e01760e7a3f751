"""Where a person is billed, as their last paid order said (TAXN-11)."""

from __future__ import annotations

from pynamodb.attributes import UnicodeAttribute

from chalicelib.platform.store import InstantAttribute, Item, Key
from chalicelib.platform.store.patterns import AccessPattern


class BillingPlace(Item, discriminator="BillingPlace"):
    """The place of supply of a person's last paid order, for checkouts that name none.

    ``country``: ISO 3166-1 alpha-2. ``state``: ISO 3166-2 letters of an Indian state, without ``IN-``.
    """

    country = UnicodeAttribute()
    state = UnicodeAttribute(null=True)
    updated_at = InstantAttribute()

    @staticmethod
    def place(user_id: str) -> Key:
        """Its key."""
        return Key(f"USER#{user_id}", "BILLINGPLACE")


PATTERNS = (AccessPattern("where somebody's last paid order was billed", BillingPlace.place("<userId>"), 1),)
