"""Things that happen at the same moment, in real threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from typing import TypeVar

from chalicelib.platform import clock
from chalicelib.platform.aws import clients
from infra.local.emulator import Emulator
from infra.local.recorder import AwsCall

T = TypeVar("T")


def at_once(works: Sequence[Callable[[], T]]) -> list[T]:
    """Run all at the same moment, each in its own thread; answers in order, raises what one raised."""
    barrier = Barrier(len(works))

    def one(work: Callable[[], T]) -> T:
        barrier.wait(timeout=30)
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(one, works))


@contextmanager
def just_before(operation: str, happens: Callable[[], object]) -> Iterator[None]:
    """Let something happen right before the next call of that operation leaves for AWS: the narrowest race there is."""
    pending = [happens]

    def interrupt(**_: object) -> None:
        if pending:
            pending.pop()()

    events, name = clients.dynamodb().meta.events, f"before-call.dynamodb.{operation}"
    events.register(name, interrupt)
    try:
        yield
    finally:
        events.unregister(name, interrupt)


def to_next_window(cloud: Emulator, seconds: int = 60) -> None:
    """Move the clock to the start of a window of limits, so that a test's requests fall into one."""
    cloud.advance(seconds - clock.now().timestamp() % seconds + 0.01)


def round_trips(calls: Sequence[AwsCall], *, counters: bool = True) -> int:
    """The longest chain of table calls that waited for each other; ``counters=False`` leaves out the limits' own."""
    trips, last_end = 0, float("-inf")
    table = [call for call in calls if call.service == "dynamodb" and (counters or not _counts(call))]
    for call in sorted(table, key=lambda call: call.at + call.seconds):
        if call.at >= last_end:
            trips += 1
            last_end = call.at + call.seconds
    return trips


def counted_with_the_first_read(calls: Sequence[AwsCall], following: str) -> bool:
    """Whether all counters of limits were begun before the operation that waits for the first round trip."""
    own = [call for call in calls if call.service == "dynamodb"]
    begun = min(call.number for call in own if call.operation == following and not _counts(call))
    return all(call.number < begun for call in own if _counts(call))


def _counts(call: AwsCall) -> bool:
    return all(key.startswith("RATE#") for key in call.target.leading_keys)
