"""What gateways paid out, and how each day of the books compared with orders and gateways."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

from pynamodb.attributes import JSONAttribute, MapAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.platform import clock
from chalicelib.platform.store import InstantAttribute, Item, Key, Query
from chalicelib.platform.store.patterns import AccessPattern

PAYMENT, REFUND, CHARGEBACK = "PAYMENT", "REFUND", "CHARGEBACK"


class Settlement(Item, discriminator="Settlement"):
    """One row of a gateway's statement: once a gateway and reference, whatever statement names it again.

    ``row_kind``: PAYMENT, REFUND or CHARGEBACK. Amounts in paise, never negative: the kind says which way they went.
    """

    gateway = UnicodeAttribute()
    day = UnicodeAttribute()
    reference = UnicodeAttribute()
    row_kind = UnicodeAttribute()
    merchant_transaction_id = UnicodeAttribute(null=True)
    amount_paise = NumberAttribute()
    fee_paise = NumberAttribute(default=0)
    tax_on_fee_paise = NumberAttribute(default=0)
    settled_at = InstantAttribute()
    imported_by = UnicodeAttribute()
    created_at = InstantAttribute()

    @staticmethod
    def place(gateway: str, reference: str) -> Key:
        """Its key."""
        return Key(f"SETTLE#{gateway}#{reference}", "ROW")

    @staticmethod
    def of_day(gateway: str, day: str) -> Query[Settlement]:
        """The rows of a gateway's statement of a day (``yyyy-mm-dd``)."""
        return Query(Settlement, f"SETTLE#{gateway}#{day}", index="gsi1")

    def index(self) -> None:
        """Set the index keys and the row, before the put."""
        self.gsi1pk, self.gsi1sk = f"SETTLE#{self.gateway}#{self.day}", self.reference
        self.row = cast("MapAttribute[Any, Any]", self.facts())

    def facts(self) -> dict[str, Any]:
        """What makes two rows the same, and what the daily comparison needs."""
        return {
            "reference": self.reference,
            "kind": self.row_kind,
            "order_id": self.merchant_transaction_id,
            "amount_paise": int(self.amount_paise),
            "fee_paise": int(self.fee_paise),
            "tax_on_fee_paise": int(self.tax_on_fee_paise),
            "settled_at": clock.iso(self.settled_at),
        }


class ReconciliationReport(Item, discriminator="ReconciliationReport"):
    """How a day of one gateway's money compared; a later run of the same day replaces it.

    ``totals``: see ``tallies.Tally``. ``differences``: ``{kind, orderId, refundId, reference, expectedPaise,
    foundPaise}``, at most ``MOST``; ``difference_count`` counts all.
    """

    MOST = 200

    gateway = UnicodeAttribute()
    day = UnicodeAttribute()
    totals: MapAttribute[str, Any] = MapAttribute(default=dict)
    differences = JSONAttribute(default=list)
    difference_count = NumberAttribute(default=0)
    made_at = InstantAttribute()

    @staticmethod
    def place(gateway: str, day: str) -> Key:
        """Its key."""
        return Key(f"RECON#{gateway}", day)

    @staticmethod
    def of_days(gateway: str, first: date, last: date) -> Query[ReconciliationReport]:
        """A gateway's reports of the days from ``first`` to ``last``, both included, oldest first."""
        between = (first.isoformat(), last.isoformat())
        return Query(ReconciliationReport, f"RECON#{gateway}", between=between, consistent=True)


class ReconciliationRun(Item, discriminator="ReconciliationRun"):
    """How far the comparison of a day has come, so that the next run goes on where one was killed.

    ``position``: the last order that was looked at. ``orders`` and ``counts``: paid orders and differences by gateway
    so far; ``differences``: the first ``MOST`` of them. ``accounts``, once it is done: debits less credits of each
    account on that day.
    """

    MOST = 1_000

    day = UnicodeAttribute()
    stage = UnicodeAttribute()
    done = NumberAttribute(default=0)
    position = UnicodeAttribute(default="")
    orders = JSONAttribute(default=dict)
    counts = JSONAttribute(default=dict)
    differences = JSONAttribute(default=list)
    accounts = JSONAttribute(default=dict)
    updated_at = InstantAttribute()

    @staticmethod
    def place(day: str, stage: str) -> Key:
        """Its key; ``stage``: FIRST, the night after, or FINAL, once statements must have come."""
        return Key(f"RECONRUN#{day}", stage)


_DAY = date(2026, 1, 31)
PATTERNS = (
    AccessPattern("was this row of a statement imported", Settlement.place("PHONEPE", "<reference>"), 1),
    AccessPattern("a gateway's statement of a day", Settlement.of_day("PHONEPE", "<day>"), 0.5, consistent=False),
    AccessPattern("a gateway's days, compared", ReconciliationReport.of_days("PHONEPE", _DAY, _DAY), 1),
    AccessPattern("how far a day's comparison is", ReconciliationRun.place("<day>", "FIRST"), 1),
)
