"""Counts what a request costs: AWS calls, round trips on the critical path, capacity units.

Every AWS client that ``platform.aws`` builds reports here; the current request's meter is a context variable, so that
calls made in parallel threads of the request count too.
"""

from __future__ import annotations

import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from chalicelib.platform.aws import clients


@dataclass
class Call:
    """One AWS call: when it ran (monotonic seconds) and the capacity units it consumed."""

    service: str
    operation: str
    started: float
    ended: float = 0.0
    units: float = 0.0


@dataclass
class Meter:
    """The calls of one request."""

    calls: list[Call] = field(default_factory=list)

    @property
    def round_trips(self) -> int:
        """Length of the longest chain of calls that waited for each other; what ran in parallel counts once."""
        trips, last_end = 0, float("-inf")
        for call in sorted(self.calls, key=lambda call: call.ended):
            if call.started >= last_end:
                trips += 1
                last_end = call.ended
        return trips

    @property
    def units(self) -> float:
        """Capacity units of the table and its indexes, read and write together."""
        return sum(call.units for call in self.calls)


_current: ContextVar[Meter | None] = ContextVar("meter", default=None)


def start() -> Meter:
    """A new meter for the request that begins in this context."""
    meter = Meter()
    _current.set(meter)
    return meter


def _units(parsed: dict[str, Any]) -> float:
    consumed = parsed.get("ConsumedCapacity")
    if isinstance(consumed, dict):
        return float(consumed.get("CapacityUnits", 0.0))
    if isinstance(consumed, list):
        return sum(float(entry.get("CapacityUnits", 0.0)) for entry in consumed)
    return 0.0


def _watch(service: str, client: Any) -> None:
    def before(model: Any, context: dict[str, Any], **_: Any) -> None:
        context["pathshala_started"] = time.perf_counter()

    def after(parsed: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        meter = _current.get()
        if meter is None:
            return
        started = context.get("pathshala_started", time.perf_counter())
        meter.calls.append(Call(service, model.name, started, time.perf_counter(), _units(parsed)))

    def after_error(context: dict[str, Any], **_: Any) -> None:
        meter = _current.get()
        if meter is not None:
            now = time.perf_counter()
            meter.calls.append(Call(service, "error", context.get("pathshala_started", now), now))

    client.meta.events.register(f"before-call.{service}", before)
    client.meta.events.register(f"after-call.{service}", after)
    client.meta.events.register(f"after-call-error.{service}", after_error)


clients.on_build(_watch)
