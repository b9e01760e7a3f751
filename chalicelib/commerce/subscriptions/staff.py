"""What staff do to subscriptions: give a plan (SUB-04), extend (SUB-05), cancel (SUB-06). Money is not theirs to move.

Each is one transaction, on the condition of the card as it was read: who loses a race reads again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from chalicelib.commerce.plans import Plan, PlanNotFound
from chalicelib.commerce.sellers import CannotGrant
from chalicelib.commerce.subscriptions import writing
from chalicelib.commerce.subscriptions.activation import Origin, give
from chalicelib.commerce.subscriptions.card import CardFull, Draft
from chalicelib.commerce.subscriptions.effects import DAY, Outcome, Period, longer, without
from chalicelib.commerce.subscriptions.errors import (
    AccessCardFull,
    AlreadySubscribed,
    NotAStudent,
    SubscriptionCancelledBefore,
    SubscriptionNotFound,
    SubscriptionOver,
    SubscriptionTooLong,
)
from chalicelib.commerce.subscriptions.items import (
    ACTIVE,
    CANCELLED,
    MANUAL,
    Entitlement,
    StaffDeed,
    Subscription,
    entitlements_of,
)
from chalicelib.commerce.subscriptions.snapshot import Snapshot
from chalicelib.commerce.subscriptions.sources import counting, entry_of, family_of, period_of
from chalicelib.commerce.subscriptions.staff_schemas import (
    CancelSubscriptionRequest,
    ExtendSubscriptionRequest,
    GivePlanRequest,
)
from chalicelib.commerce.subscriptions.writing import Cause, Ending, Happened, Slice, times
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.access.catalogue import UserType
from chalicelib.platform.errors import Conflict, Unavailable
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.logs import count_metric
from chalicelib.platform.store import Transaction, TransactionLost, absent

GIVE = audit.AuditAction("subscription.grant", "Staff gave somebody a plan")
EXTEND = audit.AuditAction("subscription.extend", "Staff let a subscription go on for longer")
CANCEL = audit.AuditAction("subscription.cancel", "Staff ended a subscription")

TRIES = 10
REINSTATE_DAYS = 30
FARTHEST_DAYS = 36_500
"""No subscription ends later than that many days from now, whoever gives how often."""
STAFF = "STAFF"
_DEED = "deed"
_DEED_SECONDS = 86_400


def give_plan(card: AccessCard, body: GivePlanRequest, by: Caller, key: str | None) -> tuple[Subscription, str]:
    """Give a plan, with the effect that a purchase of it would have; the subscription and that effect.

    One read of the plan and a transaction. ``key``: the request's, under which it happens once. Raises
    ``NotAStudent``, ``PlanNotFound``, ``AccessCardFull``, ``SubscriptionTooLong``.
    """
    require_student(card)
    plan = store.get(Plan, Plan.place(body.plan_key))
    if plan is None:
        raise PlanNotFound
    snapshot = Snapshot.of(plan.plan_key, plan.terms)
    if body.duration_days is not None:
        snapshot = replace(snapshot, duration_days=body.duration_days)
    cause = Cause(MANUAL, by=by, reason=body.reason, audited=GIVE)
    deed, origin_id = _deed(by, "give", key), new_ulid()

    def attempt(now_card: AccessCard) -> tuple[str, str]:
        at = clock.now()
        starts_at = int(body.starts_at.timestamp()) if body.starts_at is not None else 0
        _require_near(starts_at, at)
        tx = Transaction()
        try:
            effect = give(tx, now_card, snapshot, Origin(origin_id, is_order=False, starts_at=starts_at), cause, at)
        except CannotGrant as full:
            raise AccessCardFull from full
        _require_near(int(effect.ends_at.timestamp()), at)
        _note_deed(tx, str(card.user_id), deed, effect.subscription_id)
        tx.commit()
        return effect.subscription_id, effect.effect

    found, effect = _once(card, attempt, deed)
    return _subscription(str(card.user_id), found), effect or ""


def extend(
    card: AccessCard, subscription_id: str, body: ExtendSubscriptionRequest, by: Caller, key: str | None
) -> Subscription:
    """Let a subscription end later; one that ended within 30 days runs again, from now.

    Raises ``SubscriptionNotFound``, ``SubscriptionCancelledBefore``, ``SubscriptionOver``, ``AlreadySubscribed`` (it
    ended, and another of its family has come), ``AccessCardFull``, ``SubscriptionTooLong``.
    """
    user_id, deed = str(card.user_id), _deed(by, subscription_id, key)
    cause = Cause(MANUAL, by=by, reason=body.reason, audited=EXTEND)

    def attempt(now_card: AccessCard) -> tuple[str, str]:
        at = clock.now()
        held = _subscription(user_id, subscription_id)
        if held.status == CANCELLED:
            raise SubscriptionCancelledBefore
        tx = Transaction()
        if held.status == ACTIVE and held.ends_at.timestamp() > int(at.timestamp()):
            _prolong(tx, now_card, held, body.days * DAY, cause, at)
        else:
            _reinstate(tx, now_card, held, body.days * DAY, cause, at)
        _note_deed(tx, user_id, deed, subscription_id)
        tx.commit()
        return subscription_id, ""

    found, _ = _once(card, attempt, deed)
    return _subscription(user_id, found)


def cancel(card: AccessCard, subscription_id: str, body: CancelSubscriptionRequest, by: Caller) -> Subscription:
    """End a subscription now, with what it opens; what waited behind it follows at once. Again: the same answer.

    Raises ``SubscriptionNotFound``, ``SubscriptionOver`` when it has ended by itself.
    """
    user_id = str(card.user_id)
    cause = Cause(MANUAL, by=by, reason=body.reason, audited=CANCEL)

    def attempt(now_card: AccessCard) -> tuple[str, str]:
        at = clock.now()
        held = _subscription(user_id, subscription_id)
        if held.status == CANCELLED:
            return subscription_id, ""
        tx = Transaction()
        end_now(tx, now_card, held, STAFF, cause, at)
        tx.commit()
        return subscription_id, ""

    found, _ = _once(card, attempt, None)
    return _subscription(user_id, found)


def end_now(tx: Transaction, card: AccessCard, held: Subscription, reason: str, cause: Cause, at: datetime) -> None:
    """Add everything that ends an ACTIVE subscription; ``SubscriptionOver`` when it has ended. One query."""
    user_id, now = str(card.user_id), int(at.timestamp())
    draft = Draft.of(card, now)
    outcome = _of_family(draft, held, lambda periods: without(periods, str(held.id), now))
    own = counting(store.every(entitlements_of(user_id)), now)
    draft.take(outcome.holder.entitlement_ids, own)
    _settle(draft, held, outcome)
    writing.write_card(tx, draft, user_id)
    writing.end(tx, user_id, outcome.holder, Ending(now, reason), at)
    _move(tx, user_id, outcome, at)
    was = outcome.holder
    seconds = -(was.ends_at - max(now, was.starts_at))
    ended = replace(was, starts_at=min(was.starts_at, now), ends_at=now)
    what = Happened(was.sub_id, was.plan_key, "CANCEL", seconds, times(was), times(ended, CANCELLED), outcome.moved)
    writing.record(tx, user_id, what, cause, at)


def _prolong(tx: Transaction, card: AccessCard, held: Subscription, seconds: int, cause: Cause, at: datetime) -> None:
    user_id, now = str(card.user_id), int(at.timestamp())
    draft = Draft.of(card, now)
    was = period_of(held)
    outcome = _of_family(draft, held, lambda periods: longer(periods, str(held.id), seconds, now))
    holder = outcome.holder
    _require_near(max(one.ends_at for one in outcome.periods), at)
    for entitlement_id in holder.entitlement_ids:
        draft.move(entitlement_id, holder.starts_at, holder.ends_at)
    _settle(draft, held, outcome)
    writing.write_card(tx, draft, user_id)
    writing.move(tx, user_id, was, holder, [Slice(None, seconds, now)], at)
    _move(tx, user_id, outcome, at)
    what = Happened(
        holder.sub_id, holder.plan_key, str(outcome.effect), seconds, times(was), times(holder), outcome.moved
    )
    writing.record(tx, user_id, what, cause, at)


def _reinstate(tx: Transaction, card: AccessCard, held: Subscription, seconds: int, cause: Cause, at: datetime) -> None:
    """From now: what it had been is over. What was revoked of it stays revoked."""
    user_id, now = str(card.user_id), int(at.timestamp())
    was = period_of(held)
    if was.ends_at < now - REINSTATE_DAYS * DAY:
        raise SubscriptionOver
    draft = Draft.of(card, now)
    family = draft.families.get(family_of(held))
    if family is not None and any(one.ends_at > now and one.sub_id != was.sub_id for one in family.periods):
        raise AlreadySubscribed
    period = replace(was, starts_at=now, ends_at=now + seconds)
    keys = [Entitlement.place(user_id, one) for one in period.entitlement_ids]
    for one in store.get_many(keys) if keys else ():
        if isinstance(one, Entitlement) and not one.revoked_at:
            draft.put(str(one.id), {**entry_of(one), "startsAt": period.starts_at, "endsAt": period.ends_at})
    draft.write_family(family_of(held), [period])
    _fit(draft)
    writing.write_card(tx, draft, user_id)
    writing.reinstate(tx, user_id, held, period, [Slice(None, seconds, now)], at)
    what = Happened(was.sub_id, was.plan_key, "REINSTATE", seconds, times(was, str(held.status)), times(period))
    writing.record(tx, user_id, what, cause, at)


def _of_family(draft: Draft, held: Subscription, change: Callable[[tuple[Period, ...]], Outcome | None]) -> Outcome:
    family = draft.families.get(family_of(held))
    outcome = change(family.periods if family is not None else ())
    if outcome is None:
        raise SubscriptionOver
    return outcome


def _settle(draft: Draft, held: Subscription, outcome: Outcome) -> None:
    """The card's family and what moved on it; ``AccessCardFull`` if that does not fit."""
    draft.write_family(family_of(held), outcome.periods)
    for _, after in outcome.moved:
        for entitlement_id in after.entitlement_ids:
            draft.move(entitlement_id, after.starts_at, after.ends_at)
    _fit(draft)


def _fit(draft: Draft) -> None:
    try:
        draft.fit()
    except CardFull as full:
        raise AccessCardFull from full


def _move(tx: Transaction, user_id: str, outcome: Outcome, at: datetime) -> None:
    for before, after in outcome.moved:
        writing.move(tx, user_id, before, after, [], at)


def _require_near(second: int, at: datetime) -> None:
    if second > at.timestamp() + FARTHEST_DAYS * DAY:
        raise SubscriptionTooLong


def require_student(card: AccessCard) -> None:
    """Only students hold anything (ENT-21)."""
    if card.user_type != UserType.STUDENT:
        raise NotAStudent


def _once(
    card: AccessCard, attempt: Callable[[AccessCard], tuple[str, str]], deed: str | None
) -> tuple[str, str | None]:
    """Try until no race is lost; who finds the deed done answers what it did."""
    user_id = str(card.user_id)
    for _ in range(TRIES):
        try:
            return attempt(card)
        except TransactionLost as lost:
            if deed is not None and lost.failed(_DEED):
                done = store.get(StaffDeed, StaffDeed.place(user_id, deed))
                if done is not None:
                    return str(done.subscription_id), None
        except Conflict:
            count_metric("StaffDeedsContended")
        card = card_now(user_id)
    raise Conflict


def card_now(user_id: str) -> AccessCard:
    """The card as it is; ``Unavailable`` without one (ACC-60)."""
    card = store.get(AccessCard, AccessCard.place(user_id))
    if card is None:
        raise Unavailable
    return card


def _deed(by: Caller, what: str, key: str | None) -> str | None:
    if key is None:
        return None
    return hashlib.sha256(f"{by.user_id}#{what}#{key}".encode()).hexdigest()


def _note_deed(tx: Transaction, user_id: str, deed: str | None, subscription_id: str) -> None:
    if deed is None:
        return
    place = StaffDeed.place(user_id, deed)
    item = StaffDeed(place.pk, place.sk, subscription_id=subscription_id, ttl=clock.epoch() + _DEED_SECONDS)
    tx.put(item, when=absent(StaffDeed) | (StaffDeed.ttl < clock.epoch()), name=_DEED)


def _subscription(user_id: str, subscription_id: str) -> Subscription:
    found = store.get(Subscription, Subscription.place(user_id, subscription_id))
    if found is None:
        raise SubscriptionNotFound
    return found
