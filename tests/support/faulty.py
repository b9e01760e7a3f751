"""One story told again and again, each time with another of its calls going wrong (QUAL-20, QUAL-24).

A clean telling is recorded; from it come the places where something can go wrong, so that a new call is covered
without anyone adding it. By day each kind of call goes wrong in some of the ways; ``HYPOTHESIS_PROFILE=nightly``: every
single call in every way.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from infra.local.emulator import Emulator
from infra.local.faults import GONE
from infra.local.recorder import AwsCall

NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
REFUSED = "AccessDeniedException"
"""An answer that no client repeats by itself."""
MOST = 10
"""So many failures are told at most."""
_READS = ("Get", "BatchGet", "Query", "Head", "List", "Describe", "Receive")


class Way(Enum):
    """How a call goes wrong: refused; done, and its answer lost; the process gone before it; gone right after it."""

    REFUSED = (REFUSED, False)
    LOST = (REFUSED, True)
    GONE_BEFORE = (GONE, False)
    GONE_AFTER = (GONE, True)


@dataclass(frozen=True)
class Point:
    """A call: the ``skip``-th of its kind by that function. ``about``: what it writes to, for the sample by day."""

    service: str
    operation: str
    function: str
    skip: int
    about: str

    @property
    def reads(self) -> bool:
        """Whether nothing stays of it: done or not done are the same."""
        return self.operation.startswith(_READS)

    @property
    def kind(self) -> tuple[str, ...]:
        """What it has in common with others of the sample."""
        return self.function, self.service, self.operation, self.about

    def break_it(self, cloud: Emulator, way: Way) -> None:
        """Order the fault."""
        error, after = way.value
        cloud.fault(self.service, self.operation, error, after=after, skip=self.skip, function=self.function)


def points(calls: Iterable[AwsCall], functions: Callable[[str], bool] = lambda _: True) -> list[Point]:
    """Every call of our functions in a recorded story; ``functions`` says which are meant."""
    found: list[Point] = []
    seen: dict[tuple[str, str, str], int] = {}
    for call in calls:
        if call.function == "none" or call.service == "ssm" or not functions(call.function):
            continue
        kind = (call.service, call.operation, call.function)
        found.append(Point(*kind, skip=seen.get(kind, 0), about=_about(call)))
        seen[kind] = seen.get(kind, 0) + 1
    return found


def _about(call: AwsCall) -> str:
    """Which kinds of items a write is about; of all other calls nothing."""
    if call.service != "dynamodb" or call.operation.startswith(_READS):
        return ""
    prefixes = {key.partition("#")[0] for key in call.target.leading_keys}
    return " ".join(sorted(prefixes - {"AUDITRES"}))


def sample(found: Iterable[Point], known: set[tuple[str, ...]] | None = None) -> Iterator[tuple[Point, Way]]:
    """What goes wrong in this run. By day one call of each kind: a read once, a write in two of the four ways, taking
    turns; ``known``: kinds that another story has had.
    """
    every = list(Way)
    if NIGHTLY:
        for point in found:
            yield from ((point, way) for way in (every[::2] if point.reads else every))
        return
    known = set() if known is None else known
    turn = 0
    for point in found:
        if point.kind in known:
            continue
        known.add(point.kind)
        ways = (every[0],) if point.reads else (every[1], every[2]) if turn % 2 else (every[0], every[3])
        turn += not point.reads
        yield from ((point, way) for way in ways)


class Story(Protocol):
    """What is told again and again. Faults strike in ``play`` alone, until ``settle`` has ended what began there."""

    def prepare(self) -> None:
        """From an empty table to where it begins."""

    def play(self) -> None:
        """What happens; people and gateways try again as they do."""

    def settle(self) -> None:
        """Everything that is retried by itself, then the nets, once each."""

    def wrongs(self) -> list[str]:
        """What is not as it must be at the end."""


def record(cloud: Emulator, story: Story, functions: Callable[[str], bool] = lambda _: True) -> list[Point]:
    """Tell it once with nothing going wrong; answers its calls."""
    story.prepare()
    cloud.calls.clear()
    story.play()
    found = points(cloud.calls.all(), functions)
    story.settle()
    wrongs = story.wrongs()
    assert not wrongs, "\n".join(wrongs)
    assert found
    return found


def tell(cloud: Emulator, story: Story, wrong: Iterable[tuple[Point, Way]]) -> int:
    """Tell it once for each thing that goes wrong; raises with everything that came out wrong.

    Answers how often the call came: what runs side by side does not always call the same.
    """
    came, failures = 0, []
    for point, way in wrong:
        story.prepare()
        point.break_it(cloud, way)
        try:
            story.play()
            came += not cloud.faults.pending()
            story.settle()
            failures += [f"{way.name} {point}: {one}" for one in story.wrongs()]
        except AssertionError as error:
            failures.append(f"{way.name} {point}: {error}")
        if len(failures) > MOST:
            break
    assert not failures, "\n".join(failures)
    return came
