"""The engine behind the table: moto, or Amazon's DynamoDB Local, which counts capacity as DynamoDB does."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.platform.aws import clients
from chalicelib.platform.store.keys import TABLE_NAME
from infra.local.emulator import Emulator

COUNTING = "dynamodb-local"


def true_units(cloud: Emulator) -> bool:
    """Whether the units of this engine are the real ones."""
    return cloud.engine == COUNTING


def put_raw(attributes: Mapping[str, str]) -> None:
    """Put an item of texts, whatever its kind demands."""
    raw = {name: {"S": value} for name, value in attributes.items()}
    clients.dynamodb().put_item(TableName=TABLE_NAME(), Item=raw)
