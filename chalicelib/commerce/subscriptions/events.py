"""What changes of subscriptions and entitlements mean to others (SUB-13)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from chalicelib.commerce.subscriptions.items import CANCELLED, Entitlement, Subscription, SubscriptionChange
from chalicelib.platform.events.changes import Change, translate
from chalicelib.platform.events.domain import DomainEvent


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
    """A subscription holds longer than before; ``plan_key`` may be another plan of the family than its own."""


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


_EXTENDING = {"EXTEND"}
_ACTIVATING = {"NEW", "UPGRADE", "REPLACE", "QUEUE"}


@translate(SubscriptionChange)
def change_events(change: Change[SubscriptionChange]) -> Iterator[DomainEvent]:
    """Changes are written once; each is one fact."""
    new = change.new
    if new is None or not change.inserted or new.change not in _EXTENDING | _ACTIVATING:
        return
    event = SubscriptionExtended if new.change in _EXTENDING else SubscriptionActivated
    after = new.after.as_dict()
    yield event(
        user_id=str(new.user_id),
        sub_id=str(new.subscription_id),
        change_id=str(new.id),
        plan_key=str(new.plan_key),
        starts_at=after["startsAt"],
        ends_at=after["endsAt"],
        effect=str(new.change),
        at=new.at,
        order_id=new.merchant_transaction_id,
    )


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
    """A new entitlement."""
    new = change.new
    if new is not None and change.inserted:
        yield EntitlementGranted(
            user_id=str(new.user_id),
            entitlement_id=str(new.id),
            kind=str(new.opens),
            starts_at=new.starts_at,
            ends_at=new.ends_at,
            source=str(new.source),
        )
