"""Instants as people read them: in the academy's time zone, in their language."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from chalicelib.platform import clock


def _words(text: str) -> list[str]:
    return text.split()


_MONTHS = {
    "en": _words("January February March April May June July August September October November December"),
    "hi": _words("जनवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर"),
}


def _english(at: datetime) -> str:
    return f"{at.hour % 12 or 12}:{at:%M} {'am' if at.hour < 12 else 'pm'} {at:%Z}"


def _part_of_day(hour: int) -> str:
    if 4 <= hour < 12:
        return "सुबह"
    if 12 <= hour < 16:
        return "दोपहर"
    return "शाम" if 16 <= hour < 20 else "रात"


def _hindi(at: datetime) -> str:
    return f"{_part_of_day(at.hour)} {at.hour % 12 or 12}:{at:%M} बजे"


_TIMES: dict[str, Callable[[datetime], str]] = {"en": _english, "hi": _hindi}


def spoken(value: Any, language: str, *, with_time: bool) -> str:
    """``20 November 2026, 5:15 pm IST`` of an ISO text; a value that is no instant as it is."""
    try:
        at = clock.parse_iso(str(value)).astimezone(clock.academy_zone())
    except ValueError:
        return str(value)
    day = f"{at.day} {_MONTHS.get(language, _MONTHS['en'])[at.month - 1]} {at.year}"
    return f"{day}, {_TIMES.get(language, _english)(at)}" if with_time else day
