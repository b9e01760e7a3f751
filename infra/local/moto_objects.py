"""moto's objects, read by ranges: the whole of a large one is not copied anew for every range of it."""

from __future__ import annotations

import weakref
from typing import Any

from moto.s3.models import FakeKey

LARGE = 4 * 1024 * 1024
_read: property = FakeKey.value  # type: ignore[assignment]
_last: tuple[weakref.ref[Any], bytes] | None = None


def _value(key: Any) -> bytes:
    """The bytes of an object; of the large one that was read last they are still at hand."""
    global _last
    last = _last
    if last is not None and last[0]() is key:
        return last[1]
    value: bytes = _read.__get__(key)
    if len(value) >= LARGE:
        _last = (weakref.ref(key), value)
    return value


def _write(key: Any, value: bytes) -> None:
    global _last
    _last = None
    _read.__set__(key, value)


value = property(_value, _write)
"""In place of ``FakeKey.value``."""
