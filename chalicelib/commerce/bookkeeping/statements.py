"""A gateway's statement as a CSV file: read into rows, each with what is wrong with it. Pure.

The first line names the columns: ``reference``, ``amountPaise`` or ``amount`` (rupees), ``settledAt``; and, where the
gateway gives them, ``kind``, ``merchantTransactionId``, ``feePaise`` or ``fee``, ``taxOnFeePaise`` or ``taxOnFee``.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import islice
from typing import Any

from pydantic import ValidationError

from chalicelib.commerce.bookkeeping.errors import StatementUnreadable
from chalicelib.commerce.bookkeeping.schemas import StatementRow
from chalicelib.platform import clock

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MONEY = re.compile(r"(\d{1,11})(?:\.(\d{1,2}))?")
_NEEDED = ("reference", "settledAt")
_IN_PAISE = {"amount": "amountPaise", "fee": "feePaise", "taxOnFee": "taxOnFeePaise"}
_COLUMNS = frozenset({*_NEEDED, *_IN_PAISE, *_IN_PAISE.values(), "kind", "merchantTransactionId"})

Read = StatementRow | str
"""A row, or the field that is wrong with it."""


def rows(content: bytes, first: int, most: int) -> tuple[list[Read], int | None]:
    """Up to ``most`` rows from number ``first`` on (from 1), and the number of the next one, if there is one.

    Raises ``StatementUnreadable``.
    """
    try:
        text = content.decode("utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        names = [str(name).strip() for name in reader.fieldnames or ()]
        _check(names)
        reader.fieldnames = names
        wanted = list(islice(_lines(reader), first - 1, first + most))
    except (UnicodeDecodeError, csv.Error) as error:
        raise StatementUnreadable({"reason": "NOT_CSV"}) from error
    found = [_read(one) for one in wanted[:most]]
    return found, first + most if len(wanted) > most else None


def _check(names: list[str]) -> None:
    missing = [name for name in _NEEDED if name not in names]
    if missing or not {"amount", "amountPaise"} & set(names):
        raise StatementUnreadable({"reason": "COLUMNS_MISSING"})
    if len(set(names)) < len(names):
        raise StatementUnreadable({"reason": "COLUMNS_REPEATED"})


def _lines(reader: csv.DictReader[str]) -> Iterator[Mapping[str, Any]]:
    for line in reader:
        if any(value for value in line.values()):
            yield line


def _read(line: Mapping[str, Any]) -> Read:
    """One line; of other columns nothing is read."""
    given: dict[str, Any] = {}
    for name, value in line.items():
        text = str(value or "").strip()
        if name not in _COLUMNS or not text:
            continue
        target = _IN_PAISE.get(name)
        if target is None and not name.endswith("Paise"):
            given[name] = _instant(text) if name == "settledAt" else text
            continue
        paise = _paise(text) if target is not None else int(text) if text.isascii() and text.isdecimal() else None
        if paise is None:
            return name
        given[target or name] = paise
    try:
        return StatementRow.model_validate(given)
    except ValidationError as error:
        return str(error.errors()[0]["loc"][0])


def _instant(text: str) -> str:
    """A day stands for its beginning in the academy."""
    if _DAY.fullmatch(text) is None:
        return text
    try:
        return clock.iso(clock.day_start(date.fromisoformat(text)))
    except ValueError:
        return text


def _paise(text: str) -> int | None:
    """``1499.5`` rupees → 149950 paise; None for what is no amount. No float ever."""
    match = _MONEY.fullmatch(text.replace(",", ""))
    return int(match[1]) * 100 + int((match[2] or "").ljust(2, "0")) if match else None
