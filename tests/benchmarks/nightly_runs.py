"""What runs at night, at its size: 100,000 subscriptions that expire (SUB-11), the books of a day with 10,000 orders
(PAY-36).

In processes of their own, on the test engine: the seconds are its, the calls are those that AWS would see.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from chalicelib.commerce.subscriptions.items import SubscriptionRun
from chalicelib.platform.aws import clients
from chalicelib.platform.store.keys import TABLE_NAME
from infra.local.emulator import Emulator
from tests.architecture.world import world
from tests.benchmarks.apart import NotMeasured, result_of
from tests.benchmarks.figures import Figure
from tests.commerce.bookkeeping.desk import to_next_day
from tests.commerce.subscriptions.test_nightly import hand, put_ended, the_run, yesterday

SUBSCRIPTIONS, ORDERS = 100_000, 10_000
ON_AWS_SECONDS = {"Query": 0.012, "BatchGetItem": 0.012, "TransactWriteItems": 0.03}
"""What one call takes from a Lambda in the table's region, generously."""
OF_AN_ORDER = frozenset(
    [
        *("PaymentOrder", "OrderLocator", "PaymentTransaction", "GatewayPayment", "JournalEntry"),
        *("Subscription", "SubscriptionChange", "Entitlement", "AccessCard"),
    ]
)
_ULID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def measure(subscriptions: int = SUBSCRIPTIONS, orders: int = ORDERS) -> list[Figure]:
    """Each: how long, in how many calls, and what that comes to on AWS."""
    return [
        *_figures("expiry", subscriptions, f"expiry of {subscriptions:,} subscriptions", "expired"),
        *_figures("books", orders, f"books of a day with {orders:,} orders", "compared"),
    ]


def _figures(task: str, size: int, what: str, done: str) -> list[Figure]:
    try:
        found: dict[str, Any] = result_of("tests.benchmarks.nightly_runs", task, str(size))
    except NotMeasured as why:
        return [Figure(what, None, "s", f"not measured: {why}")]
    told = ", ".join(f"{count:,} {name}" for name, count in sorted(found["calls"].items()))
    on_aws = sum(count * ON_AWS_SECONDS.get(name, 0.01) for name, count in found["calls"].items()) / 60
    wrong, calls = found["wrong"], sum(found["calls"].values())
    return [
        Figure(f"{what}: {done}", found["done"], "", goal="all", met=found["done"] >= size),
        Figure(f"{what}: found wrong, or done twice", wrong, "", goal="none", met=wrong == 0),
        Figure(f"{what}: seconds of this engine", round(found["seconds"]), "s"),
        Figure(f"{what}: calls for a thousand", round(1_000 * calls / size, 1), "", told),
        Figure(f"{what}: on AWS about", round(on_aws, 1), "min", "one worker", goal="≤ a night", met=on_aws < 360),
    ]


def _run(cloud: Emulator) -> SubscriptionRun:
    """A run from its job to its end, as its worker does it; what others make of it on the stream is not waited for."""
    begun = cloud.invoke("expire_subscriptions", {"given": {}}).answer
    while True:
        hand(cloud, begun["runId"])
        if (done := the_run(begun["runId"])).state == "DONE":
            return done


def _expiry(cloud: Emulator, size: int) -> dict[str, Any]:
    cloud.reset()
    for _ in range(0, size, 1_000):
        put_ended(1_000, yesterday())
    with cloud.calls.during() as made:
        began = time.perf_counter()
        done = _run(cloud)
        seconds = time.perf_counter() - began
    again = _run(cloud)
    calls = _counted(made, "carry_subscription_run")
    return {"done": int(done.changed), "wrong": int(again.changed), "seconds": seconds, "calls": calls}


def _books(cloud: Emulator, size: int) -> dict[str, Any]:
    with world(cloud) as academy:
        shop = academy.shop
        shop.simulator.reset()
        before = len(cloud.items())
        student = academy.people.student()
        order = shop.order_of(student, "notes-yearly")
        shop.pay(order)
        cloud.drain(executions=False)
        assert len(cloud.items()) > before
        one = [raw for raw in cloud.items() if raw["kind"]["S"] in OF_AN_ORDER and _about(raw, order, student.id)]
        _put(raw for number in range(size - 1) for raw in _copies(one, number))
        to_next_day(shop)
        with cloud.calls.during() as made:
            began = time.perf_counter()
            summary = cloud.invoke("reconcile_books", {}).answer
            seconds = time.perf_counter() - began
        calls = _counted(made, "reconcile_books")
        return {
            "done": summary["orders"],
            "wrong": summary["differences"] + summary["unfinished"],
            "seconds": seconds,
            "calls": calls,
        }


def _about(raw: dict[str, Any], order: str, user: str) -> bool:
    text = json.dumps(raw)
    return order in text or user in text


def _copies(one: list[dict[str, Any]], number: int) -> Iterator[dict[str, Any]]:
    """An order's items once more: other ids of the same time, another payment at the gateway."""

    def other(match: re.Match[str]) -> str:
        digest = hashlib.sha256(f"{match[0]}#{number}".encode()).digest()
        return match[0][:10] + "".join(_CROCKFORD[byte & 31] for byte in digest[:16])

    payment = next(raw["provider_transaction_id"]["S"] for raw in one if raw["kind"]["S"] == "PaymentTransaction")
    for raw in one:
        text = json.dumps(raw).replace(payment, f"{payment}X{number}")
        copy: dict[str, Any] = json.loads(_ULID.sub(other, text))
        yield copy


def _put(items: Iterator[dict[str, Any]]) -> None:
    batch: list[dict[str, Any]] = []
    for raw in items:
        batch.append({"PutRequest": {"Item": raw}})
        if len(batch) == 25:
            clients.dynamodb().batch_write_item(RequestItems={TABLE_NAME(): batch})
            batch = []
    if batch:
        clients.dynamodb().batch_write_item(RequestItems={TABLE_NAME(): batch})


def _counted(made: Any, function: str) -> dict[str, int]:
    return Counter(call.operation for call in made if (call.function, call.service) == (function, "dynamodb"))


TASKS = {"expiry": _expiry, "books": _books}


def main() -> int:
    """Print what was found as one line of JSON; what the backend itself prints is not ours."""
    with contextlib.redirect_stdout(io.StringIO()):
        emulator = Emulator("test", wait_scale=0.02, retry_seconds=0)
        emulator.start()
        try:
            found = TASKS[sys.argv[1]](emulator, int(sys.argv[2]))
        finally:
            emulator.stop()
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
