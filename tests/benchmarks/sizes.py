"""What DynamoDB counts: sizes of items, and the units of reading and writing them.

Source: «DynamoDB item sizes and formats» and «DynamoDB read and write operations» of AWS's developer guide.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from math import ceil
from typing import Any

READ_BYTES = 4_096
WRITE_BYTES = 1_024
CONTAINER_BYTES = 3

Attributes = Mapping[str, Mapping[str, Any]]


def value_size(value: Mapping[str, Any]) -> int:
    """Bytes of one typed value."""
    [(kind, content)] = value.items()
    if kind == "S":
        return len(content.encode())
    if kind == "N":
        return (len(content.lstrip("-").replace(".", "")) + 1) // 2 + 1
    if kind == "B":
        return len(base64.b64decode(content))
    if kind in ("SS", "NS"):
        return sum(len(one.encode()) for one in content)
    if kind == "M":
        return CONTAINER_BYTES + sum(1 + len(name.encode()) + value_size(one) for name, one in content.items())
    if kind == "L":
        return CONTAINER_BYTES + sum(1 + value_size(one) for one in content)
    return 1


def item_size(item: Attributes | None) -> int:
    """Bytes of an item; 0 of none."""
    return sum(len(name.encode()) + value_size(value) for name, value in (item or {}).items())


def read_units(size: int, *, consistent: bool) -> float:
    """Units of reading so many bytes at once."""
    return max(1, ceil(size / READ_BYTES)) * (1.0 if consistent else 0.5)


def write_units(before: Attributes | None, after: Attributes | None) -> float:
    """Units of one write of an item: by the larger of its two states."""
    return float(max(1, ceil(max(item_size(before), item_size(after)) / WRITE_BYTES)))


SHOWN = ("pk", "sk", "kind", "row")
"""What lists show of an item."""
PROJECTED = (*SHOWN, "version")
"""What the indexes hold."""


def index_units(
    index: str, before: Attributes | None, after: Attributes | None, held: tuple[str, ...] = SHOWN
) -> float:
    """Units of keeping an index: nothing while what it holds stays, two writes when the item moves in it."""
    old, new = _entry(index, before, held), _entry(index, after, held)
    if old == new:
        return 0.0
    if old is None or new is None:
        return write_units(old, new)
    moved = (old[f"{index}pk"], old[f"{index}sk"]) != (new[f"{index}pk"], new[f"{index}sk"])
    return write_units(old, None) + write_units(None, new) if moved else write_units(old, new)


def _entry(index: str, item: Attributes | None, held: tuple[str, ...]) -> Attributes | None:
    if item is None or f"{index}pk" not in item:
        return None
    return {name: item[name] for name in (*held, f"{index}pk", f"{index}sk") if name in item}
