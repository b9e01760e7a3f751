"""The meter: calls, round trips that waited for each other, capacity units."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chalicelib.platform import store
from chalicelib.platform.parallel import together
from chalicelib.platform.store import Query, Transaction, fetch, meter
from chalicelib.platform.store.meter import Call, Meter
from infra.local.emulator import Emulator
from tests.platform.store.boxes import Box, box, key


def call(started: float, ended: float) -> Call:
    return Call("dynamodb", "GetItem", started, ended)


@pytest.mark.parametrize(
    ("calls", "trips"),
    [
        ([], 0),
        ([call(0, 1)], 1),
        ([call(0, 1), call(1, 2), call(2.5, 3)], 3),
        ([call(0, 1), call(0.1, 0.9), call(0.2, 2)], 1),
        ([call(0, 5), call(0, 1), call(1.5, 2), call(2.5, 3)], 3),
        ([call(0, 1), call(0, 1), call(1.1, 2), call(1.1, 3)], 2),
    ],
)
def test_round_trips_are_the_longest_chain_of_waiting(calls: list[Call], trips: int) -> None:
    assert Meter(calls).round_trips == trips


def test_calls_side_by_side_are_one_round_trip(cloud: Emulator) -> None:
    store.put(box("a"))
    measured = meter.start()
    together(lambda: store.get(Box, key("a")), lambda: store.get(Box, key("b")))
    assert len(measured.calls) == 2
    store.get(Box, key("a"))
    assert len(measured.calls) == 3
    assert 2 <= measured.round_trips <= 3


def test_failed_calls_and_repetitions_count(cloud: Emulator) -> None:
    store.put(box("a"))
    measured = meter.start()
    cloud.fault("dynamodb", "GetItem", "Throttling", times=2)
    store.get(Box, key("a"))
    assert len(measured.calls) == 3
    assert measured.round_trips == 3


def test_units_are_what_the_table_reports(cloud: Emulator) -> None:
    store.put(box("a"))
    with cloud.calls.during() as calls:
        measured = meter.start()
        store.get(Box, key("a"))
        store.get_many([key("a"), key("b")])
        fetch(Query(Box, "BOX#a"), limit=10)
    assert measured.units > 0
    assert measured.units == sum(call.units for call in calls)


@pytest.mark.rule("LOC-14")
def test_units_are_the_real_ones(cloud: Emulator) -> None:
    if cloud.engine != "dynamodb-local":
        pytest.skip("moto miscounts capacity units")
    units: dict[str, float] = {}

    def of(name: str, work: Callable[[], object]) -> None:
        measured = meter.start()
        work()
        units[name] = measured.units

    of("put 1 KB", lambda: store.put(box("a")))
    of("put 3 KB", lambda: store.put(Box(*key("large"), name="x" * 2_500)))
    of("get", lambda: store.get(Box, key("a")))
    of("get eventually", lambda: store.get(Box, key("a"), consistent=False))
    of("get nothing", lambda: store.get(Box, key("nobody")))
    of("two", lambda: store.get_many([key("a"), key("large")]))
    of("query eventually", lambda: fetch(Query(Box, "BOX#a"), limit=10))
    of("query", lambda: fetch(Query(Box, "BOX#a", consistent=True), limit=10))
    tx = Transaction()
    tx.put(box("b"))
    tx.put(box("c"))
    of("transaction", tx.commit)
    assert units == {
        "put 1 KB": 1,
        "put 3 KB": 3,
        "get": 1,
        "get eventually": 0.5,
        "get nothing": 1,
        "two": 2,
        "query eventually": 0.5,
        "query": 1,
        "transaction": 4,
    }


def test_a_meter_belongs_to_its_request(cloud: Emulator) -> None:
    first = meter.start()
    store.get(Box, key("a"))
    second = meter.start()
    store.get(Box, key("a"))
    store.get(Box, key("a"))
    assert (len(first.calls), len(second.calls)) == (1, 2)
