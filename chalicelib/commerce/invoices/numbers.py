"""Numbers of invoices and credit notes (TAXN-30): ``PS/25-26/000042``.

A series is a prefix; in each financial year (1 April to 31 March in the academy's zone) it counts from 1.
"""

from __future__ import annotations

import re
from datetime import date, datetime

from chalicelib.platform import clock

MOST_CHARACTERS = 16
PATH_PATTERN = r"[A-Z0-9-]{1,3}(?:/|%2[Ff]|-)[0-9]{2}-[0-9]{2}(?:/|%2[Ff]|-)[0-9]{6,7}"
"""A number in a path: its slashes quoted, or hyphens in their place."""
_PARTS = re.compile(r"(?P<series>[A-Z0-9-]{1,3})[/-](?P<year>[0-9]{2}-[0-9]{2})[/-](?P<sequence>[0-9]{6,7})")


class SeriesFull(Exception):
    """A series has no further number of at most 16 characters; configure another prefix."""


def financial_year(instant: datetime) -> str:
    """``25-26``: the financial year of an instant."""
    return year_of(clock.academy_day(instant))


def year_of(day: date) -> str:
    """``25-26``: the financial year of a day."""
    first = day.year if day.month >= 4 else day.year - 1
    return f"{first % 100:02d}-{(first + 1) % 100:02d}"


def number(series: str, year: str, sequence: int) -> str:
    """The number as it is printed. Raises ``SeriesFull``."""
    text = f"{series}/{year}/{sequence:06d}"
    if len(text) > MOST_CHARACTERS:
        raise SeriesFull(series)
    return text


def parts(text: str) -> tuple[str, str, int] | None:
    """Series, financial year and sequence of a number, as printed or as in a path; None for what is none."""
    match = _PARTS.fullmatch(text.replace("%2F", "/").replace("%2f", "/"))
    return (match["series"], match["year"], int(match["sequence"])) if match else None


def file_name(text: str) -> str:
    """``PS-25-26-000042``: a number as part of a file's name or a path."""
    return text.replace("/", "-")
