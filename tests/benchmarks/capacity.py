"""QUAL-02: capacity units of each endpoint on DynamoDB Local, beside the floor: the units of the items it must touch.

The floor counts what a request reads and changes, item by item: a read by its size (consistent where it has to be), a
change by the larger of the two states, twice in a transaction of several items, and an index only where its lists show
something new. Above it are reads of what is not there, rows that a filter drops, index entries written for nothing.

DynamoDB Local counts as DynamoDB does; it is another engine than this process has, so this runs in a process of its
own.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from tests.benchmarks.figures import ROOT, Figure, median
from tests.benchmarks.sizes import Attributes, index_units, item_size, read_units, write_units

MOST = 1.25
MIDDLE = 1.1
INDEXES = ("gsi1", "gsi2")
Items = dict[tuple[str, str], Attributes]


def measure() -> list[Figure]:
    """One row an endpoint, and the median; one row that says so where the engine is missing."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.capacity"],
        cwd=ROOT,
        env={**os.environ, "ENGINE": "dynamodb-local", "LOG_LEVEL": "CRITICAL"},
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode != 0:
        why = ran.stderr.strip().splitlines()[-1] if ran.stderr.strip() else "no reason told"
        return [Figure("units", None, "units", f"not measured: {why}", None, f"≤ {MOST} ×", None)]
    found = [_figure(*row) for row in json.loads(ran.stdout.splitlines()[-1])]
    middle = median(one.ratio or 0 for one in found if one.ratio is not None)
    total = Figure("units: median endpoint", None, "", "the floor", middle, f"≤ {MIDDLE} ×", middle <= MIDDLE)
    return [*found, total]


def _figure(name: str, units: float, floor: float, status: int) -> Figure:
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
    return sum(
        times * write_units(old, new) + sum(index_units(index, old, new) for index in INDEXES) for old, new in changes
    )


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
                units = sum(call.units for call in sample.calls if call.service == "dynamodb")
                yield sample.name, units, reads + _write_floor(*states), sample.status
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
