"""What an AWS call is about: the IAM actions it needs, the resources it touches, the leading keys it names.

Read from the request as it goes over the wire, so that the proof of grants sees what the service would see.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any
from urllib.parse import unquote, urlsplit

SERVICES = {"sfn": "states", "stepfunctions": "states", "dynamodb-streams": "dynamodbstreams", "sesv2": "ses"}
"""Names of a service → the one used here, which is its prefix in IAM actions (streams count as ``dynamodb`` there)."""

_EQUAL = re.compile(r"(#?\w+)\s*=\s*(:\w+)")
_TRANSACTED = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}
_BATCHED = {"BatchGetItem": "BatchGetItem", "BatchWriteItem": "BatchWriteItem"}
_HIDES = "ChangeMessageVisibility"
_S3_ACTIONS = {
    "HeadObject": ("s3:GetObject",),
    "HeadBucket": ("s3:ListBucket",),
    "ListObjectsV2": ("s3:ListBucket",),
    "DeleteObjects": ("s3:DeleteObject",),
    "GetObjectTagging": ("s3:GetObjectTagging",),
    "CreateMultipartUpload": ("s3:PutObject",),
    "UploadPart": ("s3:PutObject",),
    "CompleteMultipartUpload": ("s3:PutObject",),
    "ListParts": ("s3:ListMultipartUploadParts",),
}
_S3_VERSIONED = {
    "s3:GetObject": "s3:GetObjectVersion",
    "s3:DeleteObject": "s3:DeleteObjectVersion",
    "s3:GetObjectTagging": "s3:GetObjectVersionTagging",
    "s3:PutObjectTagging": "s3:PutObjectVersionTagging",
}
"""Actions on a version of an object are others than on the object."""


@dataclass(frozen=True)
class Access:
    """One action on one resource, as IAM decides it. ``leading_key``: the partition key, for items of the table."""

    action: str
    resource: str
    leading_key: str | None = None

    def kind(self) -> Access:
        """The same without what tells one thing from another of its kind: policies speak of prefixes only."""
        key = self.leading_key and self.leading_key.partition("#")[0] + "#"
        parts = self.resource.split("/")
        resource = "/".join(parts[:2]) if self.action.startswith("s3:") else self.resource
        return Access(self.action, resource, key)


@dataclass(frozen=True)
class Target:
    """``actions``: IAM actions. ``resources``: ``table/name``, ``table/name/index/gsi1``, ``bucket/key``, queue,
    parameter or state machine names. ``leading_keys``: partition keys of the table that the call names. ``hidden``: the
    receipt of a queue's message that the call hides, and for how many seconds."""

    actions: tuple[str, ...]
    resources: tuple[str, ...] = ()
    leading_keys: tuple[str, ...] = ()
    parts: tuple[Access, ...] = ()
    hidden: tuple[str, int] | None = None

    def accesses(self) -> tuple[Access, ...]:
        """Every single decision that this call needs."""
        if self.parts:
            return self.parts
        return tuple(Access(action, resource) for action in self.actions for resource in self.resources or ("",))


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
    reader = _READERS.get(service)
    return reader(operation, _json(body)) if reader is not None else Target((f"{service}:{operation}",))


def _stream(operation: str, given: dict[str, Any]) -> Target:
    return Target((f"dynamodb:{operation}",), (str(given.get("StreamArn", "")),))


def _queue(operation: str, given: dict[str, Any]) -> Target:
    action = {"SendMessageBatch": "SendMessage", "DeleteMessageBatch": "DeleteMessage"}.get(operation, operation)
    name = str(given.get("QueueUrl") or given.get("QueueName") or "").rsplit("/", 1)[-1]
    hidden = (str(given["ReceiptHandle"]), int(given["VisibilityTimeout"])) if action == _HIDES else None
    return Target((f"sqs:{action}",), (name,), hidden=hidden)


def _parameters(operation: str, given: dict[str, Any]) -> Target:
    names = [given["Name"]] if "Name" in given else list(given.get("Names", []))
    return Target((f"ssm:{operation}",), tuple(names))


def _machine(operation: str, given: dict[str, Any]) -> Target:
    arn = str(given.get("stateMachineArn") or given.get("executionArn") or "")
    return Target((f"states:{operation}",), (arn.rsplit(":", 1)[-1],))


def _mail(operation: str, given: dict[str, Any]) -> Target:
    """The identity of the sender, and the configuration set; a raw message needs a second action."""
    if operation != "SendEmail":
        return Target((f"ses:{operation}",))
    actions = ("ses:SendEmail", *(("ses:SendRawEmail",) if "Raw" in given.get("Content", {}) else ()))
    sender = parseaddr(str(given.get("FromEmailAddress", "")))[1]
    configuration = given.get("ConfigurationSetName")
    also = (f"configuration-set/{configuration}",) if configuration else ()
    return Target(actions, (f"identity/{sender.rpartition('@')[2]}", *also))


def _json(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _bucket(operation: str, url: str) -> Target:
    parts = urlsplit(url)
    host, path = parts.netloc.split(".s3.")[0], unquote(parts.path.lstrip("/"))
    resource = "/".join(filter(None, (host, path))) if ".s3." in parts.netloc else path
    actions: tuple[str, ...] = _S3_ACTIONS.get(operation, (f"s3:{operation}",))
    if "versionId=" in parts.query:
        actions = tuple(_S3_VERSIONED.get(action, action) for action in actions)
    return Target(actions, (resource,))


def _table(operation: str, given: dict[str, Any]) -> Target:
    actions: list[str] = []
    resources: list[str] = []
    keys: list[str] = []
    parts: list[Access] = []
    for action, one in _parts(operation, given):
        actions.append(f"dynamodb:{action}")
        resource = f"table/{one.get('TableName', '')}"
        if one.get("IndexName"):
            resource += f"/index/{one['IndexName']}"
        resources.append(resource)
        key = _leading_key(one)
        if key is not None:
            keys.append(key)
        parts.append(Access(f"dynamodb:{action}", resource, key))
    every = (tuple(dict.fromkeys(found)) for found in (actions, resources, keys, parts))
    return Target(*every)  # type: ignore[arg-type]  # in the order of its fields


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


_READERS: dict[str, Callable[[str, dict[str, Any]], Target]] = {
    "dynamodb": _table,
    "dynamodbstreams": _stream,
    "sqs": _queue,
    "ssm": _parameters,
    "states": _machine,
    "ses": _mail,
}
