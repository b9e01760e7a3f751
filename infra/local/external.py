"""An AWS-compatible endpoint of somebody else instead of the emulated AWS (LOC-13): ``AWS_ENDPOINT_URL=…``.

The stage is created there from the same templates, and runs there: its Lambdas poll stream and queues, its workflows
invoke them. Calls still pass over our wire, so that they are recorded and faults can be injected.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

from botocore.httpsession import URLLib3Session

from chalicelib.platform import clock, settings
from chalicelib.platform.aws import clients
from chalicelib.platform.aws.bucket import BUCKET_NAME
from chalicelib.platform.store.keys import TABLE_NAME
from infra.local.wire import Reply

BATCH = 25


def chosen() -> bool:
    """Whether the environment names an endpoint."""
    return bool(os.environ.get("AWS_ENDPOINT_URL"))


class Endpoint:
    """Sends calls on, as botocore prepared them."""

    def __init__(self) -> None:
        self._http = URLLib3Session(timeout=120, max_pool_connections=64)

    def answer(self, request: Any) -> Reply:
        """What the endpoint answers."""
        answer = self._http.send(request)
        return answer.status_code, dict(answer.headers), answer.content


class RemoteTable:
    """The table, by its own calls."""

    def _pages(self) -> Iterator[dict[str, Any]]:
        yield from clients.dynamodb().get_paginator("scan").paginate(TableName=TABLE_NAME(), ConsistentRead=True)

    def items(self) -> list[dict[str, Any]]:
        """All items, as DynamoDB JSON."""
        return [item for page in self._pages() for item in page["Items"]]

    def empty(self) -> None:
        """No items."""
        keys = [{"pk": item["pk"], "sk": item["sk"]} for item in self.items()]
        for first in range(0, len(keys), BATCH):
            deletes = [{"DeleteRequest": {"Key": key}} for key in keys[first : first + BATCH]]
            clients.dynamodb().batch_write_item(RequestItems={TABLE_NAME(): deletes})


class RemoteData:
    """What ``aws_data`` does for moto, by the services' own calls."""

    def _keys(self) -> Iterator[dict[str, str]]:
        pages = clients.s3().get_paginator("list_object_versions").paginate(Bucket=BUCKET_NAME())
        for page in pages:
            for one in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                yield {"Key": one["Key"], "VersionId": one["VersionId"]}

    def objects(self) -> dict[str, bytes]:
        """The newest version of every object, by key."""
        listed = clients.s3().list_objects_v2(Bucket=BUCKET_NAME()).get("Contents", [])
        return {
            one["Key"]: clients.s3().get_object(Bucket=BUCKET_NAME(), Key=one["Key"])["Body"].read() for one in listed
        }

    def empty_bucket(self) -> None:
        """No objects, no versions."""
        for one in list(self._keys()):
            clients.s3().delete_object(Bucket=BUCKET_NAME(), **one)

    def _queues(self) -> list[str]:
        prefix = f"pathshala-{settings.STAGE()}-"
        return list(clients.sqs().list_queues(QueueNamePrefix=prefix).get("QueueUrls", []))

    def empty_queues(self) -> None:
        """No messages that can be seen; a purge is allowed once a minute, too seldom for tests."""
        sqs = clients.sqs()
        for url in self._queues():
            while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
                for one in messages:
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])

    def messages(self, physical: str) -> list[Any]:
        """Bodies of up to ten messages of a queue; they stay in it."""
        url = clients.sqs().get_queue_url(QueueName=physical)["QueueUrl"]
        answer = clients.sqs().receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        return [json.loads(one["Body"]) for one in answer.get("Messages", [])]

    def forget_executions(self) -> None:
        """Stop what runs; an endpoint keeps what ended."""
        for one in self.executions("RUNNING"):
            clients.stepfunctions().stop_execution(executionArn=one["arn"])

    def executions(self, status: str | None) -> list[dict[str, Any]]:
        """All executions, newest first."""
        states = clients.stepfunctions()
        found: list[dict[str, Any]] = []
        for machine in states.list_state_machines()["stateMachines"]:
            given = {"statusFilter": status} if status else {}
            listed = states.list_executions(stateMachineArn=machine["stateMachineArn"], **given)["executions"]
            found.extend(
                _execution(machine["name"], states.describe_execution(executionArn=one["executionArn"]))
                for one in listed
            )
        return sorted(found, key=lambda one: str(one["startedAt"]), reverse=True)


def _execution(workflow: str, described: dict[str, Any]) -> dict[str, Any]:
    stopped = described.get("stopDate")
    return {
        "arn": described["executionArn"],
        "workflow": workflow,
        "name": described["name"],
        "status": described["status"],
        "input": json.loads(described.get("input") or "null"),
        "output": described.get("output"),
        "error": described.get("error"),
        "cause": described.get("cause"),
        "startedAt": clock.iso(described["startDate"]),
        "stoppedAt": clock.iso(stopped) if stopped else None,
    }
