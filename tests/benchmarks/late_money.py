"""PAY-116: orders whose every webhook is lost: how long from the payment to its end."""

from __future__ import annotations

import time
from collections.abc import Sequence

from tests.architecture.world import World
from tests.benchmarks.figures import Figure, median

ORDERS = 20
SOON_SECONDS = 120
LAST_SECONDS = 900


def measure(world: World, wait_scale: float) -> list[Figure]:
    """The workflow alone brings each to its end; the waits of its definition are shortened, and counted in full."""
    shop = world.shop
    shop.simulator.reset()
    shop.silence()
    waits: list[float] = []
    ended = 0
    for _ in range(ORDERS):
        student = world.people.student()
        order = shop.order_of(student)
        shop.pay(order)
        began = time.perf_counter()
        world.cloud.drain()
        waits.append((time.perf_counter() - began) / wait_scale)
        ended += shop.order(student, order).status == "SUCCESS"
    return _figures(ended, waits)


def _figures(ended: int, waits: Sequence[float]) -> list[Figure]:
    """The time is an upper bound: what our own code takes counts as if it were shortened too."""
    soon = sum(1 for seconds in waits if seconds <= SOON_SECONDS) / len(waits)
    what, last = "orders without any webhook", max(waits)
    return [
        Figure(f"{what} that end by themselves", ended, f"of {ORDERS}", goal="all", met=ended == ORDERS),
        Figure(f"{what}: within 2 minutes", round(100 * soon), "%", goal="≥ 99 %", met=soon >= 0.99),
        Figure(f"{what}: median", round(median(waits), 1), "s"),
        Figure(f"{what}: the last", round(last, 1), "s", goal="≤ 15 minutes", met=last <= LAST_SECONDS),
    ]
