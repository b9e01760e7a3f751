"""An order from checkout to access, and what each function on its way asked of AWS."""

from __future__ import annotations

from dataclasses import dataclass

from infra.local.recorder import AwsCall
from tests.architecture.world import World
from tests.benchmarks.samples import CONTAINER, Sample

FINALIZERS = frozenset({"check_order", "process_payment_event"})


@dataclass
class Invocation:
    """One run of one function; of several runs the one with the most calls."""

    name: str
    calls: list[AwsCall]

    @property
    def finalizes(self) -> bool:
        return self.name in FINALIZERS

    def round_trips(self) -> int:
        """As of a request."""
        return Sample.round_trips(self)  # type: ignore[arg-type]


def play(world: World) -> list[Invocation]:
    """A student buys, pays, and the webhook comes; every function that took part, by name."""
    student = world.people.student()
    world.shop.simulator.reset()
    order = world.shop.order_of(student)
    with world.cloud.calls.during() as calls:
        world.shop.pay(order)
        world.cloud.drain()
    runs: dict[tuple[str, str], list[AwsCall]] = {}
    for call in calls:
        if call.function not in {"none", "phonepe_webhook"} and call.service not in CONTAINER:
            runs.setdefault((call.function, call.request_id), []).append(call)
    longest: dict[str, Invocation] = {}
    for (name, _), made in sorted(runs.items()):
        if name not in longest or len(made) > len(longest[name].calls):
            longest[name] = Invocation(name, made)
    return list(longest.values())
