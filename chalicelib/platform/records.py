"""Immutable values: frozen dataclasses whose methods are generated when the first one is made.

``dataclass`` generates and compiles half a dozen methods for each class while its module loads: half a millisecond a
class, of every container's start, and of most classes in a function's modules that function never makes one (QUAL-05).
Once one is made, the class is what ``dataclass(frozen=True)`` makes of it, in every respect.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")

_lock = threading.RLock()
_waiting: set[type[Any]] = set()


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[T]) -> type[T]:
    """As ``dataclass(frozen=True)``; ``dataclasses.fields`` and its like know the class once there is one of it."""
    _waiting.add(cls)
    cls.__new__ = _new  # type: ignore[method-assign]
    return cls


def _new(cls: type[Any], *_given: Any, **_named: Any) -> Any:
    if not _waiting.isdisjoint(cls.__mro__):
        _generate(cls)
    return object.__new__(cls)


def _generate(cls: type[Any]) -> None:
    with _lock:
        # A base's fields come first, so it must be whole before what builds on it.
        for base in reversed(cls.__mro__):
            if base in _waiting:
                dataclass(frozen=True)(base)
                _waiting.discard(base)
