"""Queries and their pages: order, ranges, filters, budgets, and stability while others insert."""

from __future__ import annotations

import pytest

from chalicelib.platform import store
from chalicelib.platform.store import Query, every, fetch
from infra.local.emulator import Emulator
from tests.platform.store.boxes import Box


def add(*names: str, pk: str = "SHELF", **more: object) -> None:
    for name in names:
        store.put(Box(pk, name, name=name, **more))


def names(found: store.Slice[Box]) -> list[str]:
    return [str(one.name) for one in found.items]


def test_order_prefix_and_range(cloud: Emulator) -> None:
    add("a1", "a2", "b1", "c1")
    assert names(fetch(Query(Box, "SHELF"), limit=10)) == ["a1", "a2", "b1", "c1"]
    assert names(fetch(Query(Box, "SHELF", descending=True), limit=2)) == ["c1", "b1"]
    assert names(fetch(Query(Box, "SHELF", begins_with="a"), limit=10)) == ["a1", "a2"]
    assert names(fetch(Query(Box, "SHELF", between=("a2", "b9")), limit=10)) == ["a2", "b1"]
    assert names(fetch(Query(Box, "EMPTY"), limit=10)) == []


def test_an_index_shows_its_row_and_nothing_else(cloud: Emulator) -> None:
    store.put(Box("BOX#1", "BOX", name="hidden", row={"title": "shown"}, gsi1pk="SHELF", gsi1sk="a"))
    store.put(Box("BOX#2", "BOX", name="hidden", row={"title": "second"}, gsi1pk="SHELF", gsi1sk="b"))
    first = fetch(Query(Box, "SHELF", index="gsi1"), limit=1)
    (item,) = first.items
    assert item.row.as_dict() == {"title": "shown"}
    assert item.version == 1
    assert item.name is None
    assert first.next_key == {"pk": "BOX#1", "sk": "BOX", "gsi1pk": "SHELF", "gsi1sk": "a"}
    rest = fetch(Query(Box, "SHELF", index="gsi1"), limit=5, start=first.next_key)
    assert [one.row.as_dict()["title"] for one in rest.items] == ["second"]


@pytest.mark.rule("HTTP-16")
@pytest.mark.parametrize("descending", [False, True])
def test_pages_neither_repeat_nor_skip_while_others_insert(cloud: Emulator, descending: bool) -> None:
    before = [f"m{number:02d}" for number in range(9)]
    add(*before)
    query = Query(Box, "SHELF", descending=descending)
    found: list[str] = []
    start = None
    for number in range(30):
        page = fetch(query, limit=2, start=start)
        found += names(page)
        start = page.next_key
        if start is None:
            break
        add(f"a{number:02d}", f"m{number:02d}+", f"z{number:02d}")
        if number >= 15:
            break
    seen = [name for name in found if name in before]
    assert seen == sorted(before, reverse=descending)
    assert len(found) == len(set(found))


def test_filters_fill_a_page_from_what_they_read(cloud: Emulator) -> None:
    add(*(f"{number:03d}" for number in range(30)), weight=1)
    add("100", "101", weight=2)
    by_condition = Query(Box, "SHELF", where=Box.weight == 2)
    by_code = Query(Box, "SHELF", keep=lambda one: one.weight == 2)
    for query in (by_condition, by_code):
        first = fetch(query, limit=1)
        assert names(first) == ["100"]
        assert names(fetch(query, limit=5, start=first.next_key)) == ["101"]


def test_everything_of_a_bounded_partition(cloud: Emulator) -> None:
    add(*(f"{number:03d}" for number in range(30)))
    assert len(every(Query(Box, "SHELF"))) == 30
    assert len(every(Query(Box, "SHELF", keep=lambda one: str(one.name) < "010"))) == 10


def test_an_unbounded_partition_is_refused_by_name_only(cloud: Emulator) -> None:
    large = "x" * 60_000
    for number in range(30):
        store.put(Box("SHELF#secret", f"{number:03d}", name=large))
    with pytest.raises(OverflowError, match="SHELF holds more than 5") as refused:
        every(Query(Box, "SHELF#secret"), most=5)
    assert "secret" not in str(refused.value)
