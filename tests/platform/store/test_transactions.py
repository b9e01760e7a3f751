"""Several writes together or not at all; who loses learns which condition and what was there."""

from __future__ import annotations

import threading

import pytest

from chalicelib.platform import store
from chalicelib.platform.errors import Conflict, Unavailable
from chalicelib.platform.store import Transaction, TransactionLost
from infra.local.emulator import Emulator
from tests.platform.store.boxes import Box, box, key


def weight(name: str) -> int | None:
    found = store.get(Box, key(name))
    return None if found is None else int(found.weight)


def test_all_kinds_of_writes_commit_together(cloud: Emulator) -> None:
    store.put(box("old", weight=1))
    store.put(box("gone"))
    store.put(box("guard", weight=5))
    tx = Transaction()
    tx.put(box("new", weight=7), when=store.absent(Box))
    tx.update(Box, key("old"), [Box.weight.add(1)], when=Box.weight == 1)
    tx.delete(Box, key("gone"), when=store.present(Box))
    tx.check(Box, key("guard"), Box.weight == 5)
    assert len(tx) == 4
    with cloud.calls.during() as calls:
        tx.commit()
    assert [call.operation for call in calls] == ["TransactWriteItems"]
    assert (weight("new"), weight("old"), weight("gone"), weight("guard")) == (7, 2, None, 5)


def test_one_lost_condition_loses_all_and_says_which(cloud: Emulator) -> None:
    store.put(box("old", weight=1))
    store.put(box("taken", weight=9))
    tx = Transaction()
    tx.update(Box, key("old"), [Box.weight.add(1)], name="count")
    tx.put(box("taken"), when=store.absent(Box), name="login:email")
    tx.check(Box, key("nobody"), store.present(Box), name="guard")
    with pytest.raises(TransactionLost) as lost:
        tx.commit()
    error = lost.value
    assert error.reasons == [None, "ConditionalCheckFailed", "ConditionalCheckFailed"]
    assert error.failed("login:email")
    assert error.failed("login")
    assert error.failed("guard")
    assert not error.failed("count")
    assert not error.failed("log")
    there = error.item("login:email")
    assert isinstance(there, Box)
    assert there.weight == 9
    assert error.item("guard") is None
    assert error.item("count") is None
    assert "login:email, guard" in str(error)
    assert weight("old") == 1


def test_a_transaction_touches_an_item_once_and_has_an_end(cloud: Emulator) -> None:
    tx = Transaction()
    tx.put(box("a"))
    with pytest.raises(ValueError, match="once"):
        tx.check(Box, key("a"), store.present(Box))
    for number in range(99):
        tx.put(box(f"n{number}"))
    with pytest.raises(ValueError, match="100"):
        tx.put(box("one too many"))
    assert len(tx) == 100
    assert weight("a") is None


def test_of_many_that_race_for_one_thing_one_wins(cloud: Emulator) -> None:
    outcomes: list[str] = []

    def race(number: int) -> None:
        tx = Transaction()
        tx.put(box("prize", weight=number), when=store.absent(Box), name="prize")
        tx.put(box(f"runner{number}"))
        try:
            tx.commit()
            outcomes.append("won")
        except TransactionLost as lost:
            outcomes.append("lost" if lost.failed("prize") else "wrong")
        except Conflict:
            outcomes.append("conflict")

    threads = [threading.Thread(target=race, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("won") == 1
    assert "wrong" not in outcomes
    winner = weight("prize")
    assert [number for number in range(8) if weight(f"runner{number}") is not None] == [winner]


@pytest.mark.rule("HTTP-28")
def test_conflicts_are_tried_again_and_then_told(cloud: Emulator) -> None:
    tx = Transaction()
    tx.put(box("a"), when=store.absent(Box))
    cloud.fault("dynamodb", "TransactWriteItems", "TransactionConflict", times=3)
    with cloud.calls.during() as calls:
        tx.commit()
    assert len(calls) == 4
    again = Transaction()
    again.put(box("b"))
    cloud.fault("dynamodb", "TransactWriteItems", "TransactionConflict", times=4)
    with pytest.raises(Conflict):
        again.commit()
    assert weight("b") is None


@pytest.mark.rule("HTTP-28")
@pytest.mark.parametrize("reason", ["ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_throttled_transaction_is_unavailable_not_a_fault_of_ours(cloud: Emulator, reason: str) -> None:
    tx = Transaction()
    tx.put(box("a"))
    fault = {"times": 4, "reasons": (reason,)}
    cloud.fault("dynamodb", "TransactWriteItems", "TransactionCanceledException", **fault)  # type: ignore[arg-type]
    with pytest.raises(Unavailable):
        tx.commit()
    assert weight("a") is None


def test_a_conflict_beside_a_lost_condition_is_lost(cloud: Emulator) -> None:
    tx = Transaction()
    tx.put(box("a"), when=store.absent(Box), name="a")
    tx.put(box("b"), when=store.absent(Box), name="b")
    reasons = ("ConditionalCheckFailed", "TransactionConflict")
    cloud.fault("dynamodb", "TransactWriteItems", "TransactionCanceledException", reasons=reasons)
    with pytest.raises(TransactionLost) as lost:
        tx.commit()
    assert lost.value.failed("a")
    assert not lost.value.failed("b")


def test_a_lost_answer_does_not_write_twice(cloud: Emulator) -> None:
    """The call took effect, its answer did not arrive: the same token makes the repetition harmless."""
    store.put(box("a", weight=1))
    tx = Transaction()
    tx.update(Box, key("a"), [Box.weight.add(1)])
    tx.put(box("once"), when=store.absent(Box))
    cloud.fault("dynamodb", "TransactWriteItems", "InternalServerError", after=True)
    with cloud.calls.during() as calls:
        tx.commit()
    assert len(calls) == 2
    assert weight("a") == 2
