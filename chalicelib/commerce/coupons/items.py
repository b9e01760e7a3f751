"""Coupons, who uses them, and for which orders. Only this module knows the keys."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pynamodb.attributes import BooleanAttribute, ListAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition

from chalicelib.commerce.coupons.terms import CouponTerms
from chalicelib.platform.access.card import plain
from chalicelib.platform.store import InstantAttribute, Item, Key, Query
from chalicelib.platform.store.patterns import AccessPattern

_COUPONS = "COUPONS"
RESERVED, REDEEMED, RELEASED = "RESERVED", "REDEEMED", "RELEASED"
COUNTERS = ("usedCount", "redeemedCount", "discountGivenPaise")


class Coupon(Item, discriminator="Coupon"):
    """A code that lets something off. ``row`` holds all of it, since its lists show all of it: ``CouponTerms.stored``,
    ``COUNTERS``, ``createdAt``, ``createdBy``, ``updatedAt``, ``updatedBy``, and ``batch`` where it was made with
    others. ``version`` is that of the terms: no counter moves it.
    """

    code = UnicodeAttribute()

    @staticmethod
    def place(code: str) -> Key:
        """Where a coupon is."""
        return Key(f"COUPON#{code}", "META")

    @property
    def facts(self) -> dict[str, Any]:
        """The row as plain data."""
        return plain(self.row)

    @property
    def terms(self) -> CouponTerms:
        """What the coupon says."""
        return CouponTerms.read(self.facts)

    @property
    def coupon_code(self) -> str:
        """The code; an item read through the index has it in its own key alone."""
        return str(self.pk).removeprefix("COUPON#")


def coupon_item(code: str, terms: CouponTerms, facts: dict[str, Any]) -> Coupon:
    """The item of a new coupon. ``facts``: who made it, and when."""
    place = Coupon.place(code)
    row = {**terms.stored(), **dict.fromkeys(COUNTERS, 0), **facts}
    return Coupon(place.pk, place.sk, code=code, row=row, gsi1pk=_COUPONS, gsi1sk=f"{facts['createdAt']}#{code}")


def coupons_newest_first(*, active: bool | None = None, batch: str | None = None) -> Query[Coupon]:
    """All coupons, or the active ones, or the others; or those of a batch. One query."""
    where: Condition | None = None if active is None else Coupon.row["isActive"] == active
    if batch is not None:
        own: Condition = Coupon.row["batch"] == batch
        where = own if where is None else where & own
    return Query(Coupon, _COUPONS, index="gsi1", descending=True, where=where)


class CouponUse(Item, discriminator="CouponUse"):
    """How many orders of one person hold or have redeemed a coupon."""

    used_count = NumberAttribute(default=0)

    @staticmethod
    def place(code: str, user_id: str) -> Key:
        """Where a person's count is."""
        return Key(f"COUPON#{code}", f"USER#{user_id}")


class CouponRedemption(Item, discriminator="CouponRedemption"):
    """A coupon on an order. RESERVED while it waits, REDEEMED with its success, RELEASED when nothing came of it.

    ``counted``: whether the coupon's own counter was moved with it; where it has no total limit, the stream counts.
    ``handed_to``: the order that took the reservation over. ``over_limit``: redeemed though the limit was reached.
    """

    code = UnicodeAttribute()
    merchant_transaction_id = UnicodeAttribute()
    user_id = UnicodeAttribute()
    discount_paise = NumberAttribute()
    state = UnicodeAttribute()
    counted = BooleanAttribute(default=False)
    over_limit = BooleanAttribute(default=False)
    handed_to = UnicodeAttribute(null=True)
    created_at = InstantAttribute()
    redeemed_at = InstantAttribute(null=True)

    @staticmethod
    def place(code: str, order_id: str) -> Key:
        """Where an order's redemption is, in the coupon's own partition."""
        return Key(f"COUPON#{code}", f"RED#{order_id}")


def redemptions(code: str, state: str | None = None) -> Query[CouponRedemption]:
    """The orders with a coupon, newest first; of one state or of all. One query."""
    where = None if state is None else CouponRedemption.state == state
    return Query(CouponRedemption, f"COUPON#{code}", begins_with="RED#", descending=True, where=where)


class CouponGuesses(Item, discriminator="CouponGuesses"):
    """Codes that one person tried and that do not exist (CPN-15). ``times``, ``blocked_until``: epoch seconds."""

    times: ListAttribute[int] = ListAttribute(default=list)
    blocked_until = NumberAttribute(default=0)

    @staticmethod
    def place(user_id: str) -> Key:
        """Where a person's guesses are."""
        return Key(f"USER#{user_id}", "COUPONGUESSES")


class CouponBatch(Item, discriminator="CouponBatch"):
    """Codes that one request makes together; they derive from ``seed``. Goes after a day, the coupons stay."""

    KEPT_SECONDS = 86_400

    id = UnicodeAttribute()
    seed = UnicodeAttribute()
    created_at = InstantAttribute()

    @staticmethod
    def place(user_id: str, request_key: str) -> Key:
        """Where the batch of somebody's request is, by its ``Idempotency-Key``."""
        return Key(f"COUPONBATCH#{user_id}#{request_key}", "BATCH")


class CouponTally(Item, discriminator="CouponTally"):
    """That one step of an order's redemption is in the coupon's statistics; goes after 40 days."""

    KEPT_SECONDS = 40 * 86_400

    @staticmethod
    def place(order_id: str, step: str) -> Key:
        """Where the mark is."""
        return Key(f"COUPONTALLY#{order_id}", step)

    @classmethod
    def of(cls, order_id: str, step: str, now: datetime) -> CouponTally:
        """The mark of one step."""
        return cls(*cls.place(order_id, step), ttl=int(now.timestamp()) + cls.KEPT_SECONDS)


PATTERNS = (
    AccessPattern("one coupon", Coupon.place("<code>"), units=1),
    AccessPattern("all coupons, newest first", coupons_newest_first(), units=0.5, consistent=False),
    AccessPattern("orders with a coupon", redemptions("<code>"), units=0.5, consistent=False),
    AccessPattern(
        "what checkout asks about a coupon",
        (Coupon.place("<code>"), CouponUse.place("<code>", "<user>"), CouponGuesses.place("<user>")),
        units=3,
    ),
)
