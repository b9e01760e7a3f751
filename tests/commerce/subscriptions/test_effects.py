"""What a purchase does to a family's periods: pure arithmetic."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.commerce.subscriptions.effects import DAY, Bought, Effect, Fresh, Outcome, Period, Rules, decide

NOW = 1_790_000_000
MONTH = 30 * DAY
DEFAULTS = Rules()


def period(sub_id: str, starts_at: int, ends_at: int, tier: int = 1, grants: str = "a") -> Period:
    return Period(sub_id, "plan", "Plan", tier, grants, starts_at, ends_at, (f"{sub_id}-e",))


def bought(days: int = 30, tier: int = 1, grants: str = "a") -> Bought:
    return Bought("plan", "Plan", tier, grants, days * DAY)


def buy(periods: list[Period], what: Bought, rules: Rules = DEFAULTS, now: int = NOW) -> Outcome:
    return decide(periods, what, now, rules, Fresh("new", ("new-e",)))


def left(periods: tuple[Period, ...] | list[Period], now: int = NOW) -> int:
    """Seconds of access that are still to come."""
    return sum(max(0, one.ends_at - max(one.starts_at, now)) for one in periods)


@pytest.mark.rule("SUB-22", "SUB-20")
def test_nothing_running_starts_now() -> None:
    done = buy([period("old", NOW - MONTH, NOW)], bought())
    assert done.effect is Effect.NEW
    assert (done.holder.starts_at, done.holder.ends_at) == (NOW, NOW + 30 * 86_400)
    assert done.periods == (done.holder,)


@pytest.mark.rule("SUB-22")
def test_what_starts_later_moves_only_if_it_would_overlap() -> None:
    later = period("later", NOW + 90 * DAY, NOW + 120 * DAY)
    sooner = period("sooner", NOW + 10 * DAY, NOW + 20 * DAY)
    done = buy([later, sooner], bought())
    assert [(one.starts_at - NOW) // DAY for one in done.periods] == [0, 30, 90]
    assert left(done.periods) == left([later, sooner]) + MONTH


@pytest.mark.rule("SUB-23")
def test_the_same_again_extends_from_the_end_not_from_now() -> None:
    running = period("a", NOW - 20 * DAY, NOW + 10 * DAY)
    done = buy([running], bought())
    assert done.effect is Effect.EXTEND
    assert (done.holder.sub_id, done.holder.starts_at) == ("a", running.starts_at)
    assert done.holder.ends_at == running.ends_at + MONTH


@pytest.mark.rule("SUB-23")
def test_extending_moves_what_waits_behind() -> None:
    running, upcoming = period("a", NOW, NOW + MONTH, tier=2), period("b", NOW + MONTH, NOW + 2 * MONTH, tier=1)
    done = buy([running, upcoming], bought(tier=2))
    assert [(one.sub_id, one.starts_at, one.ends_at) for one in done.periods] == [
        ("a", NOW, NOW + 2 * MONTH),
        ("b", NOW + 2 * MONTH, NOW + 3 * MONTH),
    ]
    assert done.moved == ((upcoming, done.periods[1]),)


@pytest.mark.rule("SUB-23")
def test_without_stacking_the_old_one_is_replaced_and_its_rest_lost() -> None:
    running = period("a", NOW - DAY, NOW + 10 * DAY)
    done = buy([running], bought(), Rules(stacking=False))
    assert done.effect is Effect.REPLACE
    assert done.ended == running
    assert (done.holder.sub_id, done.holder.starts_at, done.holder.ends_at) == ("new", NOW, NOW + MONTH)
    assert done.carried == 0


@pytest.mark.rule("SUB-24")
def test_a_higher_tier_runs_at_once_and_keeps_the_rest() -> None:
    running = period("a", NOW - 20 * DAY, NOW + 10 * DAY, tier=1)
    waiting = period("w", NOW + 10 * DAY, NOW + 15 * DAY, tier=0)
    done = buy([running, waiting], bought(tier=2))
    assert done.effect is Effect.UPGRADE
    assert done.ended == running
    assert done.carried == 10 * DAY
    assert (done.holder.starts_at, done.holder.ends_at) == (NOW, NOW + 40 * DAY)
    assert (done.periods[1].starts_at, done.periods[1].ends_at) == (NOW + 40 * DAY, NOW + 45 * DAY)


@pytest.mark.rule("SUB-24")
def test_an_upgrade_may_drop_the_rest_if_so_configured() -> None:
    waiting = period("w", NOW + 10 * DAY, NOW + 15 * DAY, tier=0)
    done = buy([period("a", NOW - DAY, NOW + 10 * DAY), waiting], bought(tier=2), Rules(carry=False))
    assert done.holder.ends_at == NOW + MONTH
    assert done.carried == 0
    assert done.periods[1].starts_at == NOW + MONTH


@pytest.mark.rule("SUB-25")
@pytest.mark.parametrize("what", [bought(tier=1), bought(tier=2, grants="edited")])
def test_less_or_something_else_waits_for_the_end(what: Bought) -> None:
    running = period("a", NOW - DAY, NOW + 10 * DAY, tier=2)
    done = buy([running], what)
    assert done.effect is Effect.QUEUE
    assert done.periods == (running, done.holder)
    assert (done.holder.starts_at, done.holder.ends_at) == (NOW + 10 * DAY, NOW + 40 * DAY)


@pytest.mark.rule("SUB-25")
def test_more_of_what_waits_last_makes_that_longer() -> None:
    running = period("a", NOW - DAY, NOW + 10 * DAY, tier=2)
    waiting = period("w", NOW + 10 * DAY, NOW + 40 * DAY, tier=1)
    done = buy([running, waiting], bought(tier=1))
    assert done.effect is Effect.QUEUE
    assert (done.holder.sub_id, done.holder.ends_at) == ("w", NOW + 70 * DAY)
    assert len(done.periods) == 2


@pytest.mark.rule("SUB-20")
def test_a_period_holds_until_just_before_its_end() -> None:
    one = period("a", NOW, NOW + DAY)
    assert [one.current(NOW - 1), one.current(NOW), one.current(NOW + DAY - 1), one.current(NOW + DAY)] == [
        False,
        True,
        True,
        False,
    ]


PURCHASES = st.lists(
    st.tuples(st.integers(0, 40 * DAY), st.integers(1, 60), st.integers(0, 3), st.sampled_from("ab")),
    min_size=1,
    max_size=8,
)


def _sequence(purchases: list[tuple[int, int, int, str]], rules: Rules) -> list[tuple[int, Bought, Outcome, int]]:
    """Each purchase some seconds after the one before; with the seconds that were left just before it."""
    periods: tuple[Period, ...] = ()
    now, found = NOW, []
    for number, (pause, days, tier, grants) in enumerate(purchases):
        now += pause
        before = left(periods, now)
        what = bought(days, tier, grants)
        done = decide(periods, what, now, rules, Fresh(f"s{number}", (f"e{number}",)))
        found.append((now, what, done, before))
        periods = done.periods
    return found


@pytest.mark.rule("SUB-22", "SUB-23", "SUB-24", "SUB-25")
@given(PURCHASES)
def test_no_paid_second_is_ever_lost(purchases: list[tuple[int, int, int, str]]) -> None:
    for now, what, done, before in _sequence(purchases, DEFAULTS):
        assert left(done.periods, now) == before + what.seconds


@pytest.mark.rule("SUB-23", "SUB-24")
@given(PURCHASES, st.booleans(), st.booleans())
def test_periods_follow_each_other_without_overlap(
    purchases: list[tuple[int, int, int, str]], stacking: bool, carry: bool
) -> None:
    for now, what, done, before in _sequence(purchases, Rules(stacking, carry)):
        starts = [one.starts_at for one in done.periods]
        assert starts == sorted(starts)
        assert all(one.ends_at <= other.starts_at for one, other in zip(done.periods, done.periods[1:], strict=False))
        assert sum(one.current(now) for one in done.periods) == 1
        assert len({one.sub_id for one in done.periods}) == len(done.periods)
        lost = before + what.seconds - left(done.periods, now)
        # Only what ended in favour of the new one can lose its rest, and only as configured.
        allowed = done.ended.ends_at - now - done.carried if done.ended else 0
        assert lost == allowed


@pytest.mark.rule("SUB-25")
@given(PURCHASES)
def test_buying_never_lowers_the_tier_that_runs(purchases: list[tuple[int, int, int, str]]) -> None:
    periods: tuple[Period, ...] = ()
    for now, _, done, _ in _sequence(purchases, DEFAULTS):
        was = [one.tier for one in periods if one.current(now)]
        runs = [one.tier for one in done.periods if one.current(now)]
        assert not was or runs[0] >= was[0]
        periods = done.periods


@pytest.mark.rule("SUB-23")
@given(st.integers(1, 400), st.integers(1, 400))
def test_two_captures_of_one_family_count_in_full_in_either_order(first: int, second: int) -> None:
    for one, other in ((first, second), (second, first)):
        start = decide((), bought(one), NOW, DEFAULTS, Fresh("x"))
        end = decide(start.periods, bought(other), NOW, DEFAULTS, Fresh("y"))
        assert end.holder.ends_at == NOW + (first + second) * DAY
