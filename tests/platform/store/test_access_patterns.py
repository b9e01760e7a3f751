"""The table of access patterns, run: round trips on every engine, units where they are the real ones."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from chalicelib.platform import store
from chalicelib.platform.store import Item, Key, Query
from chalicelib.platform.store.items import kind_of
from chalicelib.platform.store.patterns import AccessPattern
from infra.local.emulator import Emulator
from infra.package import data_model
from tests.support.engine import put_raw, true_units

EVERY = [(domain, pattern) for domain, found in data_model.patterns().items() for pattern in found]


def _items(pattern: AccessPattern) -> list[dict[str, str]]:
    """What must be there for the question to have an answer: one item per key, or one in the query's range."""
    if not isinstance(pattern.read, Query):
        keys = [pattern.read] if isinstance(pattern.read, Key) else list(pattern.read)
        return [{"pk": key.pk, "sk": key.sk, "kind": "AccessCard"} for key in keys]
    query = pattern.read
    first = query.begins_with or (query.between[0] if query.between else "A")
    kind = "AccessCard" if query.item is Item else kind_of(query.item)
    if query.index is None:
        return [{"pk": query.pk, "sk": f"{first}1" if not query.between else first, "kind": kind}]
    return [{"pk": "ANY", "sk": "ANY", "kind": kind, f"{query.index}pk": query.pk, f"{query.index}sk": first}]


def _ask(pattern: AccessPattern) -> list[Any]:
    """The read itself, without what a domain does with the rows."""
    if isinstance(pattern.read, Key):
        return [store.get(Item, pattern.read, consistent=pattern.consistent)]
    if isinstance(pattern.read, Query):
        return list(store.fetch(dataclasses.replace(pattern.read, keep=None), limit=20).items)
    return store.get_many(pattern.read, consistent=pattern.consistent)


@pytest.mark.parametrize(("domain", "pattern"), EVERY, ids=[f"{domain}: {one.question}" for domain, one in EVERY])
def test_a_question_costs_what_its_pattern_says(domain: str, pattern: AccessPattern, cloud: Emulator) -> None:
    for item in _items(pattern):
        put_raw(item)
    with cloud.calls.during() as calls:
        answer = _ask(pattern)
    assert answer
    assert None not in answer
    assert [call.name for call in calls] == [f"dynamodb.{pattern.served_by.split()[0]}"] * pattern.round_trips
    if true_units(cloud):
        assert sum(call.units for call in calls) == pattern.units


def test_a_consistent_query_is_of_the_table() -> None:
    """An index answers eventually; a pattern that says otherwise misleads."""
    for _, pattern in EVERY:
        if isinstance(pattern.read, Query):
            assert pattern.consistent == (pattern.read.consistent and pattern.read.index is None), pattern.question


def test_every_domain_states_its_patterns() -> None:
    """A kind of item nobody says how to reach is one that nobody counted."""
    silent = {data_model._domain(kind.__module__) for kind in data_model.kinds()} - set(data_model.patterns())
    assert silent == set()


def test_the_page_is_what_the_code_says() -> None:
    assert not data_model.outdated(), "run make docs"
