"""Single fields of PhonePe's answers and webhooks: each of the kind it should be, or as if it were not there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

MOST_PAISE = 2**53 - 1
"""The largest whole number that every JSON reader reads alike."""
_URL = 2_048
_LATEST = 253_402_300_799_000
"""The last millisecond of the year 9999."""


def mapping(value: Any) -> Mapping[str, Any]:
    """An object; an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def word(value: Any, most: int = 128) -> str | None:
    """A text that can be stored and be part of a key, cut to ``most`` characters; a number counts as one."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MOST_PAISE:
        return str(value)
    if not isinstance(value, str):
        return None
    return value.encode("utf-8", "ignore").decode()[:most] or None


def paise(value: Any) -> int | None:
    """A sum of money above nothing."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and 0 < value <= MOST_PAISE else None


def page(value: Any) -> str | None:
    """The address of a page that a browser can be sent to."""
    fits = isinstance(value, str) and len(value) <= _URL and value.isascii() and value.isprintable()
    return value if fits and " " not in value and value.startswith(("https://", "http://")) else None


def instant(millis: Any) -> datetime | None:
    """A moment given in milliseconds since 1970."""
    whole = isinstance(millis, int) and not isinstance(millis, bool)
    return datetime.fromtimestamp(millis / 1000, UTC) if whole and 0 < millis <= _LATEST else None
