"""moto's ``TransactWriteItems``, done without copying the table.

Conditions are asked first, of the state before; then all writes happen; one that cannot be done undoes the others.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from moto.dynamodb.comparisons import get_filter_expression
from moto.dynamodb.exceptions import (
    MockValidationException,
    MultipleTransactionsException,
    TooManyTransactionsException,
    TransactionCanceledException,
)
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table

MAX_ACTIONS = 100
Reason = tuple[str | None, str | None, dict[str, Any] | None]


def transact(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
    """Replaces the method of moto's backend of this name; raises what it raises."""
    if len(transact_items) > MAX_ACTIONS:
        raise TooManyTransactionsException
    actions = [next(iter(item.items())) for item in transact_items]
    keys = [_key(backend, verb, one) for verb, one in actions]
    named = {(str(one["TableName"]), str(sorted(key.items()))) for (_, one), key in zip(actions, keys, strict=True)}
    if len(named) < len(actions):
        raise MultipleTransactionsException
    reasons = [_condition(backend, one, key) for (_, one), key in zip(actions, keys, strict=True)]
    if any(code is not None for code, _, _ in reasons):
        raise TransactionCanceledException(reasons)
    with ExitStack() as stack:
        for name in {str(one["TableName"]) for _, one in actions}:
            touched = [key for (_, one), key in zip(actions, keys, strict=True) if one["TableName"] == name]
            stack.enter_context(restoring(backend.get_table(name), touched))
        _apply(backend, actions, keys)


def _apply(
    backend: DynamoDBBackend, actions: Sequence[tuple[str, dict[str, Any]]], keys: Sequence[dict[str, Any]]
) -> None:
    for position, ((verb, one), key) in enumerate(zip(actions, keys, strict=True)):
        try:
            _write(backend, verb, one, key)
        except MockValidationException as error:
            reasons: list[Reason] = [(None, None, None)] * len(actions)
            reasons[position] = ("ValidationError", str(error), None)
            raise TransactionCanceledException(reasons) from error


def _write(backend: DynamoDBBackend, verb: str, one: dict[str, Any], key: dict[str, Any]) -> None:
    if verb == "Put":
        backend.put_item(one["TableName"], one["Item"])
    elif verb == "Delete":
        backend.delete_item(one["TableName"], key)
    elif verb == "Update":
        backend.update_item(
            one["TableName"],
            key,
            update_expression=one["UpdateExpression"],
            expression_attribute_names=one.get("ExpressionAttributeNames", {}),
            expression_attribute_values=one.get("ExpressionAttributeValues", {}),
        )


def _key(backend: DynamoDBBackend, verb: str, one: dict[str, Any]) -> dict[str, Any]:
    if verb != "Put":
        return dict(one["Key"])
    table = backend.get_table(one["TableName"])
    return {name: one["Item"][name] for name in (table.hash_key_attr, table.range_key_attr) if name}


def _condition(backend: DynamoDBBackend, one: dict[str, Any], key: dict[str, Any]) -> Reason:
    condition = one.get("ConditionExpression")
    if condition is None:
        return None, None, None
    current = backend.get_item(one["TableName"], key)
    names, values = one.get("ExpressionAttributeNames"), one.get("ExpressionAttributeValues")
    if get_filter_expression(condition, names, values).expr(current):
        return None, None, None
    item = None
    if one.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" and current is not None:
        item = current.to_json()["Attributes"]
    return "ConditionalCheckFailed", "The conditional request failed", item


@contextmanager
def restoring(table: Table, keys: Sequence[dict[str, Any]]) -> Iterator[None]:
    """Put the items of these keys, and the stream, back as they were when the block raises."""
    places = [_place(table, key) for key in keys]
    before = [copy.deepcopy(table.items[pk].get(sk)) if pk in table.items else None for pk, sk in places]
    length = len(table.stream_shard.items) if table.stream_shard is not None else 0
    try:
        yield
    except Exception:
        for (pk, sk), item in zip(places, before, strict=True):
            if item is not None:
                table.items[pk][sk] = item
            else:
                table.items.get(pk, {}).pop(sk, None)
        if table.stream_shard is not None:
            del table.stream_shard.items[length:]
        raise


def _place(table: Table, key: dict[str, Any]) -> tuple[DynamoType, DynamoType]:
    return DynamoType(key[table.hash_key_attr]), DynamoType(key[str(table.range_key_attr)])
