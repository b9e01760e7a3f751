"""A purchase, or a plan that staff give, takes effect (SUB-10): worked out from card and snapshots, then written.

The card alone tells everything: no other read. The writes are conditional on what was read of it, so that two captures
of one family at the same instant both count in full: who loses reads the card again and works it out again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from chalicelib.commerce.sellers import CannotGrant, GrantEffect, SoldLine
from chalicelib.commerce.subscriptions import writing
from chalicelib.commerce.subscriptions.card import CardFull, Draft, entry
from chalicelib.commerce.subscriptions.effects import Effect, Fresh, Outcome, Period, Rules, after, decide
from chalicelib.commerce.subscriptions.items import PURCHASE
from chalicelib.commerce.subscriptions.snapshot import Snapshot, derived_id
from chalicelib.commerce.subscriptions.writing import Cause
from chalicelib.platform import settings
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Transaction

SUBSCRIPTION_STACKING = settings.boolean("SUBSCRIPTION_STACKING", default=True)
SUBSCRIPTION_UPGRADE = settings.choice("SUBSCRIPTION_UPGRADE", default="EXTEND", choices=("EXTEND", "REPLACE"))

MAX_ACTIONS = 60
"""Of one order's grant (PAY-50)."""
CARD_FULL = "ACCESS_CARD_FULL"


@dataclass
class SubscriptionDraft:
    """One subscription as the capture leaves it. ``was``: before, None if the capture makes it."""

    family: str
    snapshot: Snapshot | None
    was: Period | None
    period: Period
    slices: list[writing.Slice] = field(default_factory=list)
    ended: writing.Ending | None = None


@frozen
class Step:
    """What one line does. ``was``: the holder before it, None if this line makes it."""

    snapshot: Snapshot
    outcome: Outcome
    was: Period | None


@frozen
class Origin:
    """What it comes from: an order, or a gift of staff. The ids of what it makes derive from ``id``, a ULID at its end.

    ``starts_at``: epoch seconds before which a gift does not begin.
    """

    id: str
    is_order: bool = True
    starts_at: int = 0

    @property
    def order_id(self) -> str | None:
        """Of an order."""
        return self.id if self.is_order else None


@dataclass
class Activation:
    """Everything that an order's lines do: the card, the subscriptions by id, and the steps by the line's position."""

    card: Draft
    subscriptions: dict[str, SubscriptionDraft] = field(default_factory=dict)
    steps: dict[int, Step] = field(default_factory=dict)

    @property
    def actions(self) -> int:
        """How many writes: the card, each subscription with its entitlements, a change and an audit entry a line."""
        subscriptions = sum(1 + len(one.period.entitlement_ids) for one in self.subscriptions.values())
        return 1 + subscriptions + 2 * len(self.steps)


def rules() -> Rules:
    """As configured."""
    return Rules(stacking=SUBSCRIPTION_STACKING(), carry=SUBSCRIPTION_UPGRADE() == "EXTEND")


def work_out(card: AccessCard, snapshots: Sequence[Snapshot], origin: Origin, at: datetime) -> Activation:
    """What the lines of an order, or a gift, do to a card at ``at``. Raises ``CannotGrant``. No reads, no writes."""
    now = int(at.timestamp())
    done = Activation(Draft.of(card, now))
    # Of one family the highest tier goes first: the lower ones queue behind it instead of being cut short by it.
    for position in sorted(range(len(snapshots)), key=lambda one: (snapshots[one].family, -snapshots[one].tier)):
        _take(done, position, snapshots[position], origin, now)
    _entitle(done)
    try:
        done.card.fit()
    except CardFull as full:
        raise CannotGrant(CARD_FULL) from full
    if done.actions > MAX_ACTIONS:
        raise CannotGrant("TOO_MANY_LINES")
    return done


def activate(
    tx: Transaction,
    card: AccessCard,
    lines: Sequence[SoldLine],
    order_id: str,
    at: datetime,
    source: str = PURCHASE,
) -> list[GrantEffect]:
    """Add everything that an order's plan lines do to the capture's transaction; one effect a line.

    Per line: the subscription, its entitlements, a SubscriptionChange, an audit entry; the card's paths once. Raises
    ``CannotGrant`` before anything is added.
    """
    snapshots = [Snapshot.read(line.snapshot) for line in lines]
    done = work_out(card, snapshots, Origin(order_id), at)
    _write(tx, done, str(card.user_id), Cause(source, order_id), at)
    return [writing.effect_of(done.steps[position].outcome) for position in range(len(snapshots))]


def give(
    tx: Transaction, card: AccessCard, snapshot: Snapshot, origin: Origin, cause: Cause, at: datetime
) -> GrantEffect:
    """Add everything that a plan given by staff does, as a purchase of it would. Raises ``CannotGrant`` before that."""
    done = work_out(card, [snapshot], origin, at)
    _write(tx, done, str(card.user_id), cause, at)
    return writing.effect_of(done.steps[0].outcome)


def _take(done: Activation, position: int, snapshot: Snapshot, origin: Origin, now: int) -> None:
    family = done.card.families.get(snapshot.family)
    periods = family.periods if family else ()
    sub_id = derived_id(origin.id, position)
    fresh = Fresh(sub_id, tuple(derived_id(sub_id, number) for number in range(len(snapshot.grants))))
    own = any(one.was is None and one.family == snapshot.family for one in done.subscriptions.values())
    # Within one order nothing that it buys replaces what it buys.
    how = replace(rules(), stacking=True) if own else rules()
    if origin.starts_at > now:
        outcome = after(periods, snapshot.bought, now, origin.starts_at, fresh)
    else:
        outcome = decide(periods, snapshot.bought, now, how, fresh)
    was = next((period for period in periods if period.sub_id == outcome.holder.sub_id), None)
    done.card.write_family(snapshot.family, outcome.periods)
    done.steps[position] = Step(snapshot, outcome, was)
    holder = _draft(done, snapshot.family, was, outcome.holder)
    holder.snapshot = holder.snapshot or (snapshot if was is None else None)
    holder.slices.append(writing.Slice(origin.order_id, snapshot.bought.seconds, now, outcome.carried))
    for before, later in outcome.moved:
        _draft(done, snapshot.family, before, later)
    if outcome.ended is not None:
        reason = "UPGRADED" if outcome.effect is Effect.UPGRADE else "REPLACED"
        ended = _draft(done, snapshot.family, outcome.ended, outcome.ended)
        ended.ended = writing.Ending(now, reason, outcome.holder.sub_id)


def _draft(done: Activation, family: str, was: Period | None, period: Period) -> SubscriptionDraft:
    found = done.subscriptions.setdefault(period.sub_id, SubscriptionDraft(family, None, was, period))
    found.period = period
    return found


def _entitle(done: Activation) -> None:
    for draft in done.subscriptions.values():
        period = draft.period
        for number, entitlement_id in enumerate(period.entitlement_ids):
            if draft.ended is not None:
                done.card.drop(entitlement_id)
            elif draft.was is not None:
                done.card.move(entitlement_id, period.starts_at, period.ends_at)
            elif draft.snapshot is not None:
                grant = draft.snapshot.grants[number]
                scope = grant.scope.model_dump(by_alias=True)
                done.card.put(entitlement_id, entry(grant.kind, scope, period.starts_at, period.ends_at))


def _write(tx: Transaction, done: Activation, user_id: str, cause: Cause, at: datetime) -> None:
    writing.write_card(tx, done.card, user_id)
    for draft in done.subscriptions.values():
        if draft.snapshot is not None and draft.was is None:
            writing.create(tx, user_id, draft.snapshot, draft.period, draft.slices, at, cause.source)
        elif draft.was is not None and draft.ended is not None:
            writing.end(tx, user_id, draft.was, draft.ended, at)
        elif draft.was is not None:
            writing.move(tx, user_id, draft.was, draft.period, draft.slices, at)
    for step in done.steps.values():
        writing.record(tx, user_id, writing.happened(step.snapshot, step.outcome, step.was), cause, at)
