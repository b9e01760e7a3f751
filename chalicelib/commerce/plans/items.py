"""Plans, and how often they were bought. Only this module knows the keys."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.commerce.plans.terms import PlanTerms
from chalicelib.platform.access.card import plain
from chalicelib.platform.store import Item, Key, Query
from chalicelib.platform.store.patterns import AccessPattern

_PLANS = "PLANS"
_SALES_DAYS = 40
PURCHASE_KEPT_SECONDS = _SALES_DAYS * 86_400


class Plan(Item, discriminator="Plan"):
    """A product that students buy. ``row`` holds all of it, since its lists show all of it: ``PlanTerms.stored`` and
    ``createdAt``, ``createdBy``, ``updatedAt``, ``updatedBy``.
    """

    key = UnicodeAttribute()

    @staticmethod
    def place(key: str) -> Key:
        """Where a plan is."""
        return Key(f"PLAN#{key}", "META")

    @property
    def facts(self) -> dict[str, Any]:
        """The row as plain data."""
        return plain(self.row)

    @property
    def terms(self) -> PlanTerms:
        """What the plan says."""
        return PlanTerms.read(self.facts)

    @property
    def plan_key(self) -> str:
        """The key; an item read through the index has it in its own key alone."""
        return str(self.pk).removeprefix("PLAN#")


def plan_item(key: str, terms: PlanTerms, version: int, facts: Mapping[str, Any]) -> Plan:
    """The item of a plan. ``facts``: who made and changed it, and when."""
    place = Plan.place(key)
    return Plan(
        place.pk,
        place.sk,
        key=key,
        version=version,
        row={**terms.stored(), **facts},
        gsi1pk=_PLANS,
        gsi1sk=f"{int(terms.is_active)}#{terms.order_index:05d}#{key}",
    )


def plans_in_order(*, active: bool | None = None) -> Query[Plan]:
    """Plans by order index, then key; the active ones are a range of their own. One query."""
    begins = None if active is None else f"{int(active)}#"
    return Query(Plan, _PLANS, index="gsi1", begins_with=begins)


class PlanDay(Item, discriminator="PlanDay"):
    """How many orders of a plan were paid on one day of the academy."""

    orders = NumberAttribute(default=0)

    @staticmethod
    def place(key: str, day: date) -> Key:
        """Where a day's counter is, in the plan's own partition."""
        return Key(f"PLAN#{key}", f"DAY#{day.isoformat()}")


def plan_days(key: str, first: date, last: date) -> Query[PlanDay]:
    """The counters of a plan from one day to another, both included. One query, one small item a day."""
    return Query(PlanDay, f"PLAN#{key}", between=(PlanDay.place(key, first).sk, PlanDay.place(key, last).sk))


class PlanPurchase(Item, discriminator="PlanPurchase"):
    """That an order was counted; goes after 40 days."""

    @staticmethod
    def place(key: str, order_id: str) -> Key:
        """Where an order's mark is."""
        return Key(f"PLANPURCHASE#{order_id}", f"PLAN#{key}")

    @classmethod
    def of(cls, key: str, order_id: str, at: datetime) -> PlanPurchase:
        """The mark of one order."""
        place = cls.place(key, order_id)
        return cls(place.pk, place.sk, ttl=int(at.timestamp()) + PURCHASE_KEPT_SECONDS)


class PlanUse(Item, discriminator="PlanUse"):
    """How often one person bought a plan (PLAN-14)."""

    times = NumberAttribute(default=0)

    @staticmethod
    def place(user_id: str, key: str) -> Key:
        """Where a person's count is."""
        return Key(f"USER#{user_id}", f"PLANUSE#{key}")


class TrialUse(Item, discriminator="TrialUse"):
    """That an e-mail address or phone number had a trial (SUB-45); ``contact``: its pseudonym. Stays for good."""

    order_id = UnicodeAttribute()

    @staticmethod
    def place(key: str, contact: str) -> Key:
        """Where the mark of one address for one plan is."""
        return Key(f"TRIAL#{contact}", f"PLAN#{key}")


PATTERNS = (
    AccessPattern("one plan", Plan.place("<key>"), units=1),
    AccessPattern("plans on sale", plans_in_order(active=True), units=0.5, consistent=False),
    AccessPattern("all plans", plans_in_order(), units=0.5, consistent=False),
    AccessPattern(
        "orders of a plan paid in the last 30 days",
        plan_days("<key>", date(2026, 1, 1), date(2026, 1, 30)),
        units=0.5,
        consistent=False,
    ),
    AccessPattern("whether an address had a trial", TrialUse.place("<key>", "<contact>"), units=1),
    AccessPattern("what checkout asks about a plan", (Plan.place("<key>"), PlanUse.place("<user>", "<key>")), units=2),
)
