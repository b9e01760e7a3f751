"""What a refund takes of subscriptions, and what its failure gives back (SUB-28 … SUB-30): pure arithmetic on seconds.

Of a subscription's slices, what is unused is always their tail: as many seconds, counted from its end, as are left of
its time. What an upgrade carried over stands before its own slices, and is in turn the tail of what it replaced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from chalicelib.commerce.subscriptions.effects import DAY, Effect, Fresh, Outcome, Period, Rules, decide, longer
from chalicelib.commerce.subscriptions.items import ACTIVE, CANCELLED, EXPIRED, PURCHASE
from chalicelib.commerce.subscriptions.snapshot import Snapshot
from chalicelib.commerce.subscriptions.writing import Slice
from chalicelib.platform.records import frozen

UPGRADED, REFUNDED = "UPGRADED", "REFUNDED"
SHORTENED, REVOKED, REINSTATED = "SHORTEN", "REVOKE", "REINSTATE"
REINSTATABLE_SECONDS = 30 * DAY
"""So long after it expired, a subscription runs again itself; later a new one takes its place (SUB-31)."""


@dataclass
class Held:
    """A subscription, stored or new. ``period``: its time; ``stored``: whether it was there before."""

    family: str
    plan: Snapshot
    period: Period
    slices: list[Slice]
    status: str = ACTIVE
    reason: str | None = None
    replaced_by: str | None = None
    source: str = PURCHASE
    stored: bool = True

    @property
    def id(self) -> str:
        """Of the subscription."""
        return self.period.sub_id

    @property
    def upgraded_to(self) -> str | None:
        """The subscription that carries on what was left of this one."""
        return self.replaced_by if self.reason == UPGRADED else None


@frozen
class Atom:
    """Seconds of one order within a subscription. ``native``: the subscription that the order bought them in.

    ``path``: the slices that count them, as (subscription, number, whether as carried seconds).
    """

    order_id: str | None
    seconds: int
    native: str
    path: tuple[tuple[str, int, bool], ...] = ()


@frozen
class Piece:
    """Seconds that a refund took: ``native`` names the subscription that its order bought them in."""

    native: str
    family: str
    seconds: int


@frozen
class Step:
    """What happened to one subscription. ``after``: its time; ``cancelled``: ended for good."""

    sub_id: str
    change: str
    seconds: int
    before: Period | None
    after: Period
    cancelled: bool = False
    moved: tuple[tuple[Period, Period], ...] = ()


@dataclass
class Book:
    """One person's subscriptions at a second, changed by taking and giving back.

    ``families``: current and upcoming periods of each family, as on the card. ``fresh``: ids for a subscription with so
    many entitlements. ``revoked``: entitlements that staff took away; what runs again runs without them.
    """

    now: int
    subscriptions: dict[str, Held]
    families: dict[str, tuple[Period, ...]]
    fresh: Callable[[int], Fresh]
    revoked: frozenset[str] = frozenset()
    steps: list[Step] = field(default_factory=list)

    def take(self, order_id: str, family: str, most: int | None = None) -> list[Piece]:
        """Take an order's unused seconds, ``most`` at most, the last ones first; what stands behind moves forward."""
        mine = [
            (period.sub_id, atom)
            for period in self._live(family)
            for atom in self._unused(period)
            if atom.order_id == order_id
        ]
        total = sum(atom.seconds for _, atom in mine)
        left = total if most is None else min(most, total)
        taken: dict[str, int] = {}
        natives: dict[str, int] = {}
        for holder, atom in reversed(mine):
            part = min(left, atom.seconds)
            left -= part
            if part:
                self._count(atom.path, -part)
                taken[holder] = taken.get(holder, 0) + part
                natives[atom.native] = natives.get(atom.native, 0) + part
        for holder, seconds in taken.items():
            self._shorten(family, holder, seconds)
        return [Piece(native, family, seconds) for native, seconds in natives.items()]

    def give_back(self, order_id: str, piece: Piece) -> None:
        """Give seconds back: where they were taken from if that still runs, else from now on, as if bought now."""
        native = self.subscriptions[piece.native]
        above = self._above(native)
        period = self._period(piece.family, above[-1].id)
        if period is not None:
            self._lengthen(order_id, piece, above, period)
        elif self._reinstatable(native):
            self._reinstate(order_id, piece, native)
        else:
            self._buy_again(order_id, piece, native)

    def unused(self, order_id: str) -> int:
        """Seconds of an order that nobody has used yet, over all families."""
        live = [period for family in self.families for period in self._live(family)]
        return sum(atom.seconds for one in live for atom in self._unused(one) if atom.order_id == order_id)

    # Reading

    def _live(self, family: str) -> list[Period]:
        periods = self.families.get(family, ())
        live = [one for one in periods if one.ends_at > self.now and one.sub_id in self.subscriptions]
        return sorted(live, key=lambda one: one.starts_at)

    def _period(self, family: str, sub_id: str) -> Period | None:
        return next((one for one in self._live(family) if one.sub_id == sub_id), None)

    def _unused(self, period: Period) -> list[Atom]:
        held = self.subscriptions[period.sub_id]
        return _tail(self._atoms(held), period.ends_at - max(self.now, period.starts_at), held.id)

    def _atoms(self, held: Held) -> list[Atom]:
        """All that a subscription was ever made of and still counts, in the order in which it is used."""
        found: list[Atom] = []
        for number, one in enumerate(held.slices):
            if one.carried:
                before = self._replaced_by(held.id)
                inner = _tail(self._atoms(before), one.carried, before.id) if before is not None else []
                place = (held.id, number, True)
                found += [replace(atom, path=(*atom.path, place)) for atom in inner]
            found.append(Atom(one.order_id, one.seconds, held.id, ((held.id, number, False),)))
        return found

    def _replaced_by(self, sub_id: str) -> Held | None:
        return next((one for one in self.subscriptions.values() if one.upgraded_to == sub_id), None)

    def _above(self, native: Held) -> list[Held]:
        """A subscription and the upgrades that carry it on, the last one last."""
        found = [native]
        while (upgrade := self.subscriptions.get(found[-1].upgraded_to or "")) is not None and upgrade not in found:
            found.append(upgrade)
        return found

    # Changing

    def _count(self, path: Iterable[tuple[str, int, bool]], seconds: int) -> None:
        for sub_id, number, carried in path:
            slices = self.subscriptions[sub_id].slices
            one = slices[number]
            slices[number] = (
                replace(one, carried=one.carried + seconds) if carried else replace(one, seconds=one.seconds + seconds)
            )

    def _move(self, outcome: Outcome) -> None:
        for _, later in outcome.moved:
            self.subscriptions[later.sub_id].period = later

    def _shorten(self, family: str, sub_id: str, seconds: int) -> None:
        """Take seconds of a period. What then holds nothing of its own is cancelled, and what it had replaced runs
        again for what is left of that (SUB-29).
        """
        held, before = self.subscriptions[sub_id], self._period(family, sub_id)
        outcome = longer(self.families[family], sub_id, -seconds, self.now)
        if before is None or outcome is None:
            return
        rest = self._unused(outcome.holder)
        self._move(outcome)
        if any(atom.native == sub_id and atom.seconds for atom in rest):
            held.period, self.families[family] = outcome.holder, outcome.periods
            self.steps.append(Step(sub_id, SHORTENED, -seconds, before, held.period, moved=outcome.moved))
            return
        resumed = self._resume(held, rest, outcome.holder)
        kept = [resumed if one is outcome.holder else one for one in outcome.periods]
        self.families[family] = tuple(one for one in kept if one is not None)
        held.period = replace(before, starts_at=min(before.starts_at, self.now), ends_at=self.now)
        held.status, held.reason = CANCELLED, REFUNDED
        end = Step(sub_id, REVOKED, -seconds, before, held.period, cancelled=True, moved=outcome.moved)
        self.steps.append(end)
        if resumed is not None:
            left = resumed.ends_at - resumed.starts_at
            self.steps.append(Step(resumed.sub_id, REINSTATED, left, None, resumed))

    def _resume(self, ended: Held, rest: Sequence[Atom], time: Period) -> Period | None:
        """A new subscription of the plan that an upgrade had replaced, for what was carried and is unused."""
        former = self._replaced_by(ended.id)
        while former is not None and not any(atom.native == former.id for atom in rest):
            former = self._replaced_by(former.id)
        if former is None:
            return None
        own = [atom for atom in rest if atom.native == former.id]
        carried = sum(atom.seconds for atom in rest) - sum(atom.seconds for atom in own)
        slices = [Slice(atom.order_id, atom.seconds, self.now) for atom in own]
        slices[0] = replace(slices[0], carried=carried)
        before = self._replaced_by(former.id)
        begins = max(self.now, time.starts_at)
        new = self._new(former, former.period.grants_hash, begins, begins + carried + _sum(own), slices)
        if before is not None and carried:
            before.replaced_by = new.id
        return new.period

    def _new(self, like: Held, grants_hash: str, starts_at: int, ends_at: int, slices: list[Slice]) -> Held:
        """A new subscription of the same plan, without what was revoked of the old one."""
        plan, fresh = self._without_revoked(like)
        bought = replace(plan.bought, grants_hash=grants_hash)
        period = fresh.period(bought, starts_at, ends_at - starts_at)
        held = Held(like.family, plan, period, slices, source=like.source, stored=False)
        self.subscriptions[held.id] = held
        return held

    def _without_revoked(self, like: Held) -> tuple[Snapshot, Fresh]:
        ids = like.period.entitlement_ids
        kept = [grant for grant, one in zip(like.plan.grants, ids, strict=False) if one not in self.revoked]
        return replace(like.plan, grants=tuple(kept)), self.fresh(len(kept))

    def _lengthen(self, order_id: str, piece: Piece, above: Sequence[Held], period: Period) -> None:
        above[0].slices.append(Slice(order_id, piece.seconds, self.now))
        for upgrade in above[1:]:
            number = next((at for at, one in enumerate(upgrade.slices) if one.carried), 0)
            self._count([(upgrade.id, number, True)], piece.seconds)
        outcome = longer(self.families[piece.family], period.sub_id, piece.seconds, self.now)
        if outcome is None:
            return
        self._move(outcome)
        above[-1].period, self.families[piece.family] = outcome.holder, outcome.periods
        step = Step(period.sub_id, REINSTATED, piece.seconds, period, outcome.holder, moved=outcome.moved)
        self.steps.append(step)

    def _reinstatable(self, native: Held) -> bool:
        recent = native.period.ends_at > self.now - REINSTATABLE_SECONDS
        return native.status in (ACTIVE, EXPIRED) and recent and not self._live(native.family)

    def _reinstate(self, order_id: str, piece: Piece, native: Held) -> None:
        before = native.period
        native.period = replace(before, starts_at=self.now, ends_at=self.now + piece.seconds)
        native.status = ACTIVE
        native.slices.append(Slice(order_id, piece.seconds, self.now))
        self.families[piece.family] = (native.period,)
        self.steps.append(Step(native.id, REINSTATED, piece.seconds, before, native.period))

    def _buy_again(self, order_id: str, piece: Piece, native: Held) -> None:
        """The order's plan is bought again for these seconds: it begins now, adds to what runs, or waits behind it."""
        plan, fresh = self._without_revoked(native)
        bought = replace(native.plan.bought, grants_hash=native.period.grants_hash, seconds=piece.seconds)
        outcome = decide(self.families.get(piece.family, ()), bought, self.now, Rules(), fresh)
        holder, slices = outcome.holder, [Slice(order_id, piece.seconds, self.now, outcome.carried)]
        known = self.subscriptions.get(holder.sub_id)
        before = known.period if known is not None else None
        self._move(outcome)
        if known is not None:
            known.period = holder
            known.slices += slices
        else:
            held = Held(piece.family, plan, holder, slices, source=native.source, stored=False)
            self.subscriptions[held.id] = held
        if outcome.ended is not None and outcome.effect is Effect.UPGRADE:
            ended = self.subscriptions[outcome.ended.sub_id]
            ended.period = replace(outcome.ended, ends_at=self.now)
            ended.status, ended.reason, ended.replaced_by = CANCELLED, UPGRADED, holder.sub_id
        self.families[piece.family] = outcome.periods
        self.steps.append(Step(holder.sub_id, REINSTATED, piece.seconds, before, holder, moved=outcome.moved))


def _sum(atoms: Iterable[Atom]) -> int:
    return sum(atom.seconds for atom in atoms)


def _tail(atoms: Sequence[Atom], seconds: int, native: str) -> list[Atom]:
    """The last so many seconds; what no slice accounts for is nobody's, and stands first."""
    found: list[Atom] = []
    for atom in reversed(atoms):
        part = min(atom.seconds, seconds)
        seconds -= part
        if part:
            found.insert(0, replace(atom, seconds=part))
    return [Atom(None, seconds, native), *found] if seconds > 0 else found


def wanted(lines: Sequence[Snapshot], part: tuple[int, int] | None) -> Mapping[str, int | None]:
    """How many seconds a refund takes of each family: of each line's days so many as it is of the amount, a begun day
    whole (SUB-28); None: all that is unused.
    """
    found: dict[str, int | None] = {}
    for line in lines:
        if part is None:
            found[line.family] = None
        else:
            days = -(-line.duration_days * part[0] // part[1])
            found[line.family] = (found.get(line.family) or 0) + days * DAY
    return found
