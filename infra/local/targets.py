"""What an AWS call is about: the IAM actions it needs, the resources it touches, the leading keys it names.

Read from the request as it goes over the wire, so that the proof of grants sees what the service would see.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

SERVICES = {"sfn": "states", "stepfunctions": "states", "dynamodb-streams": "dynamodbstreams", "sesv2": "ses"}
"""Names of a service → the one used here, which is its prefix in IAM actions (streams count as ``dynamodb`` there)."""

_EQUAL = re.compile(r"(#?\w+)\s*=\s*(:\w+)")
_TRANSACTED = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}
_BATCHED = {"BatchGetItem": "BatchGetItem", "BatchWriteItem": "BatchWriteItem"}
_S3_ACTIONS = {
    "HeadObject": ("s3:GetObject",),
    "HeadBucket": ("s3:ListBucket",),
    "ListObjectsV2": ("s3:ListBucket",),
    "DeleteObjects": ("s3:DeleteObject",),
    "GetObjectTagging": ("s3:GetObjectTagging",),
}


@dataclass(frozen=True)
class Target:
    """``actions``: IAM actions. ``resources``: ``table/name``, ``table/name/index/gsi1``, ``bucket/key``, queue, parameter or
    state machine names. ``leading_keys``: partition keys of the table that the call names."""

    actions: tuple[str, ...]
    resources: tuple[str, ...] = ()
    leading_keys: tuple[str, ...] = ()


def service_name(name: str) -> str:
    """The one name of a service here."""
    lowered = name.lower()
    return SERVICES.get(lowered, lowered)


def target_of(service: str, operation: str, url: str, body: bytes) -> Target:
    """The target of one request. Unknown services have their operation as action and no resource."""
    if service == "s3":
        return _bucket(operation, url)
    if service == "lambda" and operation == "Invoke":
        return Target(("lambda:InvokeFunction",), (unquote(urlsplit(url).path.split("/")[3]),))
    given = _json(body)
    if service == "dynamodb":
        return _table(operation, given)
    if service == "dynamodbstreams":
        return Target((f"dynamodb:{operation}",), (str(given.get("StreamArn", "")),))
    if service == "sqs":
        action = {"SendMessageBatch": "SendMessage", "DeleteMessageBatch": "DeleteMessage"}.get(operation, operation)
        name = str(given.get("QueueUrl") or given.get("QueueName") or "").rsplit("/", 1)[-1]
        return Target((f"sqs:{action}",), (name,))
    if service == "ssm":
        names = [given["Name"]] if "Name" in given else list(given.get("Names", []))
        return Target((f"ssm:{operation}",), tuple(names))
    if service == "states":
        arn = str(given.get("stateMachineArn") or given.get("executionArn") or "")
        return Target((f"states:{operation}",), (arn.rsplit(":", 1)[-1],))
    return Target((f"{service}:{operation}",))


def _json(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _bucket(operation: str, url: str) -> Target:
    parts = urlsplit(url)
    host, path = parts.netloc.split(".s3.")[0], unquote(parts.path.lstrip("/"))
    if ".s3." in parts.netloc:
        resource = f"{host}/{path}" if path else host
    else:
        resource = path
    return Target(_S3_ACTIONS.get(operation, (f"s3:{operation}",)), (resource,))


def _table(operation: str, given: dict[str, Any]) -> Target:
    actions: list[str] = []
    resources: list[str] = []
    keys: list[str] = []
    for action, one in _parts(operation, given):
        actions.append(f"dynamodb:{action}")
        resource = f"table/{one.get('TableName', '')}"
        if one.get("IndexName"):
            resource += f"/index/{one['IndexName']}"
        resources.append(resource)
        key = _leading_key(one)
        if key is not None:
            keys.append(key)
    return Target(tuple(dict.fromkeys(actions)), tuple(dict.fromkeys(resources)), tuple(dict.fromkeys(keys)))


def _parts(operation: str, given: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each single action of a call with its own parameters."""
    if operation == "TransactWriteItems":
        for item in given.get("TransactItems", []):
            for verb, one in item.items():
                yield _TRANSACTED[verb], one
    elif operation == "TransactGetItems":
        for item in given.get("TransactItems", []):
            yield "GetItem", item["Get"]
    elif operation in _BATCHED:
        for table, request in given.get("RequestItems", {}).items():
            keys = request["Keys"] if isinstance(request, dict) else [next(iter(one.values())) for one in request]
            for key in keys:
                yield _BATCHED[operation], {"TableName": table, "Key": key.get("Key") or key.get("Item") or key}
    else:
        yield operation, given


def _leading_key(one: dict[str, Any]) -> str | None:
    key = one.get("Key") or one.get("Item") or {}
    if "pk" in key:
        return str(key["pk"]["S"])
    condition = one.get("KeyConditionExpression")
    if not isinstance(condition, str):
        return None
    for name, value in _EQUAL.findall(condition):
        real = one.get("ExpressionAttributeNames", {}).get(name, name)
        if str(real).endswith("pk"):
            return str(next(iter(one.get("ExpressionAttributeValues", {}).get(value, {}).values()), ""))
    return None
