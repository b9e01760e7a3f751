"""Stream and queues as AWS moves them (LOC-05)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from chalicelib.platform import store
from chalicelib.platform.aws import clients
from chalicelib.platform.events.queues import DEAD
from chalicelib.platform.http.limits import RateWindow
from infra.local.emulator import Emulator

QUEUE = "payment-events"


@contextmanager
def handling(cloud: Emulator, name: str, handle: Callable[[dict[str, Any]], Any]) -> Iterator[None]:
    """Let ``handle`` stand where a function of that name is invoked."""
    real = cloud.lambdas.invoke

    def invoke(function: Any, event: Any) -> Any:
        if function.name != name:
            return real(function, event)
        return real(_Stand(function, handle), event)

    cloud.lambdas.invoke = invoke
    try:
        yield
    finally:
        del cloud.lambdas.invoke


class _Stand:
    def __init__(self, function: Any, handle: Callable[[dict[str, Any]], Any]) -> None:
        self.name, self.memory, self.timeout, self._handle = function.name, 128, 30, handle

    def __call__(self, event: dict[str, Any], _: Any) -> Any:
        return self._handle(event)


def worker_of(cloud: Emulator) -> str:
    return next(cloud.lambdas.find(one.function).name for one in cloud.created.sources if one.queue.endswith(QUEUE))


def send(cloud: Emulator, *bodies: str) -> None:
    url = clients.sqs().get_queue_url(QueueName=f"pathshala-test-{QUEUE}")["QueueUrl"]
    for body in bodies:
        clients.sqs().send_message(QueueUrl=url, MessageBody=json.dumps({"data": body}))


def failing(*bad: str) -> tuple[list[str], Callable[[dict[str, Any]], Any]]:
    seen: list[str] = []

    def handle(event: dict[str, Any]) -> Any:
        failures = []
        for record in event["Records"]:
            body = json.loads(record["body"])["data"]
            seen.append(body)
            if body in bad:
                failures.append({"itemIdentifier": record["messageId"]})
        return {"batchItemFailures": failures}

    return seen, handle


@pytest.mark.rule("LOC-05")
def test_failed_messages_come_again_and_end_in_the_dead_letter_queue(cloud: Emulator) -> None:
    seen, handle = failing("poison")
    send(cloud, "one", "poison", "two")
    with handling(cloud, worker_of(cloud), handle):
        cloud.drain()
    assert sorted(seen) == ["one", *["poison"] * 5, "two"]
    assert cloud.messages(QUEUE) == []
    assert cloud.messages(QUEUE + DEAD) == [{"data": "poison"}]


@pytest.mark.rule("LOC-05")
def test_crashed_batch_comes_again_whole(cloud: Emulator) -> None:
    tries: list[int] = []

    def handle(event: dict[str, Any]) -> Any:
        tries.append(len(event["Records"]))
        if len(tries) == 1:
            raise RuntimeError("out of memory")
        return {"batchItemFailures": []}

    send(cloud, "one", "two")
    with handling(cloud, worker_of(cloud), handle):
        cloud.drain()
    assert tries == [2, 2]


@pytest.mark.rule("LOC-05")
def test_delayed_message_waits_for_the_moved_clock(cloud: Emulator) -> None:
    seen, handle = failing()
    url = clients.sqs().get_queue_url(QueueName=f"pathshala-test-{QUEUE}")["QueueUrl"]
    clients.sqs().send_message(QueueUrl=url, MessageBody=json.dumps({"data": "later"}), DelaySeconds=600)
    with handling(cloud, worker_of(cloud), handle):
        cloud.drain()
        assert seen == []
        cloud.advance(601)
        cloud.drain()
    assert seen == ["later"]


@pytest.mark.rule("LOC-05")
def test_failing_record_holds_up_those_behind_it(cloud: Emulator) -> None:
    order: list[str] = []
    broken = {"left": 2}

    def handle(event: dict[str, Any]) -> Any:
        for record in event["Records"]:
            hits = record["dynamodb"]["NewImage"]["hits"]["N"]
            if hits == "2" and broken["left"]:
                broken["left"] -= 1
                return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]}
            order.append(hits)
        return {"batchItemFailures": []}

    for number in (1, 2, 3):
        store.put(RateWindow("RATE#stream", "RATE", hits=number))
    with handling(cloud, "route_changes", handle):
        cloud.drain()
    assert order == ["1", "2", "3"]


@pytest.mark.rule("LOC-05")
def test_record_that_never_passes_is_given_up_and_noted(cloud: Emulator) -> None:
    order: list[str] = []

    def handle(event: dict[str, Any]) -> Any:
        for record in event["Records"]:
            hits = record["dynamodb"]["NewImage"]["hits"]["N"]
            if hits == "1":
                return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]}
            order.append(hits)
        return {"batchItemFailures": []}

    for number in (1, 2):
        store.put(RateWindow("RATE#stream", "RATE", hits=number))
    with handling(cloud, "route_changes", handle):
        cloud.drain()
    assert order == ["2"]
    (noted,) = cloud.messages("failed-changes")
    assert noted["DDBStreamBatchInfo"]["batchSize"] == 1
