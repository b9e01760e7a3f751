"""Expressions of schedules (LOC-05)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from infra.local.emulator import Emulator
from infra.local.schedules import BadExpression, due, parse

ZONE = "Asia/Kolkata"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.rule("LOC-05")
def test_rate_fires_after_its_time() -> None:
    every = parse("rate(5 minutes)", ZONE)
    last = at("2026-01-31T10:00:00")
    assert not due(every, last, last + timedelta(minutes=4, seconds=59))
    assert due(every, last, last + timedelta(minutes=5))


@pytest.mark.rule("LOC-05")
@pytest.mark.parametrize(
    ("expression", "last", "now", "fires"),
    [
        # 02:30 in Kolkata is 21:00 UTC of the day before.
        ("cron(30 2 * * ? *)", "2026-01-31T20:58:00", "2026-01-31T20:59:59", False),
        ("cron(30 2 * * ? *)", "2026-01-31T20:59:30", "2026-01-31T21:00:01", True),
        ("cron(30 2 * * ? *)", "2026-01-31T21:00:01", "2026-02-01T20:59:00", False),
        ("cron(0/15 * * * ? *)", "2026-01-31T10:01:00", "2026-01-31T10:15:00", True),
        ("cron(0 9 ? * MON-FRI *)", "2026-01-31T03:29:00", "2026-01-31T03:31:00", False),
        ("cron(0 9 ? * MON-FRI *)", "2026-02-02T03:29:00", "2026-02-02T03:31:00", True),
        ("cron(0 0 L * ? *)", "2026-01-30T18:29:00", "2026-01-30T18:31:00", True),
        ("cron(0 0 1 JAN,JUL ? *)", "2026-06-30T18:29:00", "2026-06-30T18:31:00", True),
    ],
)
def test_cron_fires_in_its_zone(expression: str, last: str, now: str, fires: bool) -> None:
    assert due(parse(expression, ZONE), at(last), at(now)) is fires


def test_missed_times_fire_once() -> None:
    every = parse("cron(0 * * * ? *)", ZONE)
    now = at("2026-01-31T10:00:00")
    assert due(every, now - timedelta(days=30), now)
    assert not due(every, now, now + timedelta(seconds=30))


@pytest.mark.parametrize("expression", ["rate(0)", "every hour", "cron(99 * * * ? *)", "cron(* * * *)"])
def test_other_expressions_are_refused(expression: str) -> None:
    with pytest.raises(BadExpression):
        parse(expression, ZONE)


@pytest.mark.rule("LOC-05")
def test_every_deployed_schedule_is_understood(cloud: Emulator) -> None:
    assert cloud.created.schedules
    for schedule in cloud.created.schedules:
        parse(schedule.expression, schedule.timezone)
        assert cloud.function(schedule.function)
