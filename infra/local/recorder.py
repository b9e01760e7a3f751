"""What happened: every AWS call with the function that made it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import islice

from infra.local.targets import Access, Target

KEPT = 200_000


@dataclass(frozen=True)
class AwsCall:
    """One AWS call. ``function``: who made it (``none``: nobody of ours). ``outcome``: ``ok`` or the error's code.

    ``injected``: the outcome is a fault that was ordered. ``seconds``: how long it took. ``units``: capacity units.
    """

    number: int
    at: float
    function: str
    request_id: str
    service: str
    operation: str
    target: Target
    seconds: float
    outcome: str
    units: float
    injected: bool = False

    @property
    def name(self) -> str:
        """``dynamodb.TransactWriteItems``."""
        return f"{self.service}.{self.operation}"


own_calls: ContextVar[list[AwsCall] | None] = ContextVar("own_calls", default=None)
"""The calls of the invocation that this code belongs to."""


class Recorder:
    """The calls so far, oldest first; iterable."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: deque[AwsCall] = deque(maxlen=KEPT)
        self._number = 0
        self._added = 0
        self.accesses: dict[str, set[Access]] = {}
        """Function → every kind of access it ever made; what the proof of grants compares with its role."""

    def next_number(self) -> int:
        """The number of the call that begins now."""
        with self._lock:
            self._number += 1
            return self._number

    def add(self, call: AwsCall) -> None:
        with self._lock:
            self._calls.append(call)
            self._added += 1
            self.accesses.setdefault(call.function, set()).update(one.kind() for one in call.target.accesses())
        own = own_calls.get()
        if own is not None:
            own.append(call)

    def add_access(self, function: str, access: Access) -> None:
        """An access that this process spared itself and a Lambda of its own would have made."""
        with self._lock:
            self.accesses.setdefault(function, set()).add(access.kind())

    def clear(self) -> None:
        """Forget all calls (not which kinds there ever were)."""
        with self._lock:
            self._calls.clear()

    def all(self) -> list[AwsCall]:
        """All calls by the order in which they began."""
        with self._lock:
            return sorted(self._calls, key=lambda call: call.number)

    def of(self, function: str) -> list[AwsCall]:
        """The calls of one function."""
        return [call for call in self.all() if call.function == function]

    @contextmanager
    def during(self) -> Iterator[list[AwsCall]]:
        """The calls made inside the block; the list is filled when it ends."""
        before, added = self._number, self._added
        found: list[AwsCall] = []
        try:
            yield found
        finally:
            found.extend(call for call in self._newest(self._added - added) if call.number > before)

    def _newest(self, count: int) -> list[AwsCall]:
        """The calls that ended last, by the order in which they began: of many that are kept, few are looked at."""
        with self._lock:
            return sorted(islice(reversed(self._calls), count), key=lambda call: call.number)

    def __iter__(self) -> Iterator[AwsCall]:
        return iter(self.all())

    def __len__(self) -> int:
        return len(self._calls)
