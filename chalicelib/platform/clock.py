"""The one clock. Everything that reads the time reads it here, so that the local cloud can move it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from chalicelib.platform import settings

ACADEMY_TIMEZONE = settings.text("ACADEMY_TIMEZONE", default="Asia/Kolkata")

LONGEST_WAIT_SECONDS = 30.0

_offset_seconds: float = 0.0
_as_of: ContextVar[datetime | None] = ContextVar("as_of", default=None)


def now() -> datetime:
    """The current instant, UTC, with microseconds."""
    return _as_of.get() or datetime.fromtimestamp(time.time() + _offset_seconds, UTC)


def epoch() -> int:
    """Whole seconds since 1970-01-01T00:00:00Z."""
    as_of = _as_of.get()
    return int(as_of.timestamp() if as_of else time.time() + _offset_seconds)


def arrived(stamp: float | None) -> datetime:
    """When a request came in that the gateway stamped (milliseconds since 1970, by the real time); now without a stamp.

    A start of a container, or a busy one, may lie between; at most the half minute that a gateway waits.
    """
    waited = 0.0 if stamp is None else min(max(0.0, time.time() - stamp / 1_000), LONGEST_WAIT_SECONDS)
    return now() - timedelta(seconds=waited)


@contextmanager
def as_of(instant: datetime | None) -> Iterator[None]:
    """Inside, it is that instant, for this flow of control alone: what would be decided then. None: it is now."""
    token = _as_of.set(instant)
    try:
        yield
    finally:
        _as_of.reset(token)


def advance(seconds: float) -> None:
    """Move this process's clock; only the local cloud and tests call it."""
    global _offset_seconds
    _offset_seconds += seconds


def reset() -> None:
    """Back to the real time."""
    global _offset_seconds
    _offset_seconds = 0.0


def iso(instant: datetime) -> str:
    """``2026-01-31T10:00:00.123Z``: UTC, milliseconds; sorts as it should (HTTP-15)."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def parse_iso(text: str) -> datetime:
    """The instant of an ISO 8601 text with ``Z`` or an offset; ``ValueError`` for anything else."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("an instant needs Z or an offset")
    try:
        return instant.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("an instant lies between the years 1 and 9999 in UTC") from error


def academy_zone() -> ZoneInfo:
    """The zone in which a *day* is a day."""
    return ZoneInfo(ACADEMY_TIMEZONE())


def academy_day(instant: datetime) -> date:
    """The academy's calendar day of an instant."""
    return instant.astimezone(academy_zone()).date()


def day_start(day: date) -> datetime:
    """The instant, UTC, at which a day of the academy begins."""
    return datetime(day.year, day.month, day.day, tzinfo=academy_zone()).astimezone(UTC)


def day_end(day: date) -> datetime:
    """The instant, UTC, at which the next day of the academy begins."""
    return day_start(day + timedelta(days=1))
