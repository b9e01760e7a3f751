"""QUAL-01: AWS round trips on the critical path of each request, counted from recorded calls."""

from __future__ import annotations

from collections.abc import Sequence

from tests.benchmarks.figures import Figure
from tests.benchmarks.samples import Sample
from tests.benchmarks.story import Invocation

SIMPLE = 2
CHECKOUT = 4
FINALIZATION = 4
_MONEY = {
    "POST /v1/payments/checkout": CHECKOUT,
    "POST /v1/admin/payments/orders/{merchantTransactionId}/finalize": FINALIZATION,
}


def _figure(name: str, trips: int, goal: int, calls: Sequence[str], note: str = "") -> Figure:
    counted = ", ".join(calls) or "none"
    return Figure(f"round trips of {name}", trips, "", f"{counted}{note}", None, f"≤ {goal}", trips <= goal)


def measure(samples: Sequence[Sample], invocations: Sequence[Invocation]) -> list[Figure]:
    """One row an endpoint, and one for each function that brought an order to its end."""
    rows = []
    for sample in samples:
        goal = _MONEY.get(sample.name, SIMPLE)
        note = "" if sample.sound else f" (answered {sample.status})"
        rows.append(_figure(sample.name, sample.round_trips(), goal, [call.operation for call in sample.calls], note))
    for one in invocations:
        goal = FINALIZATION if one.finalizes else SIMPLE
        rows.append(_figure(one.name, one.round_trips(), goal, [call.operation for call in one.calls]))
    return rows
