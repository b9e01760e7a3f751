"""JSON in the canonical form of RFC 8785: what two parties sign and verify byte by byte."""

from __future__ import annotations

import json
from typing import Any

_PLAIN_FROM, _PLAIN_BELOW = 1e-4, 1e16


def canonical(value: Any) -> bytes:
    """The one encoding of a JSON value: members sorted by UTF-16 units, no white space, numbers as in ECMAScript.

    ``ValueError`` for numbers that Python and ECMAScript write differently (none of ours): those out of 1e-4 … 1e16.
    """
    return _text(value).encode("utf-8")


def _text(value: Any) -> str:
    if isinstance(value, dict):
        members = sorted(value.items(), key=lambda member: member[0].encode("utf-16-be"))
        return "{" + ",".join(f"{_text(name)}:{_text(one)}" for name, one in members) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(_text(one) for one in value) + "]"
    if isinstance(value, float):
        return _number(value)
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _number(value: float) -> str:
    if value.is_integer() and abs(value) < _PLAIN_BELOW:
        return str(int(value))
    if not _PLAIN_FROM <= abs(value) < _PLAIN_BELOW:
        raise ValueError("a number that has no plain decimal form")
    return repr(value)
