"""The writes of subscriptions: of purchases and of what staff do. All are named ``grant:…`` (see ``sellers.GRANT``)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.commerce.sellers import GRANT, GrantEffect
from chalicelib.commerce.subscriptions.card import Draft, entry
from chalicelib.commerce.subscriptions.effects import Outcome, Period
from chalicelib.commerce.subscriptions.items import (
    ACTIVE,
    CANCELLED,
    FROM_SUBSCRIPTION,
    PURCHASE,
    Entitlement,
    Subscription,
    SubscriptionChange,
)
from chalicelib.commerce.subscriptions.snapshot import Snapshot
from chalicelib.platform import audit, clock
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Transaction, absent, present

ACTIVATE = audit.AuditAction("subscription.activate", "A purchase took effect on a subscription")
SHORTEN = audit.AuditAction("subscription.shorten", "A refund took time of a subscription")
REINSTATE = audit.AuditAction("subscription.reinstate", "Time that was taken of a subscription was given back")
CANCEL = audit.AuditAction("subscription.cancel", "Staff ended a subscription")
SYSTEM = "SYSTEM"


@frozen
class Slice:
    """A part of a subscription: of an order, or a gift of staff (``order_id`` None).

    ``carried``: seconds taken over from the subscription that it replaced.
    """

    order_id: str | None
    seconds: int
    at: int
    carried: int = 0

    def stored(self) -> dict[str, Any]:
        """As the subscription keeps it."""
        order = {"merchantTransactionId": self.order_id} if self.order_id is not None else {}
        plain: dict[str, Any] = {**order, "seconds": self.seconds, "at": self.at}
        return {**plain, "carriedSeconds": self.carried} if self.carried else plain


@frozen
class Cause:
    """What made a change: an order or a refund, or somebody of staff (``by``) with their reason.

    ``source``: of the subscription that it makes, PURCHASE, OFFLINE or MANUAL. ``audited``: what the audit trail calls
    it.
    """

    source: str = PURCHASE
    order_id: str | None = None
    refund_id: str | None = None
    by: Caller | audit.Actor | None = None
    reason: str | None = None
    audited: audit.AuditAction = ACTIVATE

    @property
    def who(self) -> str:
        """Their id, or SYSTEM."""
        return (self.by.user_id if self.by is not None else None) or SYSTEM


@frozen
class Ending:
    """A subscription ends at a second; ``replaced_by``: in favour of which other."""

    at: int
    reason: str
    replaced_by: str | None = None


def instant(seconds: int) -> datetime:
    """An epoch second as an instant."""
    return datetime.fromtimestamp(seconds, UTC)


def effect_of(outcome: Outcome) -> GrantEffect:
    """For the order."""
    holder = outcome.holder
    starts_at, ends_at = instant(holder.starts_at), instant(holder.ends_at)
    return GrantEffect(str(outcome.effect), holder.sub_id, starts_at, ends_at, holder.entitlement_ids)


def write_card(tx: Transaction, draft: Draft, user_id: str) -> None:
    """One update of single paths of the card; everything that it relies on is a condition."""
    conditions: list[Condition] = [present(AccessCard)]
    actions: list[Action] = [AccessCard.entitled_until.set(draft.entitled_until)]
    for name in sorted({*draft.families_before, *draft.families}):
        before, after = draft.families_before.get(name), draft.families.get(name)
        if before == after:
            continue
        path = AccessCard.subscriptions[name]
        conditions.append(path["v"] == before.v if before else path.does_not_exist())
        actions.append(path.set(after.stored()) if after else path.remove())
    for entry_id in sorted({*draft.before, *draft.entries}):
        was, one = draft.before.get(entry_id), draft.entries.get(entry_id)
        if was == one:
            continue
        path = AccessCard.entitlements[entry_id]
        if was is not None:
            conditions.append((path["startsAt"] == was["startsAt"]) & (path["endsAt"] == was["endsAt"]))
        actions.append(path.set(one) if one is not None else path.remove())
    condition = conditions[0]
    for more in conditions[1:]:
        condition &= more
    tx.update(AccessCard, AccessCard.place(user_id), actions, when=condition, name=f"{GRANT}:card")


def create(
    tx: Transaction,
    user_id: str,
    snapshot: Snapshot,
    period: Period,
    slices: Sequence[Slice],
    at: datetime,
    source: str = PURCHASE,
) -> None:
    """A new subscription with its entitlements."""
    place = Subscription.place(user_id, period.sub_id)
    starts_at, ends_at = instant(period.starts_at), instant(period.ends_at)
    plan = {name: value for name, value in snapshot.stored().items() if name != "key"}
    subscription = Subscription(
        place.pk,
        place.sk,
        id=period.sub_id,
        user_id=user_id,
        plan_key=snapshot.key,
        plan=plan,
        status=ACTIVE,
        starts_at=starts_at,
        ends_at=ends_at,
        source=source,
        order_ids=_orders(slices),
        slices=[one.stored() for one in slices],
        entitlement_ids=list(period.entitlement_ids),
        created_at=at,
        updated_at=at,
        row={
            "userId": user_id,
            "planKey": snapshot.key,
            "planName": snapshot.name,
            "status": ACTIVE,
            "startsAt": clock.iso(starts_at),
            "endsAt": clock.iso(ends_at),
        },
    )
    _index(subscription, Subscription.by_plan(snapshot.key, at, period.sub_id))
    _index(subscription, Subscription.by_end(ends_at, period.sub_id))
    tx.put(subscription, when=absent(Subscription), name=f"{GRANT}:subscription:{period.sub_id}")
    for number, entitlement_id in enumerate(period.entitlement_ids):
        _create_entitlement(tx, user_id, snapshot, period, number, entitlement_id, slices[0].order_id, at)


def _orders(slices: Sequence[Slice]) -> list[str]:
    return list(dict.fromkeys(one.order_id for one in slices if one.order_id is not None))


def _index(subscription: Subscription, keys: dict[str, str]) -> None:
    for name, value in keys.items():
        setattr(subscription, name, value)


def _create_entitlement(
    tx: Transaction,
    user_id: str,
    snapshot: Snapshot,
    period: Period,
    number: int,
    entitlement_id: str,
    order_id: str | None,
    at: datetime,
) -> None:
    grant = snapshot.grants[number]
    scope = entry(grant.kind, grant.scope.model_dump(by_alias=True), 0, 0)
    place = Entitlement.place(user_id, entitlement_id)
    item = Entitlement(
        place.pk,
        place.sk,
        id=entitlement_id,
        user_id=user_id,
        opens=grant.kind,
        scope={name: scope[name] for name in ("subjectIds", "topicIds", "noteIds", "testIds")},
        starts_at=instant(period.starts_at),
        ends_at=instant(period.ends_at),
        source=FROM_SUBSCRIPTION,
        subscription_id=period.sub_id,
        merchant_transaction_id=order_id,
        created_at=at,
    )
    tx.put(item, when=absent(Entitlement), name=f"{GRANT}:entitlement:{entitlement_id}")


def move(tx: Transaction, user_id: str, was: Period, period: Period, slices: Sequence[Slice], at: datetime) -> None:
    """Another time for a subscription and its entitlements; further slices, if orders or staff added to it."""
    starts_at, ends_at = instant(period.starts_at), instant(period.ends_at)
    keys = Subscription.by_end(ends_at, period.sub_id)
    actions: list[Action] = [
        Subscription.starts_at.set(starts_at),
        Subscription.ends_at.set(ends_at),
        Subscription.row["startsAt"].set(clock.iso(starts_at)),
        Subscription.row["endsAt"].set(clock.iso(ends_at)),
        Subscription.gsi2pk.set(keys["gsi2pk"]),
        Subscription.gsi2sk.set(keys["gsi2sk"]),
        Subscription.updated_at.set(at),
        Subscription.version.add(1),
    ]
    condition = _as_read(was)
    orders = _orders(slices)
    if slices:
        actions.append(Subscription.slices.set(Subscription.slices.append([one.stored() for one in slices])))
    if orders:
        actions.append(Subscription.order_ids.set(Subscription.order_ids.append(orders)))
    for order_id in orders:
        condition &= ~Subscription.order_ids.contains(order_id)
    place = Subscription.place(user_id, period.sub_id)
    tx.update(Subscription, place, actions, when=condition, name=f"{GRANT}:subscription:{period.sub_id}")
    _time_entitlements(tx, user_id, period, [Entitlement.starts_at.set(starts_at), Entitlement.ends_at.set(ends_at)])


def end(tx: Transaction, user_id: str, was: Period, ending: Ending, at: datetime) -> None:
    """A subscription ends now, and its entitlements with it; one that has not begun begins and ends now."""
    starts_at, ends_at = instant(min(was.starts_at, ending.at)), instant(ending.at)
    actions: list[Action] = [
        Subscription.status.set(CANCELLED),
        Subscription.starts_at.set(starts_at),
        Subscription.ends_at.set(ends_at),
        Subscription.cancel_reason.set(ending.reason),
        Subscription.row["status"].set(CANCELLED),
        Subscription.row["startsAt"].set(clock.iso(starts_at)),
        Subscription.row["endsAt"].set(clock.iso(ends_at)),
        Subscription.updated_at.set(at),
        Subscription.gsi2pk.remove(),
        Subscription.gsi2sk.remove(),
        Subscription.version.add(1),
    ]
    if ending.replaced_by is not None:
        actions.append(Subscription.replaced_by.set(ending.replaced_by))
    place = Subscription.place(user_id, was.sub_id)
    tx.update(Subscription, place, actions, when=_as_read(was), name=f"{GRANT}:subscription:{was.sub_id}")
    _time_entitlements(tx, user_id, was, [Entitlement.starts_at.set(starts_at), Entitlement.ends_at.set(ends_at)])


def reinstate(
    tx: Transaction, user_id: str, was: Subscription, period: Period, slices: Sequence[Slice], at: datetime
) -> None:
    """A subscription that had ended runs again, in its new time, with its entitlements; those revoked stay so.

    ``was``: as read; whoever changed it meanwhile makes the transaction lose.
    """
    starts_at, ends_at = instant(period.starts_at), instant(period.ends_at)
    keys = Subscription.by_end(ends_at, period.sub_id)
    actions: list[Action] = [
        Subscription.status.set(ACTIVE),
        Subscription.starts_at.set(starts_at),
        Subscription.ends_at.set(ends_at),
        Subscription.cancel_reason.remove(),
        Subscription.replaced_by.remove(),
        Subscription.row["status"].set(ACTIVE),
        Subscription.row["startsAt"].set(clock.iso(starts_at)),
        Subscription.row["endsAt"].set(clock.iso(ends_at)),
        Subscription.gsi2pk.set(keys["gsi2pk"]),
        Subscription.gsi2sk.set(keys["gsi2sk"]),
        Subscription.updated_at.set(at),
        Subscription.version.add(1),
    ]
    if slices:
        actions.append(Subscription.slices.set(Subscription.slices.append([one.stored() for one in slices])))
    place = Subscription.place(user_id, period.sub_id)
    unchanged = Subscription.version == int(was.version)
    tx.update(Subscription, place, actions, when=unchanged, name=f"{GRANT}:subscription:{period.sub_id}")
    _time_entitlements(tx, user_id, period, [Entitlement.starts_at.set(starts_at), Entitlement.ends_at.set(ends_at)])


def _as_read(was: Period) -> Condition:
    """The subscription is what the card said of it; the nightly expiry and others change it without the card."""
    return cast(Condition, (Subscription.status == ACTIVE) & (Subscription.ends_at == instant(was.ends_at)))


def _time_entitlements(tx: Transaction, user_id: str, period: Period, times: list[Action]) -> None:
    for entitlement_id in period.entitlement_ids:
        place = Entitlement.place(user_id, entitlement_id)
        name = f"{GRANT}:entitlement:{entitlement_id}"
        tx.update(Entitlement, place, [*times, Entitlement.version.add(1)], when=present(Entitlement), name=name)


def times(period: Period, status: str = ACTIVE) -> dict[str, Any]:
    """A period as a change tells of it: ``{startsAt, endsAt, status}``."""
    return {
        "startsAt": clock.iso(instant(period.starts_at)),
        "endsAt": clock.iso(instant(period.ends_at)),
        "status": status,
    }


@frozen
class Happened:
    """What a subscription went through. ``before`` and ``after``: what ``times`` makes; ``before`` None if it is new.

    ``seconds``: that were bought, given (positive) or taken (negative). ``moved``: others of the family, as they were
    and as they are.
    """

    subscription_id: str
    plan_key: str
    change: str
    seconds: int
    before: dict[str, Any] | None
    after: dict[str, Any]
    moved: tuple[tuple[Period, Period], ...] = ()


def happened(snapshot: Snapshot, outcome: Outcome, was: Period | None) -> Happened:
    """What a line of an order, or a plan given by staff, did."""
    before = times(was) if was is not None else None
    if outcome.ended is not None:
        before = {**times(outcome.ended), "subscriptionId": outcome.ended.sub_id}
    return Happened(
        outcome.holder.sub_id,
        snapshot.key,
        str(outcome.effect),
        snapshot.bought.seconds,
        before,
        times(outcome.holder),
        outcome.moved,
    )


def note_change(tx: Transaction, user_id: str, what: Happened, cause: Cause, at: datetime) -> None:
    """Tell of it in the history alone."""
    change_id = new_ulid()
    place = SubscriptionChange.place(user_id, what.subscription_id, change_id)
    change = SubscriptionChange(
        place.pk,
        place.sk,
        id=change_id,
        user_id=user_id,
        subscription_id=what.subscription_id,
        plan_key=what.plan_key,
        change=what.change,
        seconds_delta=what.seconds,
        before=what.before,
        after=what.after,
        moved=[
            {"subscriptionId": one.sub_id, "before": times(one), "after": times(other)} for one, other in what.moved
        ],
        merchant_transaction_id=cause.order_id,
        merchant_refund_id=cause.refund_id,
        by=cause.who,
        reason=cause.reason,
        at=at,
    )
    tx.put(change, when=absent(SubscriptionChange), name=f"{GRANT}:change:{change_id}")


def record(tx: Transaction, user_id: str, what: Happened, cause: Cause, at: datetime) -> None:
    """Tell of it, in the history and in the audit trail."""
    note_change(tx, user_id, what, cause, at)
    meta = {
        "userId": user_id,
        "planKey": what.plan_key,
        "merchantTransactionId": cause.order_id,
        "merchantRefundId": cause.refund_id,
        "effect": what.change,
        "endsAt": what.after["endsAt"],
    }
    audit.write(
        tx,
        cause.audited,
        what.subscription_id,
        by=cause.by or audit.SYSTEM,
        meta={name: value for name, value in meta.items() if value is not None},
        reason=cause.reason,
    )
