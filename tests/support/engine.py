"""The engine behind the table: moto, or Amazon's DynamoDB Local, which counts capacity as DynamoDB does."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from typing import Any

from chalicelib.platform.access import epoch
from chalicelib.platform.aws import clients
from chalicelib.platform.store.keys import TABLE_NAME
from infra.local.dynamodb_local import DynamoLocal
from infra.local.emulator import Emulator
from infra.local.moto_aws import backend

COUNTING = "dynamodb-local"


def true_units(cloud: Emulator) -> bool:
    """Whether the units of this engine are the real ones."""
    return cloud.engine == COUNTING


def put_raw(attributes: Mapping[str, str]) -> None:
    """Put an item of texts, whatever its kind demands."""
    raw = {name: {"S": value} for name, value in attributes.items()}
    clients.dynamodb().put_item(TableName=TABLE_NAME(), Item=raw)


def kept(cloud: Emulator) -> Any:
    """The table as it is now, to be put back by ``put_back``."""
    if isinstance(cloud.table, DynamoLocal):
        return cloud.table.items()
    return copy.deepcopy(backend("dynamodb").tables[TABLE_NAME()].items)


def put_back(cloud: Emulator, before: Any, touched: Collection[str]) -> None:
    """The table as it was; what happened since is not on the stream either. ``touched``: the partitions written to."""
    if isinstance(cloud.table, DynamoLocal):
        cloud.table.empty()
        for item in before:
            cloud.table.call("PutItem", {"TableName": TABLE_NAME(), "Item": item})
    else:
        items = backend("dynamodb").tables[TABLE_NAME()].items
        for key in {key for key in (*items, *before) if key.value in touched}:
            items.pop(key, None)
            if key in before:
                items[key] = copy.deepcopy(before[key])
    cloud.pumps.reset()
    # What a container keeps of the table has to go back with it.
    epoch.keep(None)
