"""AWS at its least kind: every batch comes twice, out of order; and messages that nobody can work through."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from chalicelib.platform.aws import clients
from chalicelib.platform.function import Function
from chalicelib.platform.store.keys import TABLE_NAME
from infra.local.emulator import Emulator
from infra.local.pumps import ACCOUNT, EventSource, Pumps, queue_event

POISON = (
    "not even JSON",
    "{}",
    '{"event": "NobodyKnowsIt", "data": {}}',
    '{"data": {"userId": 17, "orderId": ["x"]}, "event": null}',
)


@dataclass
class Twice(Pumps):
    """Every batch is first handed over with its records in another order, and its answer is lost; then as it is.

    Records of one item keep their order, as the stream promises.
    """

    chance: random.Random = field(default_factory=lambda: random.Random(20))
    batches: int = 0

    def _taken(self, reader: Function, batch: list[dict[str, Any]]) -> int:
        self.batches += 1
        self.lambdas.invoke(reader, {"Records": self._mixed(batch)})
        return super()._taken(reader, batch)

    def _deliver(self, source: EventSource, function: Function, messages: list[dict[str, Any]]) -> int:
        self.batches += 1
        arn = f"arn:aws:sqs:{clients.region()}:{ACCOUNT}:{source.queue}"
        mixed = self.chance.sample(messages, len(messages))
        self.lambdas.invoke(function, {"Records": [queue_event(one, arn) for one in mixed]})
        return super()._deliver(source, function, messages)

    def _mixed(self, batch: list[dict[str, Any]]) -> list[dict[str, Any]]:
        by_item: dict[str, list[dict[str, Any]]] = {}
        for record in batch:
            by_item.setdefault(json.dumps(record["dynamodb"]["Keys"], sort_keys=True), []).append(record)
        turns = [key for key, records in by_item.items() for _ in records]
        self.chance.shuffle(turns)
        return [by_item[key].pop(0) for key in turns]


@contextmanager
def twice(cloud: Emulator) -> Iterator[Twice]:
    """Within, everything that moves between the services comes twice."""
    kind = cloud.pumps
    pumps = Twice(kind.lambdas, kind.sources, kind.retry_seconds, kind.on_stream, kind.holds)
    pumps.reset()
    cloud.pumps = pumps
    try:
        yield pumps
    finally:
        cloud.pumps = kind
        kind.reset()


def poison_queue(queue: str) -> int:
    """Put messages into a queue (its physical name) that nobody can work through; answers how many."""
    sqs = clients.sqs()
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    group = {"MessageGroupId": "poison"} if queue.endswith(".fifo") else {}
    for number, body in enumerate(POISON):
        more = {**group, "MessageDeduplicationId": f"poison-{number}"} if group else {}
        sqs.send_message(QueueUrl=url, MessageBody=body, **more)
    return len(POISON)


def dead_letters(queue: str) -> int:
    """How many messages of a queue (its physical name) were given up."""
    sqs, (bare, fifo, _) = clients.sqs(), queue.partition(".fifo")
    url = sqs.get_queue_url(QueueName=f"{bare}-dlq{fifo}")["QueueUrl"]
    counted = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(counted["Attributes"]["ApproximateNumberOfMessages"])


def poison_stream(cloud: Emulator, kinds: list[str]) -> int:
    """Put an item of each kind that no domain wrote: nothing of it is what its kind says; answers how many."""
    for kind in kinds:
        item = {
            "pk": {"S": f"POISON#{kind}"},
            "sk": {"S": "META"},
            "kind": {"S": kind},
            "status": {"N": "17"},
            "created_at": {"S": "yesterday"},
        }
        clients.dynamodb().put_item(TableName=TABLE_NAME(), Item=item)
    return len(kinds)
