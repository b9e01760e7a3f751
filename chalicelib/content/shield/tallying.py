"""Counting signals (SHIELD-31): by day, type, person and note, each signal once; those of HIGH raise the alarm."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from chalicelib.content.shield.events import SignalRaised
from chalicelib.content.shield.items import DAY_SECONDS, STAT_SECONDS, SignalStat
from chalicelib.content.shield.judging import SCORES
from chalicelib.platform import clock, store
from chalicelib.platform.ids import month_of
from chalicelib.platform.logs import alarm
from chalicelib.platform.parallel import together
from chalicelib.platform.signals import SecuritySignal, Severity
from chalicelib.platform.store import Transaction, TransactionLost

SUSPICIOUS = frozenset({Severity.MEDIUM, Severity.HIGH})
WEEK = 7


def tally(raised: SignalRaised) -> bool:
    """Count a signal; whether it was not counted before. One round trip."""
    place = SecuritySignal.place(month_of(raised.signal_id), raised.signal_id)
    tx = Transaction()
    tx.update(
        SecuritySignal,
        place,
        [SecuritySignal.tallied_at.set(clock.now())],
        when=store.present(SecuritySignal) & SecuritySignal.tallied_at.does_not_exist(),
    )
    about = [f"TYPE#{raised.type}#{raised.severity}"]
    about += [f"USER#{raised.user_id}"] if raised.user_id else []
    about += [f"NOTE#{raised.note_id}"] if raised.note_id else []
    day, score = clock.academy_day(raised.at), SCORES[Severity(raised.severity)]
    for what in about:
        actions = [
            SignalStat.times.add(1),
            SignalStat.score.add(score),
            SignalStat.kind.set(SignalStat),
            SignalStat.ttl.set(int(clock.day_start(day).timestamp()) + DAY_SECONDS + STAT_SECONDS),
        ]
        tx.update(SignalStat, SignalStat.place(day, what), actions)
    try:
        tx.commit()
    except TransactionLost:
        return False
    if raised.severity == Severity.HIGH:
        alarm("security signal of HIGH", signal=raised.type, signalId=raised.signal_id)
    return True


def suspicious_signals(days: int = WEEK) -> int:
    """How many signals of MEDIUM and HIGH the last days had, today included (SHIELD-82). A query a day, in parallel."""
    today = clock.academy_day(clock.now())
    queries = [SignalStat.types_of_day(today - timedelta(days=back)) for back in range(days)]
    found = together(*(partial(store.every, query) for query in queries))
    return sum(
        int(stat.times) for stats in found if isinstance(stats, list) for stat in stats if stat.about[-1] in SUSPICIOUS
    )
