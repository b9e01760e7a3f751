"""Queries, and lists that travel in pages (HTTP-16, HTTP-17)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

from pynamodb.expressions.condition import Condition

from chalicelib.platform.aws import clients
from chalicelib.platform.records import frozen
from chalicelib.platform.store.conflicts import calling
from chalicelib.platform.store.items import Item, ItemT
from chalicelib.platform.store.keys import TABLE_NAME
from chalicelib.platform.store.table import Expressions, typed

T = TypeVar("T")

MAX_TABLE_PAGES = 5
MAX_ITEMS_READ = 1_000


@frozen
class Query(Generic[ItemT]):
    """One key condition: all items of a partition (of the table or an index), or a range of its sort keys."""

    item: type[ItemT]
    pk: str
    index: str | None = None
    begins_with: str | None = None
    between: tuple[str, str] | None = None
    descending: bool = False
    consistent: bool = False
    where: Condition | None = None
    keep: Callable[[ItemT], bool] | None = None

    def keywords(self, limit: int | None, start: Mapping[str, Any] | None) -> dict[str, Any]:
        """The keywords of the low-level call."""
        prefix = f"{self.index}" if self.index else ""
        names = {"#pk": f"{prefix}pk", "#sk": f"{prefix}sk"}
        values: dict[str, Any] = {":pk": {"S": self.pk}}
        condition = "#pk = :pk"
        if self.begins_with is not None:
            condition += " AND begins_with(#sk, :from)"
            values[":from"] = {"S": self.begins_with}
        elif self.between is not None:
            condition += " AND #sk BETWEEN :from AND :to"
            values[":from"], values[":to"] = {"S": self.between[0]}, {"S": self.between[1]}
        else:
            del names["#sk"]
        keywords: dict[str, Any] = {
            "TableName": TABLE_NAME(),
            "KeyConditionExpression": condition,
            "ScanIndexForward": not self.descending,
            "ReturnConsumedCapacity": "TOTAL",
        }
        if self.index:
            keywords["IndexName"] = self.index
        elif self.consistent:
            keywords["ConsistentRead"] = True
        if self.where is not None:
            expressions = Expressions()
            keywords["FilterExpression"] = expressions.condition(self.where)
            more = expressions.keywords()
            names.update(more.get("ExpressionAttributeNames", {}))
            values.update(more.get("ExpressionAttributeValues", {}))
        if limit is not None:
            keywords["Limit"] = limit
        if start:
            keywords["ExclusiveStartKey"] = {name: {"S": value} for name, value in start.items()}
        return {**keywords, "ExpressionAttributeNames": names, "ExpressionAttributeValues": values}


class Slice(NamedTuple, Generic[T]):
    """Some items of a list, and where the next ones begin (None: that was all)."""

    items: list[T]
    next_key: dict[str, str] | None


def _read(query: Query[ItemT], limit: int | None, start: Mapping[str, Any] | None) -> tuple[list[Any], Any]:
    answer = calling(lambda: clients.dynamodb().query(**query.keywords(limit, start)))
    return answer["Items"], answer.get("LastEvaluatedKey")


def fetch(query: Query[ItemT], *, limit: int, start: Mapping[str, str] | None = None) -> Slice[ItemT]:
    """Up to ``limit`` items that pass the query's filters.

    Filters are applied to what was read: at most 5 pages of the table and 1,000 items are read for one slice; it may
    hold fewer than ``limit``, even none, and still have a next one.
    """
    items: list[ItemT] = []
    key: Mapping[str, str] | None = start
    filtered = query.where is not None or query.keep is not None
    budget = MAX_ITEMS_READ
    for _ in range(MAX_TABLE_PAGES):
        size = min(budget, MAX_ITEMS_READ // MAX_TABLE_PAGES) if filtered else limit - len(items)
        raws, last = _read(query, size, key)
        budget -= size
        for position, raw in enumerate(raws):
            item = typed(query.item, raw)
            if item is None or (query.keep and not query.keep(item)):
                continue
            items.append(item)
            if len(items) == limit:
                more = last is not None or position < len(raws) - 1
                return Slice(items, start_key(query, item) if more else None)
        if last is None:
            return Slice(items, None)
        key = {name: value["S"] for name, value in last.items()}
    return Slice(items, dict(key) if key else None)


def start_key(query: Query[ItemT], item: Item) -> dict[str, str]:
    """The key at which a page after ``item`` begins."""
    key = {"pk": str(item.pk), "sk": str(item.sk)}
    if query.index:
        for part in ("pk", "sk"):
            name = f"{query.index}{part}"
            key[name] = str(getattr(item, name))
    return key


def every(query: Query[ItemT], *, most: int = 10_000) -> list[ItemT]:
    """All items of a bounded partition; ``OverflowError`` past ``most``, which the caller's rules exclude."""
    items: list[ItemT] = []
    key: Mapping[str, str] | None = None
    while True:
        raws, last = _read(query, None, key)
        found = (typed(query.item, raw) for raw in raws)
        items.extend(item for item in found if item is not None and (not query.keep or query.keep(item)))
        if last is None:
            return items
        if len(items) > most:
            raise OverflowError(f"{query.pk.split('#')[0]} holds more than {most} items")
        key = {name: value["S"] for name, value in last.items()}
