"""What changes of subscriptions and entitlements mean to others (SUB-13)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from chalicelib.commerce.subscriptions.items import (
    CANCELLED,
    Entitlement,
    Gift,
    Subscription,
    SubscriptionChange,
    SubscriptionReminder,
    SubscriptionRun,
)
from chalicelib.platform import clock
from chalicelib.platform.events.changes import Change, Handover, translate
from chalicelib.platform.events.domain import DomainEvent
from chalicelib.platform.events.queues import Queues


class SubscriptionActivated(DomainEvent):
    """Somebody got a subscription. ``effect``: NEW, UPGRADE, REPLACE or QUEUE; ``plan_key``: what was bought."""

    user_id: str
    sub_id: str
    change_id: str
    plan_key: str
    starts_at: datetime
    ends_at: datetime
    effect: str
    at: datetime
    order_id: str | None = None

    @property
    def key(self) -> str:
        return f"{self.sub_id}#{self.change_id}"


class SubscriptionExtended(SubscriptionActivated):
    """A subscription holds longer than before, or again (REINSTATE).

    ``plan_key`` may be another plan of the family than its own. ``order_id``: of who paid for more, None otherwise.
    """


class SubscriptionShortened(DomainEvent):
    """A refund took time of a subscription that runs on, until ``ends_at``."""

    user_id: str
    sub_id: str
    change_id: str
    plan_key: str
    ends_at: datetime
    refund_id: str | None

    @property
    def key(self) -> str:
        return f"{self.sub_id}#{self.change_id}"


class SubscriptionExpired(DomainEvent):
    """A subscription's time is over; ``followed_by``: the one of its family that runs on."""

    user_id: str
    sub_id: str
    change_id: str
    plan_key: str
    ends_at: datetime
    followed_by: str | None = None

    @property
    def key(self) -> str:
        return f"{self.sub_id}#{self.change_id}"


class SubscriptionStarted(DomainEvent):
    """A subscription that waited for the one before it runs now."""

    user_id: str
    sub_id: str
    plan_key: str
    starts_at: datetime
    ends_at: datetime

    @property
    def key(self) -> str:
        return f"{self.sub_id}#started"


class SubscriptionExpiring(DomainEvent):
    """A subscription ends in so many ``days``, and nothing follows it."""

    user_id: str
    sub_id: str
    plan_key: str
    ends_at: datetime
    days: int

    @property
    def key(self) -> str:
        return f"{self.sub_id}#{clock.iso(self.ends_at)}#{self.days}"


class SubscriptionCancelled(DomainEvent):
    """A subscription ended before its time; ``reason``: UPGRADED, REPLACED, REFUNDED or STAFF."""

    user_id: str
    sub_id: str
    plan_key: str
    reason: str
    version: int

    @property
    def key(self) -> str:
        return f"{self.sub_id}#{self.version}"


class EntitlementGranted(DomainEvent):
    """Somebody may open something, from when to when."""

    user_id: str
    entitlement_id: str
    kind: str
    starts_at: datetime
    ends_at: datetime
    source: str

    @property
    def key(self) -> str:
        return self.entitlement_id


class EntitlementRevoked(DomainEvent):
    """Staff took from somebody what they could open."""

    user_id: str
    entitlement_id: str
    kind: str
    revoked_at: datetime

    @property
    def key(self) -> str:
        return f"{self.entitlement_id}#revoked"


class SubscriptionRunMessage(BaseModel):
    """Which nightly run to carry on with."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, defer_build=True)

    run_id: str


_EXTENDING = {"EXTEND", "REINSTATE"}
_ACTIVATING = {"NEW", "UPGRADE", "REPLACE", "QUEUE"}


@translate(SubscriptionChange)
def change_events(change: Change[SubscriptionChange]) -> Iterator[DomainEvent]:
    """Changes are written once; each is one fact."""
    new = change.new
    if new is None or not change.inserted:
        return
    if new.change in _EXTENDING | _ACTIVATING:
        yield _holding(new)
    elif new.change == "EXPIRE":
        yield from _over(new)
    elif new.change == "SHORTEN":
        yield SubscriptionShortened(
            user_id=str(new.user_id),
            sub_id=str(new.subscription_id),
            change_id=str(new.id),
            plan_key=str(new.plan_key),
            ends_at=new.after.as_dict()["endsAt"],
            refund_id=new.merchant_refund_id,
        )


def _holding(new: SubscriptionChange) -> DomainEvent:
    extending = new.change in _EXTENDING
    after = new.after.as_dict()
    facts = {
        "user_id": str(new.user_id),
        "sub_id": str(new.subscription_id),
        "change_id": str(new.id),
        "plan_key": str(new.plan_key),
        "starts_at": after["startsAt"],
        "ends_at": after["endsAt"],
        "effect": str(new.change),
        "at": new.at,
        # What is given back had been paid for before: it is no further sale.
        "order_id": None if new.change == "REINSTATE" else new.merchant_transaction_id,
    }
    return SubscriptionExtended(**facts) if extending else SubscriptionActivated(**facts)


def _over(new: SubscriptionChange) -> Iterator[DomainEvent]:
    following = new.followed_by.as_dict() if new.followed_by is not None else None
    yield SubscriptionExpired(
        user_id=str(new.user_id),
        sub_id=str(new.subscription_id),
        change_id=str(new.id),
        plan_key=str(new.plan_key),
        ends_at=new.after.as_dict()["endsAt"],
        followed_by=following["subscriptionId"] if following else None,
    )
    if following:
        yield SubscriptionStarted(
            user_id=str(new.user_id),
            sub_id=following["subscriptionId"],
            plan_key=following["planKey"],
            starts_at=following["startsAt"],
            ends_at=following["endsAt"],
        )


@translate(SubscriptionReminder)
def reminder_events(change: Change[SubscriptionReminder]) -> Iterator[DomainEvent]:
    """A reminder that was put."""
    new = change.new
    if new is not None and change.inserted:
        yield SubscriptionExpiring(
            user_id=str(new.user_id),
            sub_id=str(new.subscription_id),
            plan_key=str(new.plan_key),
            ends_at=new.ends_at,
            days=int(new.days),
        )


class GiftPlaced(DomainEvent):
    """An address is to get a plan (SUB-44); ``recipient``: its pseudonym."""

    batch_id: str
    recipient: str

    @property
    def key(self) -> str:
        return f"{self.batch_id}#{self.recipient}"


@translate(Gift)
def gift_events(change: Change[Gift]) -> Iterator[DomainEvent]:
    """An address's part of a batch was placed."""
    if change.inserted and change.new is not None:
        yield GiftPlaced(batch_id=str(change.new.batch_id), recipient=str(change.new.recipient))


@translate(SubscriptionRun)
def run_handover(change: Change[SubscriptionRun]) -> Iterator[Handover]:
    """A run that began goes to its worker."""
    if change.inserted and change.new is not None:
        yield Handover(Queues.SUBSCRIPTION_RUNS, SubscriptionRunMessage(run_id=str(change.new.id)))


@translate(Subscription)
def subscription_events(change: Change[Subscription]) -> Iterator[DomainEvent]:
    """A subscription that became CANCELLED."""
    new = change.new
    if new is not None and change.became("status", CANCELLED):
        yield SubscriptionCancelled(
            user_id=str(new.user_id),
            sub_id=str(new.id),
            plan_key=str(new.plan_key),
            reason=str(new.cancel_reason),
            version=int(new.version),
        )


@translate(Entitlement)
def entitlement_events(change: Change[Entitlement]) -> Iterator[DomainEvent]:
    """A new entitlement, or one that was revoked."""
    new = change.new
    if new is None:
        return
    if change.inserted:
        yield EntitlementGranted(
            user_id=str(new.user_id),
            entitlement_id=str(new.id),
            kind=str(new.opens),
            starts_at=new.starts_at,
            ends_at=new.ends_at,
            source=str(new.source),
        )
    elif _revoked(new) and not _revoked(change.old):
        yield EntitlementRevoked(
            user_id=str(new.user_id),
            entitlement_id=str(new.id),
            kind=str(new.opens),
            revoked_at=new.revoked_at,
        )


def _revoked(entitlement: Entitlement | None) -> bool:
    return entitlement is not None and entitlement.revoked_at is not None
