"""PAY-116 at size: a thousand orders whose every webhook is lost, in real time and with the workflow's real waits.

Runs in a process of its own: the other measures shorten the waits of workflows.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import threading
import time
from collections.abc import Iterator

from tests.benchmarks.apart import NotMeasured, result_of
from tests.benchmarks.figures import Figure

ORDERS = 1_000
SOON_SECONDS = 120
LAST_SECONDS = 900


def measure(orders: int = ORDERS) -> list[Figure]:
    """From the payment at the gateway to the order's end: when half, 99 % and all of them were final."""
    what = f"{orders:,} orders without any webhook"
    try:
        waits = sorted(result_of("tests.benchmarks.many_orders", str(orders)))
    except NotMeasured as why:
        return [Figure(what, None, "s", f"not measured: {why}")]
    half, most, last = waits[len(waits) // 2], waits[int(len(waits) * 0.99) - 1], waits[-1]
    return [
        Figure(f"{what}: final", len(waits), "", goal="all", met=len(waits) == orders),
        Figure(f"{what}: 50 % after", round(half, 1), "s"),
        Figure(f"{what}: 99 % after", round(most, 1), "s", goal="≤ 2 minutes", met=most <= SOON_SECONDS),
        Figure(f"{what}: all after", round(last, 1), "s", goal="≤ 15 minutes", met=last <= LAST_SECONDS),
    ]


def _waits(orders: int) -> Iterator[float]:
    """Seconds from each payment to the end of its order."""
    from infra.local.emulator import Emulator
    from tests.architecture.world import world

    emulator = Emulator("test", retry_seconds=0)
    emulator.start()
    over = threading.Event()

    def pump() -> None:
        while not over.is_set():
            if not emulator.pumps.turn():
                over.wait(0.05)

    try:
        with world(emulator) as academy:
            shop = academy.shop
            shop.open()
            shop.simulator.reset()
            shop.silence()
            pumping = threading.Thread(target=pump)
            pumping.start()
            paid: dict[str, tuple[object, float]] = {}
            for _ in range(orders):
                student = academy.people.student()
                order = shop.order_of(student)
                shop.pay(order)
                paid[order] = (student, time.time())
            deadline = time.monotonic() + LAST_SECONDS
            while paid and time.monotonic() < deadline:
                for order, (student, at) in list(paid.items()):
                    found = shop.order(student, order)  # type: ignore[arg-type]
                    if found.status == "SUCCESS":
                        yield found.finalized_at.timestamp() - at
                        del paid[order]
                over.wait(1)
            over.set()
            pumping.join()
    finally:
        over.set()
        emulator.stop()


def main() -> int:
    """Print the waits as one line of JSON; what the backend itself prints is not ours."""
    with contextlib.redirect_stdout(io.StringIO()):
        waits = list(_waits(int(sys.argv[1])))
    print(json.dumps(waits))
    return 0


if __name__ == "__main__":
    sys.exit(main())
