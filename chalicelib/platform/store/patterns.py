"""Access patterns: how each question to the table is answered, what it costs.

They stand in each domain's ``items.py`` beside the keys, as the very reads that the domain makes, with ``<…>`` where
an id would be. A test runs each and compares round trips and capacity units; ``docs/data-model.md`` is generated from
them.
"""

from __future__ import annotations

from typing import Any

from chalicelib.platform.records import frozen
from chalicelib.platform.store.keys import Key
from chalicelib.platform.store.pages import Query


@frozen
class AccessPattern:
    """``units``: read capacity for items of up to 4 KiB each (consistent: 1 an item; else half; a query: one page)."""

    question: str
    read: Key | tuple[Key, ...] | Query[Any]
    units: float
    consistent: bool = True
    round_trips: int = 1

    @property
    def served_by(self) -> str:
        """Table or index, and the call."""
        if isinstance(self.read, Query):
            return f"Query {self.read.index or 'table'}"
        return "BatchGetItem" if not isinstance(self.read, Key) else "GetItem"

    @property
    def condition(self) -> str:
        """The key condition, with placeholders."""
        if isinstance(self.read, Query):
            query = self.read
            prefix = query.index or ""
            text = f"{prefix}pk = {query.pk}"
            if query.begins_with is not None:
                text += f", {prefix}sk begins with {query.begins_with}"
            if query.between is not None:
                text += f", {prefix}sk from {query.between[0]} to {query.between[1]}"
            return text + (", newest first" if query.descending else "")
        keys = (self.read,) if isinstance(self.read, Key) else self.read
        return "; ".join(f"{key.pk} / {key.sk}" for key in keys)
