"""The ledger: double entry, written once, never changed (no role may update or delete in ``LEDGER#`` partitions)."""

from __future__ import annotations

from typing import Any, cast

from pynamodb.attributes import ListAttribute, MapAttribute, UnicodeAttribute

from chalicelib.platform import clock
from chalicelib.platform.store import InstantAttribute, Item, Key, Query
from chalicelib.platform.store.patterns import AccessPattern


class JournalEntry(Item, discriminator="JournalEntry"):
    """One entry: ``lines`` ``{account, debitPaise, creditPaise}`` whose debits equal its credits.

    ``entry_id`` is deterministic (``CAPTURE``, ``REFUND#<id>``, …): what happened once is written once. What belongs to
    no order stands under the name of a book in the place of an order's id.
    """

    merchant_transaction_id = UnicodeAttribute()
    entry_id = UnicodeAttribute()
    lines: ListAttribute[Any] = ListAttribute()
    currency = UnicodeAttribute()
    at = InstantAttribute()
    by = UnicodeAttribute()
    memo = UnicodeAttribute()

    @staticmethod
    def place(order_id: str, entry_id: str) -> Key:
        """Its key."""
        return Key(f"LEDGER#{order_id}", entry_id)

    @staticmethod
    def of_order(order_id: str) -> Query[JournalEntry]:
        """All entries of an order."""
        return Query(JournalEntry, f"LEDGER#{order_id}", consistent=True)

    @staticmethod
    def of_day(day: str) -> Query[JournalEntry]:
        """All entries of a day of the academy (``yyyy-mm-dd``), in order; the whole entry is in ``row``."""
        return Query(JournalEntry, f"LEDGER#{day}", index="gsi2")

    def index(self) -> None:
        """Set the index keys and the row (the whole entry), before the put."""
        self.gsi2pk = f"LEDGER#{clock.academy_day(self.at)}"
        self.gsi2sk = f"{clock.iso(self.at)}#{self.entry_id}"
        facts: dict[str, Any] = {
            "order_id": self.merchant_transaction_id,
            "entry_id": self.entry_id,
            "lines": [dict(line) for line in self.lines],
            "currency": self.currency,
            "at": clock.iso(self.at),
            "by": self.by,
            "memo": self.memo,
        }
        self.row = cast("MapAttribute[Any, Any]", facts)


PATTERNS = (
    AccessPattern("the ledger of an order", JournalEntry.of_order("<orderId>"), 1),
    AccessPattern("the ledger of a day", JournalEntry.of_day("<yyyy-mm-dd>"), 0.5, consistent=False),
)
