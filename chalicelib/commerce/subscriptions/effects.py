"""What a purchase does to a family's periods (SUB-20 … SUB-25): pure arithmetic on whole seconds.

Instants are epoch seconds. A capture counts from the beginning of its second, a day is 86,400 s, and a period holds
from ``starts_at`` until just before ``ends_at``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum

from chalicelib.platform.records import frozen

DAY = 86_400
MAX_PERIODS = 4
"""Current and upcoming periods of one family on a card."""


class Effect(StrEnum):
    """What happens to the family."""

    NEW = "NEW"
    EXTEND = "EXTEND"
    UPGRADE = "UPGRADE"
    REPLACE = "REPLACE"
    QUEUE = "QUEUE"


@frozen
class Period:
    """One subscription's time, as it stands on the access card."""

    sub_id: str
    plan_key: str
    name: str
    tier: int
    grants_hash: str
    starts_at: int
    ends_at: int
    entitlement_ids: tuple[str, ...] = ()

    def current(self, now: int) -> bool:
        """Whether it runs at this second (SUB-20)."""
        return self.starts_at <= now < self.ends_at

    def same_thing(self, other: Period | Bought) -> bool:
        """Same tier and same grants: more of it is more time."""
        return self.tier == other.tier and self.grants_hash == other.grants_hash


@frozen
class Bought:
    """What an order's line buys: so many seconds of a tier's grants."""

    plan_key: str
    name: str
    tier: int
    grants_hash: str
    seconds: int


@frozen
class Fresh:
    """Ids for the subscription that a capture makes, if it makes one."""

    sub_id: str
    entitlement_ids: tuple[str, ...] = ()

    def period(self, bought: Bought, starts_at: int, seconds: int) -> Period:
        """The new subscription's time."""
        ends_at = starts_at + seconds
        return Period(
            self.sub_id,
            bought.plan_key,
            bought.name,
            bought.tier,
            bought.grants_hash,
            starts_at,
            ends_at,
            self.entitlement_ids,
        )


@frozen
class Rules:
    """``SUBSCRIPTION_STACKING`` and ``SUBSCRIPTION_UPGRADE``: whether equals stack, whether upgrades carry the rest."""

    stacking: bool = True
    carry: bool = True


@frozen
class Outcome:
    """The family afterwards.

    ``holder``: the period that holds what was bought. ``periods``: all that have not ended, in order of time.
    ``ended``: the period that ends now in favour of the holder, as it was. ``moved``: other periods that moved, as they
    were and as they are. ``carried``: seconds of ``ended`` that the holder has on top.
    """

    effect: Effect
    holder: Period
    periods: tuple[Period, ...]
    ended: Period | None = None
    moved: tuple[tuple[Period, Period], ...] = ()
    carried: int = 0


def decide(periods: Sequence[Period], bought: Bought, now: int, rules: Rules, fresh: Fresh) -> Outcome:
    """The effect of a capture at ``now``."""
    live = sorted((period for period in periods if period.ends_at > now), key=lambda period: period.starts_at)
    running = max((period for period in live if period.current(now)), key=_weight, default=None)
    rest = [period for period in live if period is not running]

    if running is None:
        return _take(Effect.NEW, fresh.period(bought, now, bought.seconds), rest, was_end=now)
    if bought.tier > running.tier:
        carried = running.ends_at - now if rules.carry else 0
        holder = fresh.period(bought, now, carried + bought.seconds)
        return _take(Effect.UPGRADE, holder, rest, was_end=running.ends_at, ended=running, carried=carried)
    if not running.same_thing(bought):
        return _queue(live, bought, fresh)
    if rules.stacking:
        holder = replace(running, ends_at=running.ends_at + bought.seconds)
        return _take(Effect.EXTEND, holder, rest, was_end=running.ends_at)
    holder = fresh.period(bought, now, bought.seconds)
    return _take(Effect.REPLACE, holder, rest, was_end=running.ends_at, ended=running)


def after(periods: Sequence[Period], bought: Bought, now: int, starts_at: int, fresh: Fresh) -> Outcome:
    """The effect of what begins at a second to come: not before the family's last period has ended; nothing moves."""
    live = sorted((period for period in periods if period.ends_at > now), key=lambda period: period.starts_at)
    begins = max([starts_at, *(period.ends_at for period in live)])
    holder = fresh.period(bought, begins, bought.seconds)
    return Outcome(Effect.QUEUE if live else Effect.NEW, holder, (*live, holder))


def longer(periods: Sequence[Period], sub_id: str, seconds: int, now: int) -> Outcome | None:
    """A period that has not ended ends so much later, and what is behind it moves; None if it is not there."""
    live = sorted((period for period in periods if period.ends_at > now), key=lambda period: period.starts_at)
    held = next((period for period in live if period.sub_id == sub_id), None)
    if held is None:
        return None
    place = live.index(held)
    holder = replace(held, ends_at=held.ends_at + seconds)
    behind, moved = _behind(holder.ends_at, live[place + 1 :], held.ends_at)
    return Outcome(Effect.EXTEND, holder, (*live[:place], holder, *behind), moved=moved)


def without(periods: Sequence[Period], sub_id: str, now: int) -> Outcome | None:
    """A period ends now, and those that wait for its end follow at once; None if it is not there or has ended.

    ``holder`` is the ended one as it was.
    """
    live = sorted((period for period in periods if period.ends_at > now), key=lambda period: period.starts_at)
    ended = next((period for period in live if period.sub_id == sub_id), None)
    if ended is None:
        return None
    place = live.index(ended)
    rest: list[Period] = []
    moved: list[tuple[Period, Period]] = []
    was_end, end = ended.ends_at, max(now, ended.starts_at)
    for period in live[place + 1 :]:
        waits = period.starts_at == was_end
        shifted = replace(period, starts_at=end, ends_at=end + period.ends_at - period.starts_at) if waits else period
        was_end, end = period.ends_at, shifted.ends_at
        rest.append(shifted)
        if shifted != period:
            moved.append((period, shifted))
    return Outcome(Effect.REPLACE, ended, (*live[:place], *rest), ended=ended, moved=tuple(moved))


def _weight(period: Period) -> tuple[int, int]:
    return period.tier, period.ends_at


def _take(
    effect: Effect,
    holder: Period,
    rest: Sequence[Period],
    *,
    was_end: int,
    ended: Period | None = None,
    carried: int = 0,
) -> Outcome:
    after, moved = _behind(holder.ends_at, rest, was_end)
    return Outcome(effect, holder, (holder, *after), ended, moved, carried)


def _behind(
    end: int, upcoming: Sequence[Period], was_end: int
) -> tuple[tuple[Period, ...], tuple[tuple[Period, Period], ...]]:
    """Upcoming periods keep their length and follow the holder's new end.

    One that began where the period before it ended still does; one that stands alone moves only if it would overlap.
    """
    after: list[Period] = []
    moved: list[tuple[Period, Period]] = []
    for period in upcoming:
        start = end if period.starts_at <= was_end else max(end, period.starts_at)
        was_end = max(was_end, period.ends_at)
        shifted = replace(period, starts_at=start, ends_at=start + period.ends_at - period.starts_at)
        end = shifted.ends_at
        after.append(shifted)
        if shifted != period:
            moved.append((period, shifted))
    return tuple(after), tuple(moved)


def _queue(live: Sequence[Period], bought: Bought, fresh: Fresh) -> Outcome:
    """Behind the family's last period; more time for that one if it is the same thing (then it has not begun)."""
    last = max(live, key=lambda period: period.ends_at)
    if last.same_thing(bought):
        holder = replace(last, ends_at=last.ends_at + bought.seconds)
        return Outcome(Effect.QUEUE, holder, tuple(holder if period is last else period for period in live))
    holder = fresh.period(bought, last.ends_at, bought.seconds)
    return Outcome(Effect.QUEUE, holder, (*live, holder))
