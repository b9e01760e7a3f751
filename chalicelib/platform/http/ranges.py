"""Which bytes a request for a stored file asks for: RFC 9110 §13, §14, as far as NOTE-51 … NOTE-54 use it.

Pure: no request, no file. Notes, assets and what staff look at are all answered by the same rules.

>>> choose("bytes=0-", 20_971_520, 1_048_576)
Part(first=0, last=1048575)
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from chalicelib.platform.errors import ApiError, VersionMismatch
from chalicelib.platform.http import etags
from chalicelib.platform.records import frozen

MAX_RANGES = 10
MAX_DIGITS = 18
MAX_NAME = 80

_HEADER = re.compile(r"[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(.*)", re.DOTALL)
_SPEC = re.compile(r"(\d*)-(\d*)", re.ASCII)


class RangeRequired(ApiError):
    """``details``: ``{contentLength, maxRangeBytes}``."""

    status = 400
    code = "RANGE_REQUIRED"
    message = "The file is larger than one answer; ask for a range of it"


class RangeNotSatisfiable(ApiError):
    status = 416
    code = "RANGE_NOT_SATISFIABLE"
    message = "The file has no such range"


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


@frozen
class Plan:
    """What a request will be answered with, before anything is read: status, and which bytes, or which error."""

    status: int
    part: Part | None = None
    error: ApiError | None = None


def plan(method: str, headers: Mapping[str, str], *, etag: str, length: int, maximum: int) -> Plan:
    """What the headers of a request mean for a file of ``length`` bytes, of which one answer carries ``maximum``.

    Preconditions first (412, 304), then the range (206, 416); without one a short file whole (200), or 400.
    """
    if not etags.match(headers.get("if-match"), etag):
        return Plan(412, error=VersionMismatch({"etag": etag}))
    if etags.none_match(headers.get("if-none-match"), etag):
        return Plan(304)
    if method == "HEAD":
        return Plan(200)
    asked = headers.get("range") if etags.if_range(headers.get("if-range"), etag) else None
    try:
        part = choose(asked, length, maximum)
    except Unsatisfiable:
        return Plan(416, error=RangeNotSatisfiable(headers={"Content-Range": f"bytes */{length}", **lengths(length)}))
    if part is not None:
        return Plan(206, part)
    if length <= maximum:
        return Plan(200, Part(0, length - 1))
    details = {"contentLength": length, "maxRangeBytes": maximum}
    return Plan(400, error=RangeRequired(details, headers=lengths(length)))


def lengths(length: int) -> dict[str, str]:
    """The headers that tell a client how long the whole file is."""
    return {"Accept-Ranges": "bytes", "X-Content-Length": str(length)}


def headers_of(chosen: Plan, method: str, length: int) -> dict[str, str]:
    """``Content-Length`` and, of a part, ``Content-Range`` of an answer; HEAD tells the length of the whole file."""
    if method == "HEAD" and chosen.status == 200:
        return {"Content-Length": str(length), "X-Content-Length": str(length)}
    if chosen.part is None:
        return {}
    headers = {"Content-Length": str(chosen.part.length)}
    if chosen.status == 206:
        headers["Content-Range"] = f"bytes {chosen.part.first}-{chosen.part.last}/{length}"
    return headers


def inline(name: str, extension: str, *, otherwise: str) -> str:
    """``Content-Disposition`` of a file that is shown: its name as a header may carry it."""
    return f'inline; filename="{slug(name, otherwise=otherwise)}.{extension}"'


def slug(name: str, *, otherwise: str) -> str:
    """A name as at most 80 of a-z, 0-9 and hyphens; ``otherwise`` where nothing of it is Latin."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:MAX_NAME].strip("-") or otherwise


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
