"""A list endpoint's page: query, cursor and rows in one place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from chalicelib.platform.http import cursors
from chalicelib.platform.http.models import ListQuery, Page
from chalicelib.platform.store.items import ItemT
from chalicelib.platform.store.pages import Query, fetch

RowT = TypeVar("RowT")


def filters_of(query: ListQuery) -> dict[str, Any]:
    """What a cursor is bound to: the parameters that choose items."""
    return query.model_dump(exclude={"cursor", "limit"}, exclude_none=True, mode="json")


def page(
    list_id: str,
    caller_id: str,
    asked: ListQuery,
    query: Query[ItemT],
    row: Callable[[ItemT], RowT],
    *,
    filters: Mapping[str, Any] | None = None,
) -> Page[RowT]:
    """One page of ``query`` as ``row`` shows it. One round trip (up to 5 with filters, HTTP-17)."""
    bound = filters if filters is not None else filters_of(asked)
    start = cursors.open_(list_id, caller_id, bound, asked.cursor)
    found = fetch(query, limit=asked.limit, start=start)
    return Page(
        items=[row(item) for item in found.items],
        next_cursor=cursors.seal(list_id, caller_id, bound, found.next_key),
    )
