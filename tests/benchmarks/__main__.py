"""``make bench``: every measure, one table each, and ``build/bench.json``.

``python -m tests.benchmarks trips`` runs the named ones alone: start, trips, units, time, identity, money, nights,
notes. With ``SAMPLES=<folder>`` the notes are also read from PDFs of one's own.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable

from tests.benchmarks.figures import Figure, show, write

# What the backend logs would stand between the figures; the line itself is written, and counts.
os.environ.setdefault("LOG_LEVEL", "INFO")

WAIT_SCALE = 0.02
NAMES = ("start", "trips", "units", "time", "identity", "money", "nights", "notes")


def _start() -> list[Figure]:
    from tests.benchmarks import import_time

    return import_time.measure()


def _units() -> list[Figure]:
    from tests.benchmarks import capacity

    return capacity.measure()


def _nights() -> list[Figure]:
    from tests.benchmarks import many_orders, nightly_runs

    return [*many_orders.measure(), *nightly_runs.measure()]


def _notes() -> list[Figure]:
    from tests.benchmarks import reading_speed

    return reading_speed.measure()


def _in_the_academy(wanted: set[str]) -> dict[str, list[Figure]]:
    from infra.local.emulator import Emulator
    from tests.architecture.world import world
    from tests.benchmarks import handler_time, identity_speed, late_money, round_trips, samples, story

    found: dict[str, list[Figure]] = {}
    os.environ.update(identity_speed.CHEAP)
    emulator = Emulator("test", wait_scale=WAIT_SCALE, retry_seconds=0)
    emulator.start()
    try:
        with world(emulator) as academy:
            taken = samples.collect(academy)
            academy.shop.open()
            invocations = story.play(academy)
            if "trips" in wanted:
                found["trips"] = round_trips.measure(taken, invocations)
            if "money" in wanted:
                found["money"] = late_money.measure(academy, WAIT_SCALE)
            if "identity" in wanted:
                found["identity"] = identity_speed.measure(academy)
            if "time" in wanted:
                found["time"] = handler_time.measure(academy, taken)
    finally:
        emulator.stop()
    return found


_TITLES = {
    "start": "Start of each function (QUAL-05, DEP-12)",
    "trips": "AWS round trips on the critical path (QUAL-01)",
    "units": "Capacity units on DynamoDB Local (QUAL-02)",
    "time": "Warm handlers, AWS answered from memory (QUAL-04, ACC-51)",
    "identity": "Signing in and being let in (AUTH-72, ACC-20, ACC-51)",
    "money": "Orders whose every webhook is lost (PAY-116)",
    "nights": "A thousand orders and a night's work, at their size (PAY-116, SUB-11)",
    "notes": "Reading notes with PDF.js (QUAL-09, FILE-65)",
}


def _silently(work: Callable[[], dict[str, list[Figure]]]) -> dict[str, list[Figure]]:
    with contextlib.redirect_stdout(io.StringIO()):
        return work()


def main() -> int:
    """Measure, print, write; a goal that is missed is told, and fails nothing."""
    wanted = set(sys.argv[1:]) or set(NAMES)
    unknown = wanted - set(NAMES)
    if unknown:
        print(f"no such measure: {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    found: dict[str, list[Figure]] = {}
    if "start" in wanted:
        found["start"] = _start()
    if wanted & {"trips", "time", "identity", "money"}:
        found.update(_silently(lambda: _in_the_academy(wanted)))
    if "units" in wanted:
        found["units"] = _units()
    if "nights" in wanted:
        found["nights"] = _nights()
    if "notes" in wanted:
        found.update(_silently(lambda: {"notes": _notes()}))
    for name in NAMES:
        if name in found:
            show(_TITLES[name], found[name])
    figures = [one for name in NAMES for one in found.get(name, ())]
    write(figures)
    missed = [one.name for one in figures if one.met is False]
    print(f"\n{len(figures)} figures in build/bench.json; goals missed: {len(missed)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
