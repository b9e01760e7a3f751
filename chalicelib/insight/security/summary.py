"""Signals summed up (SHIELD-12): how many of which type, and about whom most."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from functools import partial
from typing import cast

from chalicelib.content.shield import SignalStat
from chalicelib.insight.security.naming import named
from chalicelib.insight.security.summary_schemas import SignalCount, SignalSummary, SummaryQuery, TopNote, TopUser
from chalicelib.platform import clock, store
from chalicelib.platform.http.periods import Period, PeriodQuery, chosen
from chalicelib.platform.parallel import together

USUAL = timedelta(days=7)
MOST = timedelta(days=31)
KEPT = timedelta(days=400)
"""No count is older."""
TOP = 20
_MOMENT = timedelta(milliseconds=1)


def summary(query: SummaryQuery) -> SignalSummary:
    """The days that a period touches, whole. One query a day side by side, and one batch read for names."""
    asked = PeriodQuery.model_validate({"from": query.from_, "to": query.to})
    days = _days(chosen(asked, usual=USUAL, most=MOST))
    stats = _read(days if query.from_ else days[-USUAL.days :])
    users, notes = _top(stats, "USER"), _top(stats, "NOTE")
    names = named((one for one, _, _ in users), (one for one, _, _ in notes))
    return SignalSummary(
        counts=_counts(stats),
        top_users=[TopUser(user_id=one, name=names.name(one), score=score, count=count) for one, score, count in users],
        top_notes=[
            TopNote(note_id=one, title=names.title(one), score=score, count=count) for one, score, count in notes
        ],
    )


def _days(period: Period) -> list[date]:
    """The academy's days in a period; none of those to come."""
    now = clock.now()
    first, last = max(period.first, now - KEPT), min(period.last - _MOMENT, now)
    if first > last:
        return []
    begin = clock.academy_day(first)
    return [begin + timedelta(days=number) for number in range((clock.academy_day(last) - begin).days + 1)]


def _read(days: Sequence[date]) -> list[SignalStat]:
    if not days:
        return []
    queries = (partial(store.every, SignalStat.of_day(day), most=100_000) for day in days)
    found = cast("list[list[SignalStat]]", together(*queries))
    return [stat for one in found for stat in one]


def _counts(stats: Iterable[SignalStat]) -> list[SignalCount]:
    found: Counter[tuple[str, str]] = Counter()
    for stat in stats:
        if stat.about[0] == "TYPE":
            found[stat.about[1], stat.about[2]] += int(stat.times)
    return [SignalCount(type=kind, severity=severity, count=count) for (kind, severity), count in sorted(found.items())]


def _top(stats: Iterable[SignalStat], what: str) -> list[tuple[str, int, int]]:
    """Id, score and count of those with the highest scores."""
    scores: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for stat in stats:
        if stat.about[0] == what:
            scores[stat.about[1]][0] += int(stat.score)
            scores[stat.about[1]][1] += int(stat.times)
    ranked = sorted(scores.items(), key=lambda one: (-one[1][0], -one[1][1], one[0]))[:TOP]
    return [(name, score, count) for name, (score, count) in ranked]
