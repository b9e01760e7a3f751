"""Single items: read, write, change, remove, under conditions; the same on every engine."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chalicelib.platform import store
from chalicelib.platform.errors import Conflict, Unavailable
from chalicelib.platform.store import ConditionFailed, Item
from infra.local.emulator import Emulator
from tests.platform.store.boxes import Box, Lid, box, key


@pytest.mark.rule("LOC-14")
def test_what_is_written_is_read(cloud: Emulator) -> None:
    at = datetime(2026, 1, 31, 10, 0, 0, 123000, UTC)
    store.put(box("a", weight=12, colors={"red", "blue"}, parts=["x"], inside={"deep": {"n": 1}}, packed_at=at))
    found = store.get(Box, key("a"))
    assert found is not None
    assert (found.name, found.weight, found.colors, found.packed_at) == ("a", 12, {"red", "blue"}, at)
    assert found.inside.as_dict() == {"deep": {"n": 1}}
    assert (found.version, store.kind_of(Box), found.itself) == (1, "TestBox", key("a"))
    assert store.get(Box, key("b")) is None


def test_a_key_that_holds_another_kind_is_a_fault(cloud: Emulator) -> None:
    store.put(Lid(*key("a"), name="lid"))
    with pytest.raises(TypeError, match="the key of a Box"):
        store.get(Box, key("a"))
    found = store.get(Item, key("a"))
    assert isinstance(found, Lid)


def test_a_put_under_a_condition_tells_what_was_there(cloud: Emulator) -> None:
    store.put(box("a", weight=1), when=store.absent(Box))
    with pytest.raises(ConditionFailed) as failed:
        store.put(box("a", weight=2), when=store.absent(Box))
    assert isinstance(failed.value.item, Box)
    assert failed.value.item.weight == 1
    with pytest.raises(ConditionFailed) as missing:
        store.put(box("b"), when=Box.weight == 5)
    assert missing.value.item is None
    assert store.get(Box, key("b")) is None


def test_an_update_changes_single_attributes_and_answers_the_whole(cloud: Emulator) -> None:
    store.put(box("a", weight=1, parts=["x"]))
    now = store.update(Box, key("a"), [Box.weight.add(2), Box.version.add(1), Box.name.set("b")])
    assert (now.weight, now.version, now.name, now.parts) == (3, 2, "b", ["x"])
    with pytest.raises(ConditionFailed) as failed:
        store.update(Box, key("a"), [Box.weight.set(0)], when=Box.version == 1)
    assert failed.value.item is not None
    assert failed.value.item.version == 2
    with pytest.raises(ConditionFailed):
        store.update(Box, key("nobody"), [Box.weight.set(0)], when=store.present(Box))
    assert store.get(Box, key("nobody")) is None


def test_an_update_of_one_path_leaves_the_others(cloud: Emulator) -> None:
    store.put(box("a", inside={"one": 1, "two": {"deep": 2}}))
    store.update(Box, key("a"), [Box.inside["two"]["deep"].set(3), Box.inside["three"].set(4)])
    found = store.get(Box, key("a"))
    assert found is not None
    assert found.inside.as_dict() == {"one": 1, "two": {"deep": 3}, "three": 4}
    store.update(Box, key("a"), [Box.inside["one"].remove()])
    found = store.get(Box, key("a"))
    assert found is not None
    assert "one" not in found.inside.as_dict()


def test_deleting_is_harmless_twice_and_can_be_conditional(cloud: Emulator) -> None:
    store.put(box("a"))
    with pytest.raises(ConditionFailed):
        store.delete(Box, key("a"), when=Box.version == 7)
    assert store.get(Box, key("a")) is not None
    store.delete(Box, key("a"))
    store.delete(Box, key("a"))
    assert store.get(Box, key("a")) is None


def test_many_are_read_in_order_in_one_round_trip(cloud: Emulator) -> None:
    for name in "abc":
        store.put(box(name))
    with cloud.calls.during() as calls:
        found = store.get_many([key("c"), key("nobody"), key("a"), key("c")])
    assert [one.name if isinstance(one, Box) else None for one in found] == ["c", None, "a", "c"]
    assert [call.operation for call in calls] == ["BatchGetItem"]
    with pytest.raises(ValueError, match="100"):
        store.get_many([key(str(number)) for number in range(101)])


@pytest.mark.rule("HTTP-28")
@pytest.mark.parametrize("error", ["Throttling", "InternalServerError", "ConnectTimeout", "Unreachable"])
def test_a_busy_table_is_asked_at_most_three_times_more(cloud: Emulator, error: str) -> None:
    store.put(box("a"))
    cloud.fault("dynamodb", "GetItem", error, times=3)
    assert store.get(Box, key("a")) is not None
    cloud.fault("dynamodb", "GetItem", error, times=4)
    with cloud.calls.during() as calls, pytest.raises(Unavailable) as refused:
        store.get(Box, key("a"))
    assert len(calls) == 4
    assert refused.value.headers["Retry-After"] == "1"


@pytest.mark.rule("HTTP-28")
def test_a_conflict_that_persists_is_the_callers(cloud: Emulator) -> None:
    store.put(box("a", weight=1))
    cloud.fault("dynamodb", "UpdateItem", "TransactionConflict", times=4)
    with pytest.raises(Conflict):
        store.update(Box, key("a"), [Box.weight.add(1)])
    found = store.get(Box, key("a"))
    assert found is not None
    assert found.weight == 1


def test_a_condition_that_does_not_hold_is_not_tried_again(cloud: Emulator) -> None:
    store.put(box("a"))
    with cloud.calls.during() as calls, pytest.raises(ConditionFailed):
        store.put(box("a"), when=store.absent(Box))
    assert len(calls) == 1
