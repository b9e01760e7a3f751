"""EventBridge Scheduler (LOC-05): rate and cron expressions, by the backend's clock, in the schedule's own zone.

Source of the grammar: «Schedule types in EventBridge Scheduler», Amazon EventBridge Scheduler user guide.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_CRON = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")
_UNITS = {"minute": 60, "hour": 3600, "day": 86_400}
_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_DAYS = {"SUN": 1, "MON": 2, "TUE": 3, "WED": 4, "THU": 5, "FRI": 6, "SAT": 7}
LOOK_BACK = timedelta(days=2)


class BadExpression(ValueError):
    """Neither a rate nor a cron expression."""


@dataclass(frozen=True)
class Rate:
    """Every so many seconds."""

    seconds: int


@dataclass(frozen=True)
class Cron:
    """``minute hour day-of-month month day-of-week year`` in a zone."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: str
    months: frozenset[int]
    weekdays: str
    years: frozenset[int]
    zone: ZoneInfo

    def fits(self, instant: datetime) -> bool:
        """Whether it fires in this minute."""
        local = instant.astimezone(self.zone)
        return (
            local.minute in self.minutes
            and local.hour in self.hours
            and local.month in self.months
            and local.year in self.years
            and self._day(local)
        )

    def _day(self, local: datetime) -> bool:
        if self.days != "?":
            if self.days == "L":
                return local.day == calendar.monthrange(local.year, local.month)[1]
            return local.day in _numbers(self.days, 1, 31, {})
        if self.weekdays == "?":
            return True
        return local.isoweekday() % 7 + 1 in _numbers(self.weekdays, 1, 7, _DAYS)


def parse(expression: str, zone: str) -> Rate | Cron:
    """Read an expression. Raises ``BadExpression``."""
    rate = _RATE.fullmatch(expression)
    if rate is not None:
        return Rate(int(rate[1]) * _UNITS[rate[2]])
    cron = _CRON.fullmatch(expression)
    if cron is None:
        raise BadExpression(expression)
    try:
        return Cron(
            _numbers(cron[1], 0, 59, {}),
            _numbers(cron[2], 0, 23, {}),
            cron[3],
            _numbers(cron[4], 1, 12, _MONTHS),
            cron[5],
            _numbers(cron[6], 1970, 2199, {}),
            ZoneInfo(zone),
        )
    except (ValueError, KeyError) as error:
        raise BadExpression(expression) from error


def _numbers(field: str, low: int, high: int, names: dict[str, int]) -> frozenset[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        if span in ("*", "?"):
            first, last = low, high
        else:
            start, _, end = span.partition("-")
            first = _number(start, names)
            last = _number(end, names) if end else (high if step else first)
        found.update(range(first, last + 1, int(step or 1)))
    if not found or min(found) < low or max(found) > high:
        raise ValueError(field)
    return frozenset(found)


def _number(text: str, names: dict[str, int]) -> int:
    return names[text.upper()] if text.upper() in names else int(text)


def due(schedule: Rate | Cron, last: datetime, now: datetime) -> bool:
    """Whether it fired after ``last`` and up to ``now``; what was missed fires once."""
    if isinstance(schedule, Rate):
        return now >= last + timedelta(seconds=schedule.seconds)
    minute = max(last, now - LOOK_BACK).replace(second=0, microsecond=0) + timedelta(minutes=1)
    while minute <= now:
        if schedule.fits(minute):
            return True
        minute += timedelta(minutes=1)
    return False
