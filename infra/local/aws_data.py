"""Looking into the emulated AWS from outside, and emptying it: what tests assert on and what a reset does."""

from __future__ import annotations

import json
from typing import Any

from chalicelib.platform import clock
from chalicelib.platform.aws.bucket import BUCKET_NAME
from chalicelib.platform.store.keys import TABLE_NAME
from infra.local.moto_aws import ACCOUNT, backend


class MotoTable:
    """The table in moto."""

    def empty(self) -> None:
        """No items, no records on the stream."""
        table = backend("dynamodb").tables[TABLE_NAME()]
        table.items.clear()
        if table.stream_shard is not None:
            table.stream_shard.starting_sequence_number += len(table.stream_shard.items)
            table.stream_shard.items.clear()

    def items(self) -> list[dict[str, Any]]:
        """All items, as DynamoDB JSON."""
        table = backend("dynamodb").tables[TABLE_NAME()]
        return [
            item.to_json()["Attributes"]
            for partition in list(table.items.values())
            for item in list(partition.values())
        ]


def bucket() -> Any:
    """moto's own bucket; S3 is global there."""
    from moto.backends import get_backend

    return get_backend("s3")[ACCOUNT]["aws"].buckets[BUCKET_NAME()]


def objects() -> dict[str, bytes]:
    """The newest version of every object, by key."""
    return {name: bytes(key.value) for name, key in bucket().keys.items()}


def empty_bucket() -> None:
    """No objects, no versions."""
    bucket().keys.clear()
    bucket().multiparts.clear()


def empty_queues() -> None:
    """No messages."""
    for queue in backend("sqs").queues.values():
        queue._messages.clear()
        queue._pending_messages.clear()
        queue.deleted_messages.clear()


def messages(physical: str) -> list[Any]:
    """Bodies of a queue's messages, taken or not."""
    return [json.loads(message.body) for message in backend("sqs").queues[physical]._messages]


def forget_executions() -> None:
    """Stop what runs, and forget all."""
    for machine in backend("stepfunctions").state_machines:
        for execution in machine.executions:
            if execution.exec_status == "RUNNING":
                execution.stop(stop_date=None, error="reset", cause=None)
        machine.executions.clear()


def executions(status: str | None) -> list[dict[str, Any]]:
    """All executions, newest first."""
    found = [
        _execution(machine, execution)
        for machine in backend("stepfunctions").state_machines
        for execution in list(machine.executions)
        if status is None or execution.exec_status == status
    ]
    return sorted(found, key=lambda one: str(one["startedAt"]), reverse=True)


def _execution(machine: Any, execution: Any) -> dict[str, Any]:
    started, stopped = execution.start_date, getattr(execution, "stop_date", None)
    return {
        "arn": execution.exec_arn,
        "workflow": machine.name,
        "name": execution.name,
        "status": execution.exec_status,
        "input": execution.input_data,
        "output": getattr(execution, "output", None),
        "error": getattr(execution, "error", None),
        "cause": getattr(execution, "cause", None),
        "startedAt": clock.iso(started) if started else None,
        "stoppedAt": clock.iso(stopped) if stopped else None,
    }
