"""What refunds take and give back: pure arithmetic, and whatever happens before and between (SUB-28 … SUB-30)."""

from __future__ import annotations

import copy
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.commerce.plans import PlanGrant
from chalicelib.commerce.subscriptions.effects import DAY, Fresh, Rules, decide
from chalicelib.commerce.subscriptions.items import CANCELLED
from chalicelib.commerce.subscriptions.reversal import Book, Held, Piece, wanted
from chalicelib.commerce.subscriptions.snapshot import Snapshot
from chalicelib.commerce.subscriptions.writing import Slice

T0 = 1_800_000_000
HOUR = 3_600


def plan(tier: int = 1, days: int = 30) -> Snapshot:
    """A plan of the one family."""
    grant = PlanGrant.model_validate({"kind": "ALL"})
    return Snapshot(f"tier-{tier}", f"Tier {tier}", "main", tier, days, (grant,))


class Story(Book):
    """A person's subscriptions, with purchases as captures make them."""

    def __init__(self) -> None:
        self.made = 0
        super().__init__(T0, {}, {"main": ()}, self.id_for)

    def id_for(self, count: int) -> Fresh:
        self.made += 1
        return Fresh(f"S{self.made}", tuple(f"S{self.made}-{number}" for number in range(count)))

    def buy(self, order_id: str, tier: int = 1, days: int = 30, rules: Rules = Rules()) -> None:
        bought = plan(tier, days)
        outcome = decide(self.families["main"], bought.bought, self.now, rules, self.id_for(1))
        part = Slice(order_id, bought.bought.seconds, self.now, outcome.carried)
        known = self.subscriptions.get(outcome.holder.sub_id)
        if known is None:
            self.subscriptions[outcome.holder.sub_id] = Held("main", bought, outcome.holder, [part])
        else:
            known.period = outcome.holder
            known.slices.append(part)
        for _, later in outcome.moved:
            self.subscriptions[later.sub_id].period = later
        if outcome.ended is not None:
            ended = self.subscriptions[outcome.ended.sub_id]
            reason = "UPGRADED" if outcome.effect == "UPGRADE" else "REPLACED"
            ended.period = replace(outcome.ended, ends_at=self.now)
            ended.status, ended.reason, ended.replaced_by = CANCELLED, reason, outcome.holder.sub_id
        self.families["main"] = outcome.periods

    def later(self, seconds: int) -> Story:
        self.now += seconds
        return self

    def shown(self) -> list[tuple[int, float, float]]:
        """Current and upcoming: (tier, days until it starts, days until it ends)."""
        live = [one for one in self.families["main"] if one.ends_at > self.now]
        days = [(one.tier, (one.starts_at - self.now) / DAY, (one.ends_at - self.now) / DAY) for one in live]
        return [(tier, max(start, 0), end) for tier, start, end in days]


@pytest.mark.rule("SUB-28")
def test_a_full_refund_takes_what_is_unused_of_its_slice_and_later_ones_move_forward() -> None:
    story = Story()
    story.buy("A")
    story.buy("B", days=10)
    story.later(12 * DAY)
    assert story.take("A", "main") == [Piece("S1", "main", 18 * DAY)]
    assert story.shown() == [(1, 0, 10)], "B's ten days begin now"
    assert [step.change for step in story.steps] == ["SHORTEN"]
    assert story.take("A", "main") == [], "nothing of A is left"
    assert story.take("B", "main") == [Piece("S1", "main", 10 * DAY)]
    assert story.shown() == []
    held = story.subscriptions["S1"]
    assert (held.status, held.reason, held.period.ends_at) == ("CANCELLED", "REFUNDED", story.now)
    assert story.steps[-1].change == "REVOKE"


@pytest.mark.rule("SUB-28")
def test_what_waits_behind_moves_forward_with_the_end() -> None:
    story = Story()
    story.buy("A", tier=2)
    story.buy("B", tier=1, days=10)
    story.later(HOUR)
    story.take("A", "main")
    assert story.shown() == [(1, 0, 10)]
    story = Story()
    story.buy("A", tier=2)
    story.buy("B", tier=1, days=10)
    story.take("B", "main")
    assert story.shown() == [(2, 0, 30)], "one that has not begun is gone, what runs stays"
    assert story.subscriptions[story.steps[0].sub_id].period.ends_at == story.now


@pytest.mark.rule("SUB-28", "PAY-82")
@pytest.mark.parametrize(
    ("part", "days"),
    [((1, 49_900), 1), ((16_633, 49_900), 10), ((16_634, 49_900), 11), ((49_899, 49_900), 30), ((49_900, 49_900), 30)],
)
def test_a_partial_refund_shortens_by_begun_days(part: tuple[int, int], days: int) -> None:
    assert wanted([plan()], part) == {"main": days * DAY}
    assert wanted([plan(), plan(days=60)], part)["main"] == (days + -(-60 * part[0] // part[1])) * DAY
    assert wanted([plan()], None) == {"main": None}
    story = Story()
    story.buy("A")
    story.buy("B")
    story.later(25 * DAY)
    [piece] = story.take("A", "main", days * DAY)
    assert piece.seconds == min(days, 5) * DAY, "at most the unused part of the slice"


@pytest.mark.rule("SUB-29")
def test_a_refunded_upgrade_lets_the_former_plan_run_again() -> None:
    story = Story()
    story.buy("A", tier=1)
    story.later(20 * DAY)
    story.buy("B", tier=2)
    assert story.shown() == [(2, 0, 40)]
    story.later(HOUR)
    story.take("B", "main")
    assert story.shown() == [(1, 0, 10 - 1 / 24)], "the carried rest minus the time used since"
    upgrade = next(one for one in story.subscriptions.values() if one.plan.tier == 2)
    assert (upgrade.status, upgrade.reason) == ("CANCELLED", "REFUNDED")
    assert [step.change for step in story.steps] == ["REVOKE", "REINSTATE"]
    story.take("A", "main")
    assert story.shown() == []


@pytest.mark.rule("SUB-29")
def test_after_the_carried_rest_was_used_nothing_runs_again() -> None:
    story = Story()
    story.buy("A", tier=1)
    story.later(20 * DAY)
    story.buy("B", tier=2)
    story.later(11 * DAY)
    assert story.take("B", "main")[0].seconds == 29 * DAY
    assert story.shown() == []


@pytest.mark.rule("SUB-28", "SUB-29")
def test_refunds_reach_through_upgrades() -> None:
    """Tier 1, 2 and 3, each upgraded at once; the middle order goes back, then the top one: the first is what stays."""
    story = Story()
    for tier in (1, 2, 3):
        story.buy(f"T{tier}", tier=tier)
    assert story.shown() == [(3, 0, 90)]
    [piece] = story.take("T2", "main")
    assert (piece.native, piece.seconds) == ("S2", 30 * DAY)
    assert story.shown() == [(3, 0, 60)]
    middle = copy.deepcopy(story)
    story.take("T3", "main")
    assert story.shown() == [(1, 0, 30)]
    middle.give_back("T2", piece)
    assert middle.shown() == [(3, 0, 90)]
    middle.take("T3", "main")
    assert middle.shown() == [(2, 0, 60)], "the second runs again, with what it had carried"
    middle.take("T2", "main")
    assert middle.shown() == [(1, 0, 30)]


@pytest.mark.rule("SUB-29")
def test_an_upgrade_with_a_later_slice_stays_for_that() -> None:
    story = Story()
    story.buy("A", tier=1)
    story.later(20 * DAY)
    story.buy("B", tier=2)
    story.buy("C", tier=2)
    story.take("B", "main")
    assert story.shown() == [(2, 0, 40)], "as if C alone had been the upgrade"
    story.take("C", "main")
    assert story.shown() == [(1, 0, 10)]


@pytest.mark.rule("SUB-30")
def test_a_failed_refund_gives_back_from_now_when_the_subscription_ended_meanwhile() -> None:
    story = Story()
    story.buy("A")
    story.later(10 * DAY)
    [piece] = story.take("A", "main")
    story.later(3 * DAY)
    story.give_back("A", piece)
    assert story.shown() == [(1, 0, 20)]
    assert story.take("A", "main")[0].seconds == 20 * DAY, "and can be refunded again"

    story = Story()
    story.buy("A")
    story.later(10 * DAY)
    [piece] = story.take("A", "main", 15 * DAY)
    story.later(6 * DAY)
    assert story.shown() == []
    story.give_back("A", piece)
    assert story.shown() == [(1, 0, 15)]
    assert len(story.subscriptions) == 1, "one that ran out runs again itself"

    story = Story()
    story.buy("A")
    story.later(10 * DAY)
    [piece] = story.take("A", "main", 15 * DAY)
    story.later(36 * DAY)
    story.give_back("A", piece)
    assert story.shown() == [(1, 0, 15)]
    assert len(story.subscriptions) == 2, "after 30 days another takes its place (SUB-31)"


@pytest.mark.rule("SUB-30")
def test_what_was_bought_meanwhile_keeps_its_time() -> None:
    story = Story()
    story.buy("A", tier=2)
    [piece] = story.take("A", "main")
    story.buy("B", tier=1, days=10)
    story.give_back("A", piece)
    assert story.shown() == [(2, 0, 40)], "as when it was bought again: an upgrade that carries what runs"
    story = Story()
    story.buy("A", tier=1)
    [piece] = story.take("A", "main")
    story.buy("B", tier=2, days=10)
    story.give_back("A", piece)
    assert story.shown() == [(2, 0, 10), (1, 10, 40)]


@pytest.mark.rule("SUB-30", "ENT-21")
def test_what_staff_revoked_does_not_come_back() -> None:
    story = Story()
    story.buy("A")
    [piece] = story.take("A", "main")
    story.revoked = frozenset({"S1-0"})
    story.give_back("A", piece)
    assert story.families["main"][0].entitlement_ids == ()


ACTS = st.one_of(
    st.tuples(st.just("buy"), st.integers(1, 3), st.integers(1, 40)),
    st.tuples(st.just("wait"), st.integers(0, 20 * DAY), st.just(0)),
    st.tuples(st.just("take"), st.integers(0, 9), st.integers(0, 45)),
    st.tuples(st.just("give back"), st.integers(0, 9), st.just(0)),
)


@pytest.mark.rule("SUB-28", "SUB-29", "SUB-30")
@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(ACTS, min_size=1, max_size=14), st.booleans())
def test_whatever_happens_no_refund_takes_more_than_was_bought(acts: list[tuple[str, int, int]], carry: bool) -> None:
    story = Story()
    bought: dict[str, int] = {}
    taken: list[tuple[str, Piece]] = []
    net: dict[str, int] = {}
    for act, one, two in acts:
        if act == "buy":
            order = f"O{len(bought)}"
            story.buy(order, one, two, Rules(carry=carry))
            bought[order] = two * DAY
        elif act == "wait":
            story.later(one)
        elif act == "take" and bought:
            order = f"O{one % len(bought)}"
            before, left = story.unused(order), _left(story)
            pieces = story.take(order, "main", two * DAY if two < 41 else None)
            amount = sum(piece.seconds for piece in pieces)
            assert amount == (min(before, two * DAY) if two < 41 else before)
            assert _left(story) == left - amount, "nothing else is lost, nothing comes of nothing"
            net[order] = net.get(order, 0) + amount
            assert net[order] <= bought[order]
            taken += [(order, piece) for piece in pieces]
        elif act == "give back" and taken:
            order, piece = taken.pop(one % len(taken))
            left, unused = _left(story), story.unused(order)
            story.give_back(order, piece)
            assert (_left(story), story.unused(order)) == (left + piece.seconds, unused + piece.seconds)
            net[order] -= piece.seconds
        _assert_in_order(story)
    for order in bought:
        story.take(order, "main")
        assert story.unused(order) == 0
    assert story.shown() == [], "a full refund of everything leaves nothing"


def _left(story: Story) -> int:
    live = [one for one in story.families["main"] if one.ends_at > story.now]
    return sum(one.ends_at - max(one.starts_at, story.now) for one in live)


def _assert_in_order(story: Story) -> None:
    """Periods of a family never overlap, and subscriptions are what the card says of them."""
    live = [one for one in story.families["main"] if one.ends_at > story.now]
    for one, following in pairwise(live):
        assert one.ends_at <= following.starts_at
    for one in live:
        assert story.subscriptions[one.sub_id].period == one
        assert story.subscriptions[one.sub_id].status == "ACTIVE"
