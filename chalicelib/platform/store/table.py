"""Reading and writing single items, and batches of reads. Several writes at once: ``transaction``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar, cast

from botocore.exceptions import ClientError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action, Update

from chalicelib.platform.aws import clients
from chalicelib.platform.errors import Unavailable
from chalicelib.platform.store.conflicts import calling, condition_failed
from chalicelib.platform.store.items import Item, ItemT, read
from chalicelib.platform.store.keys import TABLE_NAME, Key

T = TypeVar("T", bound=Item)

BATCH_LIMIT = 100


class Expressions:
    """Turns PynamoDB's conditions and actions into the keywords of one low-level call."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.values: dict[str, Any] = {}

    def condition(self, condition: Condition) -> str:
        return condition.serialize(self.names, self.values)

    def update(self, actions: Iterable[Action]) -> str:
        return cast(str, Update(*actions).serialize(self.names, self.values))

    def keywords(self) -> dict[str, Any]:
        keywords: dict[str, Any] = {}
        if self.names:
            keywords["ExpressionAttributeNames"] = {short: name for name, short in self.names.items()}
        if self.values:
            keywords["ExpressionAttributeValues"] = self.values
        return keywords


def absent(item: type[Item]) -> Condition:
    """The condition that there is no such item yet."""
    return cast(Condition, item.pk.does_not_exist())


def present(item: type[Item]) -> Condition:
    """The condition that the item is there."""
    return cast(Condition, item.pk.exists())


def typed(item: type[ItemT], raw: dict[str, Any] | None) -> ItemT | None:
    """The item of a stored image; ``TypeError`` when the key holds another kind than asked for."""
    if not raw:
        return None
    found = read(raw)
    if not isinstance(found, item):
        raise TypeError(f"the key of a {item.__name__} holds a {type(found).__name__}")
    return found


def get(item: type[ItemT], key: Key, *, consistent: bool = True) -> ItemT | None:
    """One item, or None. One round trip; 1 unit per 4 KiB (half of it when not consistent)."""
    answer = calling(
        lambda: clients.dynamodb().get_item(
            TableName=TABLE_NAME(), Key=key.raw(), ConsistentRead=consistent, ReturnConsumedCapacity="TOTAL"
        )
    )
    return typed(item, answer.get("Item"))


def get_many(keys: Sequence[Key], *, consistent: bool = True) -> list[Item | None]:
    """The items of up to 100 keys in the order of the keys, None where there is none. One round trip.

    A key may stand several times. Raises ``Unavailable`` when DynamoDB leaves keys unprocessed three times.
    """
    wanted = list(dict.fromkeys(keys))
    if len(wanted) > BATCH_LIMIT:
        raise ValueError(f"a batch reads at most {BATCH_LIMIT} items")
    found: dict[Key, Item] = {}
    remaining: list[Any] = [key.raw() for key in wanted]
    for _ in range(3):
        if not remaining:
            break
        request = {TABLE_NAME(): {"Keys": remaining, "ConsistentRead": consistent}}
        answer = calling(
            lambda request=request: clients.dynamodb().batch_get_item(  # type: ignore[misc]
                RequestItems=request, ReturnConsumedCapacity="TOTAL"
            )
        )
        for raw in answer["Responses"].get(TABLE_NAME(), []):
            item = read(raw)
            found[item.itself] = item
        remaining = answer.get("UnprocessedKeys", {}).get(TABLE_NAME(), {}).get("Keys", [])
    if remaining:
        raise Unavailable
    return [found.get(key) for key in keys]


def put(item: Item, *, when: Condition | None = None) -> None:
    """Write a whole item. Raises ``ConditionFailed`` with what was there."""
    expressions = Expressions()
    keywords: dict[str, Any] = {}
    if when is not None:
        keywords["ConditionExpression"] = expressions.condition(when)
        keywords["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    _write("put_item", Item=item.serialize(), **keywords, **expressions.keywords())


def update(item: type[ItemT], key: Key, actions: Sequence[Action], *, when: Condition | None = None) -> ItemT:
    """Change single attributes and answer the item as it is now. Raises ``ConditionFailed``.

    Without a condition DynamoDB creates what is not there; pass ``present(item)`` where that would be wrong.
    """
    expressions = Expressions()
    keywords: dict[str, Any] = {"UpdateExpression": expressions.update(actions)}
    if when is not None:
        keywords["ConditionExpression"] = expressions.condition(when)
        keywords["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    answer = _write("update_item", Key=key.raw(), ReturnValues="ALL_NEW", **keywords, **expressions.keywords())
    return cast(ItemT, typed(item, answer["Attributes"]))


def delete(item: type[Item], key: Key, *, when: Condition | None = None) -> None:
    """Remove an item; nothing there is fine unless ``when`` says otherwise. Raises ``ConditionFailed``."""
    expressions = Expressions()
    keywords: dict[str, Any] = {}
    if when is not None:
        keywords["ConditionExpression"] = expressions.condition(when)
        keywords["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    _write("delete_item", Key=key.raw(), **keywords, **expressions.keywords())


def _write(operation: str, **keywords: Any) -> dict[str, Any]:
    call = getattr(clients.dynamodb(), operation)
    try:
        return cast(
            dict[str, Any],
            calling(lambda: call(TableName=TABLE_NAME(), ReturnConsumedCapacity="TOTAL", **keywords)),
        )
    except ClientError as error:
        failed = condition_failed(error)
        if failed is not None:
            raise failed from error
        raise
