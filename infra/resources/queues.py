"""Queues, each with a dead-letter queue that keeps what failed for 14 days, and an alarm on it."""

from __future__ import annotations

from typing import Any

from chalicelib.platform import registry
from chalicelib.platform.events.queues import FIFO, Queue, all_queues
from chalicelib.platform.work import Consumer
from infra.package import names
from infra.package.stages import Stage

KEEP_SECONDS = 14 * 86_400
FAILED_JOBS = "failed-jobs"
FAILED_CHANGES = "failed-changes"
"""Where Lambda puts what it gave up on: scheduled runs, and places in the table's stream."""


def every_queue() -> list[Queue]:
    """The queues that use cases send to, and each consumer's own; by name."""
    found = {queue.name: queue for queue in all_queues()}
    for consumer in registry.of(Consumer):
        if consumer.queue.name in found:
            raise registry.BadDeclaration(f"the queue {consumer.queue.name} is declared twice")
        found[consumer.queue.name] = consumer.queue
    return [found[name] for name in sorted(found)]


def _dead(stage: Stage, name: str) -> dict[str, Any]:
    return {
        "Type": "AWS::SQS::Queue",
        "Properties": {
            "QueueName": names.prefixed(stage.name, name),
            "MessageRetentionPeriod": KEEP_SECONDS,
            "SqsManagedSseEnabled": True,
            **_order(name),
        },
    }


def _order(name: str) -> dict[str, Any]:
    """Ordered queues name the message that counts once themselves, and are as fast as their groups are many."""
    if not name.endswith(FIFO):
        return {}
    return {"FifoQueue": True, "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}


def _queue(stage: Stage, queue: Queue) -> dict[str, Any]:
    return {
        "Type": "AWS::SQS::Queue",
        "Properties": {
            "QueueName": names.prefixed(stage.name, queue.name),
            "VisibilityTimeout": queue.visibility,
            "MessageRetentionPeriod": KEEP_SECONDS,
            "SqsManagedSseEnabled": True,
            **_order(queue.name),
            "RedrivePolicy": {
                "deadLetterTargetArn": {"Fn::GetAtt": [f"{names.camel(queue.name)}Dead", "Arn"]},
                "maxReceiveCount": queue.receives,
            },
        },
    }


def dead_letter_names() -> dict[str, str]:
    """Logical id → name (without the stage's prefix) of every queue that should be empty."""
    found = {f"{names.camel(queue.name)}Dead": queue.dead for queue in every_queue()}
    return {**found, **{names.camel(name): name for name in (FAILED_CHANGES, FAILED_JOBS)}}


def queues(stage: Stage) -> dict[str, Any]:
    """All queues as resources."""
    found = {name: _dead(stage, queue) for name, queue in dead_letter_names().items()}
    for queue in every_queue():
        found[f"{names.camel(queue.name)}Queue"] = _queue(stage, queue)
    return found
