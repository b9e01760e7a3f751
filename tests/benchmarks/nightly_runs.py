"""What runs at night, at its size: 100,000 subscriptions that expire (SUB-11), a day's report over 10,000 orders.

In a process of its own, on the test engine: the seconds are its, the calls are those that AWS would see.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import time
from collections import Counter
from typing import Any

from chalicelib.commerce.subscriptions.items import SubscriptionRun
from infra.local.emulator import Emulator
from tests.benchmarks.apart import NotMeasured, result_of
from tests.benchmarks.figures import Figure
from tests.commerce.subscriptions.test_nightly import hand, put_ended, the_run, yesterday

SUBSCRIPTIONS = 100_000
ON_AWS_SECONDS = {"Query": 0.012, "BatchGetItem": 0.012, "TransactWriteItems": 0.03}
"""What one call takes from a Lambda in the table's region, generously."""


def measure(subscriptions: int = SUBSCRIPTIONS) -> list[Figure]:
    """How long, in how many calls, and what that comes to on AWS."""
    what = f"expiry of {subscriptions:,} subscriptions"
    try:
        found: dict[str, Any] = result_of("tests.benchmarks.nightly_runs", str(subscriptions))
    except NotMeasured as why:
        return [Figure(what, None, "s", f"not measured: {why}")]
    calls = sum(found["calls"].values())
    told = ", ".join(f"{count:,} {name}" for name, count in sorted(found["calls"].items()))
    on_aws = sum(count * ON_AWS_SECONDS.get(name, 0.01) for name, count in found["calls"].items()) / 60
    return [
        Figure(f"{what}: done", found["expired"], "", goal="all", met=found["expired"] == subscriptions),
        Figure(f"{what}: a second run changes", found["again"], "", goal="none", met=found["again"] == 0),
        Figure(f"{what}: seconds of this engine", round(found["seconds"]), "s"),
        Figure(f"{what}: calls for a thousand", round(1_000 * calls / subscriptions, 1), "", told),
        Figure(f"{what}: on AWS about", round(on_aws), "min", "one worker", goal="≤ a night", met=on_aws < 360),
    ]


def _run(cloud: Emulator) -> SubscriptionRun:
    """A run from its job to its end, as its worker does it; what others make of it on the stream is not waited for."""
    begun = cloud.invoke("expire_subscriptions", {"given": {}}).answer
    while True:
        hand(cloud, begun["runId"])
        if (done := the_run(begun["runId"])).state == "DONE":
            return done


def _expire(subscriptions: int) -> dict[str, Any]:
    emulator = Emulator("test", wait_scale=0.02, retry_seconds=0)
    emulator.start()
    try:
        emulator.reset()
        for _ in range(0, subscriptions, 1_000):
            put_ended(1_000, yesterday())
        with emulator.calls.during() as made:
            began = time.perf_counter()
            done = _run(emulator)
            seconds = time.perf_counter() - began
        calls = Counter(
            call.operation for call in made if (call.function, call.service) == ("carry_subscription_run", "dynamodb")
        )
        again = _run(emulator)
        return {"expired": int(done.changed), "again": int(again.changed), "seconds": seconds, "calls": calls}
    finally:
        emulator.stop()


def main() -> int:
    """Print what was found as one line of JSON; what the backend itself prints is not ours."""
    with contextlib.redirect_stdout(io.StringIO()):
        found = _expire(int(sys.argv[1]))
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
