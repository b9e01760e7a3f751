"""What is counted of who fetches how many assets. Only this module knows the keys."""

from __future__ import annotations

from pynamodb.attributes import NumberAttribute, NumberSetAttribute

from chalicelib.platform.store import Item, Key
from chalicelib.platform.store.patterns import AccessPattern

MINUTES = 6
"""This minute and the five before: any five minutes of the clock lie within them."""


class AssetUse(Item, discriminator="AssetUse"):
    """Which assets somebody fetched lately: numbers that stand for them, by minute modulo six; gone ten minutes later.

    ``minute``: the latest, since 1970. Neither what was fetched nor who somebody is can be read off it.
    """

    minute = NumberAttribute()
    m0 = NumberSetAttribute(null=True)
    m1 = NumberSetAttribute(null=True)
    m2 = NumberSetAttribute(null=True)
    m3 = NumberSetAttribute(null=True)
    m4 = NumberSetAttribute(null=True)
    m5 = NumberSetAttribute(null=True)

    @staticmethod
    def place(user_id: str) -> Key:
        """Where somebody's is."""
        return Key(f"ASSETUSE#{user_id}", "ASSETUSE")

    @classmethod
    def bucket(cls, minute: int) -> NumberSetAttribute:
        """The set of a minute."""
        found: NumberSetAttribute = getattr(cls, f"m{minute % MINUTES}")
        return found

    @property
    def distinct(self) -> int:
        """How many different assets in all."""
        return len(set().union(*(getattr(self, f"m{number}") or () for number in range(MINUTES))))


PATTERNS = (AccessPattern("which assets somebody fetched lately (written, never read)", AssetUse.place("<user>"), 1),)
