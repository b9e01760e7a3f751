"""ULIDs: 26 Crockford characters that sort by their time, made from the one clock."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, StringConstraints, WithJsonSchema
from ulid import ULID

from chalicelib.platform import clock

_PATTERN = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")


def new_ulid() -> str:
    """A new id."""
    return str(ULID.from_datetime(clock.now()))


def ulid_at(instant: datetime) -> str:
    """The lowest id of an instant: a bound for key conditions."""
    return str(ULID.from_datetime(instant))[:10] + "0" * 16


def ulid_for(instant: datetime, seed: bytes) -> str:
    """The id of an instant that a seed determines: the same for the same millisecond and seed."""
    milliseconds = int(instant.timestamp() * 1000)
    return str(ULID.from_bytes(milliseconds.to_bytes(6, "big") + hashlib.sha256(seed).digest()[:10]))


def ulid_time(ulid: str) -> datetime:
    """The instant at which an id was made, to the millisecond."""
    return ULID.from_str(ulid).datetime


def month_of(ulid: str) -> str:
    """The month, ``2026-01`` in UTC, in which an id was made; ``9999-12`` for one that is beyond all years."""
    try:
        return f"{ulid_time(ulid):%Y-%m}"
    except ValueError:
        return "9999-12"


def is_ulid(text: str) -> bool:
    """Whether a text, in either case, is a ULID."""
    return _PATTERN.fullmatch(text.upper()) is not None


def _upper(text: str) -> str:
    upper = text.upper()
    if _PATTERN.fullmatch(upper) is None:
        raise ValueError("must be a ULID")
    return upper


Ulid = Annotated[
    str,
    StringConstraints(max_length=26),
    AfterValidator(_upper),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": "^[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}$",
            "minLength": 26,
            "maxLength": 26,
            "examples": ["01JH8Z6V3N4Q5R6S7T8V9WXYZ0"],
        }
    ),
]
"""A ULID in a body or query, in either case; upper-case inside."""
