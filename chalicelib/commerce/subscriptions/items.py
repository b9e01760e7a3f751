"""Subscriptions, their changes, and entitlements. Only this module knows the keys.

All stand in their owner's partition; the access card holds what of them counts now or later (``card.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from pynamodb.attributes import ListAttribute, MapAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.platform import clock
from chalicelib.platform.store import InstantAttribute, Item, Key, Query
from chalicelib.platform.store.patterns import AccessPattern

ACTIVE = "ACTIVE"
EXPIRED = "EXPIRED"
CANCELLED = "CANCELLED"
PURCHASE, OFFLINE = "PURCHASE", "OFFLINE"
OFFLINE = "OFFLINE"
MANUAL = "MANUAL"
FROM_SUBSCRIPTION = "SUBSCRIPTION"
PENDING, WAITING, GIVEN, REFUSED = "PENDING", "WAITING", "GIVEN", "REFUSED"


class Subscription(Item, discriminator="Subscription"):
    """A time of a plan. One that starts in the future is *upcoming*: ACTIVE already, current not yet.

    ``plan``: ``{name, family, tier, grants, durationDays}`` as bought. ``slices``: one an order or a gift of staff
    (which has no ``merchantTransactionId``), ``{merchantTransactionId?, seconds, at, carriedSeconds?}``. ``row``: what
    lists by plan and by end show.
    """

    id = UnicodeAttribute()
    user_id = UnicodeAttribute()
    plan_key = UnicodeAttribute()
    plan: MapAttribute[str, Any] = MapAttribute()
    status = UnicodeAttribute()
    starts_at = InstantAttribute()
    ends_at = InstantAttribute()
    source = UnicodeAttribute()
    order_ids: ListAttribute[str] = ListAttribute(default=list)
    slices: ListAttribute[Any] = ListAttribute(default=list)
    entitlement_ids: ListAttribute[str] = ListAttribute(default=list)
    cancel_reason = UnicodeAttribute(null=True)
    replaced_by = UnicodeAttribute(null=True)
    created_at = InstantAttribute()
    updated_at = InstantAttribute()

    @staticmethod
    def place(user_id: str, subscription_id: str) -> Key:
        """Where a subscription is."""
        return Key(f"USER#{user_id}", f"SUB#{subscription_id}")

    @staticmethod
    def by_plan(plan_key: str, created_at: datetime, subscription_id: str) -> dict[str, str]:
        """The keys under which the list of a plan's subscriptions finds it."""
        return {"gsi1pk": f"PLANSUBS#{plan_key}", "gsi1sk": f"{clock.iso(created_at)}#{subscription_id}"}

    @staticmethod
    def by_end(ends_at: datetime, subscription_id: str) -> dict[str, str]:
        """The keys under which the list of those that end on a day of the academy finds it, while it is ACTIVE."""
        day = clock.academy_day(ends_at).isoformat()
        return {"gsi2pk": f"SUBEND#{day}", "gsi2sk": f"{clock.iso(ends_at)}#{subscription_id}"}


class SubscriptionChange(Item, discriminator="SubscriptionChange"):
    """What an order, a refund or a person did to a subscription; never changed.

    ``before`` and ``after``: ``{startsAt, endsAt, status}``; ``before`` also has ``subscriptionId`` where another
    subscription ended in favour of this one. ``moved``: upcoming ones that moved, ``{subscriptionId, before, after}``.
    ``followed_by``: of an EXPIRE, the one of the family that runs on: ``{subscriptionId, planKey, startsAt, endsAt}``.
    """

    id = UnicodeAttribute()
    user_id = UnicodeAttribute()
    subscription_id = UnicodeAttribute()
    plan_key = UnicodeAttribute()
    change = UnicodeAttribute()
    seconds_delta = NumberAttribute()
    before: MapAttribute[str, Any] = MapAttribute(null=True)
    after: MapAttribute[str, Any] = MapAttribute()
    moved: ListAttribute[Any] = ListAttribute(default=list)
    merchant_transaction_id = UnicodeAttribute(null=True)
    merchant_refund_id = UnicodeAttribute(null=True)
    by = UnicodeAttribute()
    reason = UnicodeAttribute(null=True)
    followed_by: MapAttribute[str, Any] = MapAttribute(null=True)
    at = InstantAttribute()

    @staticmethod
    def place(user_id: str, subscription_id: str, change_id: str) -> Key:
        """Where a change is: beside its subscription, in order of time."""
        return Key(f"USER#{user_id}", f"SUBCHG#{subscription_id}#{change_id}")


class Entitlement(Item, discriminator="Entitlement"):
    """What somebody may open, from when to when. ``scope``: ``{subjectIds, topicIds, noteIds, testIds}``."""

    id = UnicodeAttribute()
    user_id = UnicodeAttribute()
    opens = UnicodeAttribute()
    scope: MapAttribute[str, Any] = MapAttribute()
    starts_at = InstantAttribute()
    ends_at = InstantAttribute()
    source = UnicodeAttribute()
    subscription_id = UnicodeAttribute(null=True)
    merchant_transaction_id = UnicodeAttribute(null=True)
    granted_by = UnicodeAttribute(null=True)
    reason = UnicodeAttribute(null=True)
    revoked_at = InstantAttribute(null=True)
    revoked_by = UnicodeAttribute(null=True)
    revoke_reason = UnicodeAttribute(null=True)
    created_at = InstantAttribute()

    @staticmethod
    def place(user_id: str, entitlement_id: str) -> Key:
        """Where an entitlement is."""
        return Key(f"USER#{user_id}", f"ENT#{entitlement_id}")


class SubscriptionRun(Item, discriminator="SubscriptionRun"):
    """A run over the subscriptions that end on certain days (``2026-01-31``), and how far it is.

    ``task``: EXPIRE or REMIND. ``days``: those still to go through; the first from ``cursor`` on, a key of the index as
    JSON. ``changed``: subscriptions expired, or reminders given. ``tries``: of workers since it last got any further.
    """

    id = UnicodeAttribute()
    task = UnicodeAttribute()
    state = UnicodeAttribute()
    days: ListAttribute[str] = ListAttribute(default=list)
    cursor = UnicodeAttribute(null=True)
    looked_at = NumberAttribute(default=0)
    changed = NumberAttribute(default=0)
    tries = NumberAttribute(default=0)
    created_at = InstantAttribute()
    updated_at = InstantAttribute()

    @staticmethod
    def place(run_id: str) -> Key:
        """Where a run is."""
        return Key(f"SUBRUN#{run_id}", "META")


class SubscriptionReminder(Item, discriminator="SubscriptionReminder"):
    """That somebody is to be told of an end to come, so many ``days`` before: once for each end (SUB-12)."""

    user_id = UnicodeAttribute()
    subscription_id = UnicodeAttribute()
    plan_key = UnicodeAttribute()
    ends_at = InstantAttribute()
    days = NumberAttribute()

    @staticmethod
    def place(user_id: str, subscription_id: str, ends_at: datetime, days: int) -> Key:
        """Where it is; a subscription that was prolonged ends anew."""
        return Key(f"USER#{user_id}", f"ENDREMINDER#{subscription_id}#{clock.iso(ends_at)}#{days}")


class StaffDeed(Item, discriminator="StaffDeed"):
    """That staff gave something under an ``Idempotency-Key``, and to which subscription: a key gives once, even if the
    answer to it was lost. Goes after a day, as the key does.
    """

    subscription_id = UnicodeAttribute()

    @staticmethod
    def place(user_id: str, deed: str) -> Key:
        """Where a deed is, in the partition of whom it was done to."""
        return Key(f"USER#{user_id}", f"DEED#{deed}")


class GiftBatch(Item, discriminator="GiftBatch"):
    """A plan given to many addresses at once (SUB-44), by whom and why. ``plan``: as it was then."""

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
    """One address's part of a batch: PENDING, then WAITING for somebody to register with it, GIVEN or REFUSED
    (``refusal``). ``recipient``: the address's pseudonym; ``sealed``: the address, until it is known whose it is.
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
    """That something waits for whoever proves that an address is theirs."""

    batch_id = UnicodeAttribute()

    @staticmethod
    def place(recipient: str, batch_id: str) -> Key:
        """Where a mark is, by the address's pseudonym."""
        return Key(f"GIFTFOR#{recipient}", f"GIFTS#{batch_id}")


def subscriptions_of(user_id: str) -> Query[Subscription]:
    """All subscriptions of somebody, oldest first. One query."""
    return Query(Subscription, f"USER#{user_id}", begins_with="SUB#", consistent=True)


def newest_of(user_id: str) -> Query[Subscription]:
    """All subscriptions of somebody, newest first."""
    return Query(Subscription, f"USER#{user_id}", begins_with="SUB#", descending=True, consistent=True)


def history_of(user_id: str) -> Query[Item]:
    """Subscriptions and their changes, in one query (``SUB#…`` … ``SUBCHG#…``)."""
    return Query(Item, f"USER#{user_id}", begins_with="SUB", consistent=True)


def changes_of(user_id: str, subscription_id: str) -> Query[SubscriptionChange]:
    """What happened to a subscription, in order. One query."""
    prefix = f"SUBCHG#{subscription_id}#"
    return Query(SubscriptionChange, f"USER#{user_id}", begins_with=prefix, consistent=True)


def entitlements_of(user_id: str) -> Query[Entitlement]:
    """All entitlements of somebody. One query."""
    return Query(Entitlement, f"USER#{user_id}", begins_with="ENT#", consistent=True)


Keep = Callable[[Subscription], bool]


def of_plan(plan_key: str, keep: Keep | None = None) -> Query[Subscription]:
    """A plan's subscriptions, newest first."""
    return Query(Subscription, f"PLANSUBS#{plan_key}", index="gsi1", descending=True, keep=keep)


def ending_on(day: str, keep: Keep | None = None) -> Query[Subscription]:
    """ACTIVE subscriptions that end on a day of the academy (``2026-01-31``), first to end first."""
    return Query(Subscription, f"SUBEND#{day}", index="gsi2", keep=keep)


def gifts_of(batch_id: str) -> Query[Gift]:
    """All parts of a batch. One query."""
    return Query(Gift, f"GIFTS#{batch_id}", begins_with="GIFT#", consistent=True)


def waiting_for(recipient: str) -> Query[GiftWaiting]:
    """What waits for an address. One query."""
    return Query(GiftWaiting, f"GIFTFOR#{recipient}", consistent=True)


PATTERNS = (
    AccessPattern("a person's subscriptions", subscriptions_of("<user>"), units=1),
    AccessPattern("one's own subscriptions in pages", newest_of("<user>"), units=1),
    AccessPattern("a person's subscriptions and what happened to them", history_of("<user>"), units=1),
    AccessPattern("what happened to a subscription", changes_of("<user>", "<subscription>"), units=1),
    AccessPattern("a person's entitlements", entitlements_of("<user>"), units=1),
    AccessPattern("a plan's subscriptions", of_plan("<plan>"), units=0.5, consistent=False),
    AccessPattern("subscriptions ending on a day", ending_on("<day>"), units=0.5, consistent=False),
    AccessPattern("a nightly run over subscriptions", SubscriptionRun.place("<run>"), units=1),
    AccessPattern("a batch of gifts", gifts_of("<batch>"), units=1),
    AccessPattern("what waits for an address", waiting_for("<recipient>"), units=1),
)
