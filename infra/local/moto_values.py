"""DynamoDB's attribute values and items through moto, without its detours.

moto walks its service model for every value of every request and answer, ten members each; copies a value at each level
of its depth; measures the whole item for each attribute it sets; and turns an item into Python once for each attribute
that an index projects. Together that is most of the time of a call. What they do stays the same.
"""

from __future__ import annotations

import base64
import copy
from collections.abc import Callable
from typing import Any

from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.table import SecondaryIndex

ATTRIBUTE_VALUE = "AttributeValue"


def outward(value: Any) -> Any:
    """A value as it goes over the wire: bytes as base64."""
    if not isinstance(value, dict) or len(value) != 1:
        return value
    ((kind, content),) = value.items()
    if kind == "M":
        return {"M": {name: outward(one) for name, one in content.items()}}
    if kind == "L":
        return {"L": [outward(one) for one in content]}
    if kind == "B" and isinstance(content, bytes):
        return {"B": base64.b64encode(content).decode()}
    if kind == "BS":
        return {"BS": [base64.b64encode(one).decode() if isinstance(one, bytes) else one for one in content]}
    return value


def inward(value: Any) -> Any:
    """A value as moto keeps it: base64 as bytes."""
    if not isinstance(value, dict) or len(value) != 1:
        return value
    ((kind, content),) = value.items()
    if kind == "M":
        return {"M": {name: inward(one) for name, one in content.items()}}
    if kind == "L":
        return {"L": [inward(one) for one in content]}
    if kind == "B":
        return {"B": base64.b64decode(content)}
    if kind == "BS":
        return {"BS": [base64.b64decode(one) for one in content]}
    return value


def serializing(serialize: Callable[..., None]) -> Callable[..., None]:
    """For the serializer's structures."""

    def serialize_structure(serializer: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if shape.name == ATTRIBUTE_VALUE and key and isinstance(value, dict):
            serializer._default_serialize(serialized, outward(value), shape, key)
        else:
            serialize(serializer, serialized, value, shape, key)

    return serialize_structure


def parsing(parse: Callable[..., Any]) -> Callable[..., Any]:
    """For the parser's structures."""

    def parse_structure(parser: Any, shape: Any, value: Any) -> Any:
        if shape.name == ATTRIBUTE_VALUE and isinstance(value, dict) and len(value) == 1:
            return inward(value)
        return parse(parser, shape, value)

    return parse_structure


def regular(value: DynamoType) -> dict[str, Any]:
    """Replaces ``DynamoType.to_regular_json``."""
    content = value.value
    if isinstance(content, dict):
        return {value.type: {name: regular(one) for name, one in content.items()}}
    if value.type == "L":
        return {"L": [regular(one) for one in content]}
    if isinstance(content, list):
        return {value.type: list(content)}
    if value.type == "B" and isinstance(content, str):
        return {"B": base64.b64decode(content)}
    return {value.type: content}


def make_item(item: Item, hash_key: DynamoType, range_key: DynamoType | None, attrs: dict[str, Any]) -> None:
    """Replaces ``Item.__init__``: measures once."""
    item.hash_key, item.range_key = hash_key, range_key
    item.attrs = LimitedSizeDict()
    for name, value in attrs.items():
        dict.__setitem__(item.attrs, name, DynamoType(value))
    measure(item)


MAX_ITEM_BYTES = 400 * 1024


def measure(item: Item) -> None:
    """Raise moto's error for an item over 400 KiB."""
    if item.size() > MAX_ITEM_BYTES:
        raise ItemSizeTooLarge


def project(index: SecondaryIndex, item: Item) -> Item:
    """Replaces ``SecondaryIndex.project``."""
    kind = (index.projection or {}).get("ProjectionType", "ALL")
    if kind == "ALL":
        return item
    kept = {*index.table_key_attrs, *index.schema_key_attrs}
    if kind == "INCLUDE":
        kept.update(index.projection.get("NonKeyAttributes", []))
    made: Any = Item.__new__(Item)
    projected: Item = made
    projected.hash_key, projected.range_key = item.hash_key, item.range_key
    projected.attrs = LimitedSizeDict()
    for name, value in item.attrs.items():
        if name in kept:
            dict.__setitem__(projected.attrs, name, value)
    return projected


class SharedResults:
    """``copy`` for moto's tables: a query's results are written out under the same lock and need no copy."""

    @staticmethod
    def copy(value: Any) -> Any:
        return copy.copy(value)

    @staticmethod
    def deepcopy(value: Any, memo: Any = None) -> Any:
        if isinstance(value, Item):
            return value
        if isinstance(value, list) and value and isinstance(value[0], Item):
            return list(value)
        return copy.deepcopy(value, memo)
