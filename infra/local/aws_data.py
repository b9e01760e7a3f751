"""Looking into the emulated AWS from outside, and emptying it: what tests assert on and what a reset does."""

from __future__ import annotations

import base64
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

    def put(self, items: list[dict[str, Any]]) -> None:
        """Items as they were, without a word on the stream."""
        table = backend("dynamodb").tables[TABLE_NAME()]
        for item in items:
            table.put_item(item)
        if table.stream_shard is not None:
            table.stream_shard.starting_sequence_number += len(table.stream_shard.items)
            table.stream_shard.items.clear()


def _s3() -> Any:
    """moto's S3, which is global."""
    from moto.backends import get_backend

    return get_backend("s3")[ACCOUNT]["aws"]


def bucket() -> Any:
    """moto's own bucket."""
    return _s3().buckets[BUCKET_NAME()]


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


def versions() -> list[dict[str, Any]]:
    """Every version of every object: ``{key, version, body (base64), contentType, tags}``."""
    own = bucket()
    tagger = _s3().tagger
    return [
        {
            "key": key.name,
            "version": key._version_id,
            "body": base64.b64encode(bytes(key.value)).decode(),
            "contentType": key.metadata.get("Content-Type", "application/octet-stream"),
            "tags": tagger.get_tag_dict_for_resource(key.arn),
        }
        for name in own.keys
        for key in own.keys.getlist(name)
        if hasattr(key, "value")
    ]


def put_versions(found: list[dict[str, Any]]) -> None:
    """Put back what ``versions`` answered."""
    s3 = _s3()
    for one in found:
        key = s3.put_object(BUCKET_NAME(), one["key"], base64.b64decode(one["body"]), disable_notification=True)
        key._version_id = one["version"]
        key.set_metadata({"Content-Type": one["contentType"]})
        s3.tagger.tag_resource(key.arn, s3.tagger.convert_dict_to_tags_input(one["tags"]))
