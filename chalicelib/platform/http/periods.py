"""Lists of a period, newest first: ``from`` and ``to`` of a query, the ids and months between, pages across months.

The period that the first page chose stays that of the list: the cursor carries it, so that a default of «the last 7
days» does not move while somebody pages through it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, NamedTuple

from pydantic import BeforeValidator, Field, WithJsonSchema

from chalicelib.platform import clock
from chalicelib.platform.errors import invalid
from chalicelib.platform.http import cursors
from chalicelib.platform.http.lists import filters_of
from chalicelib.platform.http.models import ListQuery
from chalicelib.platform.ids import ulid_at
from chalicelib.platform.store.items import ItemT
from chalicelib.platform.store.pages import Query, Slice, fetch

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_SLACK = timedelta(seconds=1)
"""What was made this very millisecond belongs to a period that ends now."""


class Bound:
    """An instant or a day of the academy; as an upper bound a day means its end (HTTP-15)."""

    def __init__(self, *, end: bool) -> None:
        self.end = end

    def __call__(self, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
                day = date.fromisoformat(value)
                return clock.day_end(day) if self.end else clock.day_start(day)
            return clock.parse_iso(value)
        except (ValueError, OverflowError) as error:
            raise ValueError("must be an instant with Z or an offset, or a day") from error


_SCHEMA = WithJsonSchema({"type": "string", "maxLength": 40, "examples": ["2026-01-31", "2026-01-31T10:00:00.000Z"]})
From = Annotated[datetime, BeforeValidator(Bound(end=False)), _SCHEMA]
To = Annotated[datetime, BeforeValidator(Bound(end=True)), _SCHEMA]


class PeriodQuery(ListQuery):
    """What a list of a period takes."""

    from_: From | None = Field(default=None, alias="from", description="From this instant or day on")
    to: To | None = Field(default=None, description="Before this instant, or to the end of this day")


class Period(NamedTuple):
    """From ``first`` on, before ``last``."""

    first: datetime
    last: datetime

    def ids(self) -> tuple[str, str]:
        """The bounds of the ids that were made in it."""
        return ulid_at(max(self.first, _EARLIEST)), ulid_at(max(self.last, _EARLIEST))

    def months(self) -> list[str]:
        """The months that it touches, ``2026-01`` in UTC, newest first."""
        first, month = max(self.first, _EARLIEST), max(self.last, _EARLIEST).replace(day=1)
        found = [f"{month:%Y-%m}"]
        while f"{month:%Y-%m}" > f"{first:%Y-%m}":
            month = (month - timedelta(days=1)).replace(day=1)
            found.append(f"{month:%Y-%m}")
        return found


def chosen(asked: PeriodQuery, *, usual: timedelta, most: timedelta) -> Period:
    """The period of a query: the last ``usual`` days of what it leaves open. 422 for one that is none or too long."""
    last = asked.to or clock.now() + _SLACK
    try:
        first = asked.from_ or last - usual
    except OverflowError:
        first = _EARLIEST
    if first >= last:
        raise invalid("query.to", "BEFORE_FROM", "must be after from")
    if last - first > most:
        raise invalid("query.from", "PERIOD_TOO_LONG", f"from and to are at most {most.days} days apart")
    return Period(first, last)


class Place(NamedTuple):
    """Where in a list of a period a page begins."""

    period: Period
    start: dict[str, str] | None


def opened(list_id: str, caller_id: str, asked: PeriodQuery, *, usual: timedelta, most: timedelta) -> Place:
    """Where the asked page begins. Raises 422 for the period, 400 ``CURSOR_INVALID`` for the cursor."""
    start = cursors.open_(list_id, caller_id, filters_of(asked), asked.cursor)
    if start is None:
        return Place(chosen(asked, usual=usual, most=most), None)
    period = Period(clock.parse_iso(start.pop("first")), clock.parse_iso(start.pop("last")))
    return Place(period, start)


def sealed(
    list_id: str, caller_id: str, asked: PeriodQuery, period: Period, next_key: dict[str, str] | None
) -> str | None:
    """The cursor of the page that begins at ``next_key``; None when there is none."""
    if next_key is None:
        return None
    pinned = {"first": clock.iso(period.first), "last": clock.iso(period.last)}
    return cursors.seal(list_id, caller_id, filters_of(asked), {**next_key, **pinned})


def walk(
    query_of: Callable[[str], Query[ItemT]], parts: list[str], *, limit: int, start: dict[str, str] | None
) -> Slice[ItemT]:
    """Up to ``limit`` items of several queries, one after the other, only as far as the page needs.

    ``parts`` name the queries (months). One that filters ends its page with its part: so no request reads more than
    one query's share (HTTP-17). ``next_key`` carries the part under ``part``.
    """
    key = dict(start or {})
    ahead = parts[parts.index(key.pop("part")) :] if key else parts
    items: list[ItemT] = []
    for position, part in enumerate(ahead):
        query = query_of(part)
        found = fetch(query, limit=limit - len(items), start=key or None)
        key = {}
        items += found.items
        if found.next_key is not None:
            return Slice(items, {**found.next_key, "part": part})
        rest = ahead[position + 1 :]
        if rest and (len(items) == limit or query.where is not None):
            return Slice(items, {"part": rest[0]})
    return Slice(items, None)
