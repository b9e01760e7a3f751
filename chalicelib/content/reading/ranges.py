"""Which bytes a ``Range`` asks for: RFC 9110 §14, as far as NOTE-51 … NOTE-53 use it. Pure: no request, no file.

>>> choose("bytes=0-", 20_971_520, 1_048_576)
Part(first=0, last=1048575)
"""

from __future__ import annotations

import re

from chalicelib.platform.records import frozen

MAX_RANGES = 10
MAX_DIGITS = 18

_HEADER = re.compile(r"[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(.*)", re.DOTALL)
_SPEC = re.compile(r"(\d*)-(\d*)", re.ASCII)


class Unsatisfiable(Exception):
    """The header is no set of ranges, or none of them lies in the file: 416."""


@frozen
class Part:
    """The bytes from ``first`` to ``last``, both included."""

    first: int
    last: int

    @property
    def length(self) -> int:
        """How many bytes that is."""
        return self.last - self.first + 1


def choose(header: str | None, length: int, maximum: int) -> Part | None:
    """The bytes to answer a ``Range`` with, at most ``maximum`` of ``length``; None when the header says nothing.

    A header of another unit says nothing (§14.2). Of several ranges the first that lies in the file counts, alone; a
    206 may carry less than was asked (§15.3.7). Raises ``Unsatisfiable``.
    """
    if header is None:
        return None
    match = _HEADER.fullmatch(header)
    if match is None:
        raise Unsatisfiable
    if match[1].lower() != "bytes":
        return None
    specs = [spec.strip(" \t") for spec in match[2].split(",")]
    parsed = [_parse(spec) for spec in specs if spec]
    if not 1 <= len(parsed) <= MAX_RANGES:
        raise Unsatisfiable
    for first, last in parsed:
        part = _placed(first, last, length, maximum)
        if part is not None:
            return part
    raise Unsatisfiable


def _parse(spec: str) -> tuple[int | None, int | None]:
    match = _SPEC.fullmatch(spec)
    if match is None or not (match[1] or match[2]):
        raise Unsatisfiable
    first, last = _number(match[1]), _number(match[2])
    if first is not None and last is not None and first > last:
        raise Unsatisfiable
    return first, last


def _number(digits: str) -> int | None:
    """A position; one with more digits than any file has bytes is simply far behind its end."""
    significant = digits.lstrip("0")
    if len(significant) > MAX_DIGITS:
        return int("9" * MAX_DIGITS)
    return int(significant or "0") if digits else None


def _placed(first: int | None, last: int | None, length: int, maximum: int) -> Part | None:
    if first is None:
        wanted = min(last or 0, length)
        first, last = length - wanted, length - 1
        if wanted == 0:
            return None
    if first >= length:
        return None
    end = length - 1 if last is None else min(last, length - 1)
    return Part(first, min(end, first + maximum - 1))
