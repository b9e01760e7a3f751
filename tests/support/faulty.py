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
MISSED = 0.4
"""What runs side by side, or comes after something else went wrong, does not always call the same."""
_READS = ("Get", "BatchGet", "Query", "Head", "List", "Describe", "Receive")
_MANY = ("TransactWriteItems", "SendMessageBatch", "StartExecution")


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


Wrong = tuple[Point, Way]


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


def sample(found: Iterable[Point], known: set[tuple[str, ...]] | None = None) -> Iterator[Wrong]:
    """What goes wrong in this run. By day one call of each kind: what changes several things in two of the four ways,
    all else in one, taking turns; ``known``: kinds that another story has had.
    """
    every = list(Way)
    if NIGHTLY:
        for point in found:
            yield from ((point, way) for way in (every[::2] if point.reads else every))
        return
    known, turn = set() if known is None else known, 0
    for point in found:
        if point.kind in known:
            continue
        known.add(point.kind)
        if point.reads:
            yield point, Way.REFUSED
        elif point.operation in _MANY:
            yield from ((point, way) for way in ((every[1], every[2]) if turn % 2 else (every[0], every[3])))
        else:
            yield point, every[turn % len(every)]
        turn += not point.reads


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


def rounds(wrong: Iterable[Wrong]) -> list[list[Wrong]]:
    """What goes wrong in one telling: by night one thing; by day one thing in each function, to be told less often."""
    if NIGHTLY:
        return [[one] for one in wrong]
    by_function: dict[str, list[Wrong]] = {}
    for one in wrong:
        by_function.setdefault(one[0].function, []).append(one)
    most = max(map(len, by_function.values()), default=0)
    return [[own[turn] for own in by_function.values() if turn < len(own)] for turn in range(most)]


def tell(cloud: Emulator, story: Story, wrong: Iterable[Wrong]) -> None:
    """Tell it until everything has gone wrong once; raises with everything that came out wrong then."""
    ordered, missed, failures = 0, 0, []
    for together in rounds(wrong):
        story.prepare()
        for point, way in together:
            point.break_it(cloud, way)
        named = ", ".join(f"{way.name} {point.function} {point.operation} {point.skip}" for point, way in together)
        try:
            story.play()
            ordered, missed = ordered + len(together), missed + len(cloud.faults.pending())
            story.settle()
            failures += [f"{named}: {one}" for one in story.wrongs()]
        except AssertionError as error:
            failures.append(f"{named}: {error}")
        if len(failures) > MOST:
            break
    assert not failures, "\n".join(failures)
    assert missed <= ordered * MISSED, f"{missed} of {ordered} calls never came"
