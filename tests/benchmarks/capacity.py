"""QUAL-02: capacity units of each endpoint on DynamoDB Local, beside the floor: the units of the items it must touch.

The floor counts what a request reads and changes, item by item: a read by its size (consistent where it has to be), a
change by the larger of the two states, twice in a transaction of several items, and an index only where its lists show
something new. Above it are reads of what is not there, rows that a filter drops, checks of what is not changed, index
entries written for nothing.

Reads and single writes count what DynamoDB Local says of them. Of transactions the pinned version says what cannot be
(two puts cost as much as one); those are counted by AWS's developer guide, two units for each KB of each action.
It is another engine than this process has, so this runs in a process of its own.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tests.benchmarks.apart import NotMeasured, result_of
from tests.benchmarks.figures import Figure, median
from tests.benchmarks.sizes import PROJECTED, Attributes, index_units, item_size, read_units, write_units

if TYPE_CHECKING:
    from tests.benchmarks.samples import Sample

MOST = 1.25
MIDDLE = 1.1
INDEXES = ("gsi1", "gsi2")
Items = dict[tuple[str, str], Attributes]


def measure() -> list[Figure]:
    """One row an endpoint, and the median; one row that says so where the engine is missing."""
    try:
        rows = result_of("tests.benchmarks.capacity", ENGINE="dynamodb-local")
    except NotMeasured as why:
        return [Figure("units", None, "units", f"not measured: {why}", None, f"≤ {MOST} ×", None)]
    found = [_figure(*row) for row in rows]
    middle = median(one.ratio or 0 for one in found if one.ratio is not None)
    total = Figure("units: median endpoint", None, "", "the floor", middle, f"≤ {MIDDLE} ×", middle <= MIDDLE)
    return [*found, total]


def _figure(name: str, units: float, floor: float, status: int) -> Figure:
    if status >= 500:
        why = "not measured: this DynamoDB Local takes 10 actions in a transaction"
        return Figure(f"units of {name}", None, "units", why, None, f"≤ {MOST} ×", None)
    note = "" if status < 400 else f" (answered {status})"
    if floor == 0:
        return Figure(f"units of {name}", units, "units", f"floor 0{note}", None, "none", units == 0)
    ratio = units / floor
    return Figure(f"units of {name}", units, "units", f"floor {floor:g}{note}", ratio, f"≤ {MOST} ×", ratio <= MOST)


def _read_floor(given: dict[str, Any], answer: dict[str, Any]) -> float:
    consistent = bool(given.get("ConsistentRead", False))
    if "Item" in answer:
        return read_units(item_size(answer["Item"]), consistent=consistent)
    if "Items" in answer:
        if not answer["Items"]:
            return 0.0
        return read_units(sum(item_size(item) for item in answer["Items"]), consistent=consistent)
    total = 0.0
    for table, items in answer.get("Responses", {}).items():
        together = bool(given["RequestItems"][table].get("ConsistentRead", False))
        total += sum(read_units(item_size(item), consistent=together) for item in items)
    return total


def _changed(before: Items, after: Items) -> Iterator[tuple[Attributes | None, Attributes | None]]:
    for key in sorted({*before, *after}):
        if before.get(key) != after.get(key):
            yield before.get(key), after.get(key)


def _write_floor(before: Items, after: Items) -> float:
    changes = list(_changed(before, after))
    times = 2 if len(changes) > 1 else 1
    return times * sum(
        write_units(old, new) + sum(index_units(index, old, new) for index in INDEXES) for old, new in changes
    )


def _transaction_units(given: dict[str, Any], before: Items, after: Items) -> float:
    """What a transaction costs by the book."""
    total = 0.0
    for [(_, action)] in (one.items() for one in given["TransactItems"]):
        key = action.get("Key") or action["Item"]
        place = key["pk"]["S"], key["sk"]["S"]
        old, new = before.get(place), after.get(place)
        total += 2 * write_units(old, new) + 2 * sum(index_units(index, old, new, PROJECTED) for index in INDEXES)
    return total


def _units(sample: Sample, before: Items, after: Items) -> float:
    counted = sum(
        call.units for call in sample.calls if call.service == "dynamodb" and call.operation != "TransactWriteItems"
    )
    transactions = [json.loads(one.given) for one in sample.exchanges if one.operation == "TransactWriteItems"]
    return counted + sum(_transaction_units(given, before, after) for given in transactions)


def _rows() -> Iterator[tuple[str, float, float, int]]:
    from infra.local.emulator import Emulator
    from tests.architecture.world import world
    from tests.benchmarks.samples import Desk, take

    emulator = Emulator("test", wait_scale=0.02, retry_seconds=0)
    emulator.start()
    try:
        with world(emulator) as academy:
            for sample in Desk(academy).requests():
                states: list[Items] = []
                take(academy, sample, states)
                reads = sum(
                    _read_floor(json.loads(one.given), json.loads(one.reply[2]))
                    for one in sample.exchanges
                    if one.service == "dynamodb" and one.operation in ("GetItem", "BatchGetItem", "Query")
                )
                yield sample.name, _units(sample, *states), reads + _write_floor(*states), sample.status
    finally:
        emulator.stop()


def main() -> int:
    """Print the rows as one line of JSON; what the backend itself prints is not ours."""
    from infra.local.dynamodb_local import EngineMissing

    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            rows = list(_rows())
    except EngineMissing as missing:
        print(missing, file=sys.stderr)
        return 1
    print(json.dumps(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
