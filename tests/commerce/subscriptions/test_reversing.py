"""A refund takes and gives back in the table: subscriptions, entitlements, card, history, audit (SUB-28 … SUB-30)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib.commerce import sellers, selling
from chalicelib.commerce.sellers import SoldLine, Taken, Taking
from chalicelib.commerce.subscriptions import repair_entitlements
from chalicelib.commerce.subscriptions.card import entries_of, merged
from chalicelib.commerce.subscriptions.effects import DAY
from chalicelib.commerce.subscriptions.items import (
    Entitlement,
    Subscription,
    changes_of,
    ending_on,
    entitlements_of,
    subscriptions_of,
)
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.audit import AuditEntry
from chalicelib.platform.errors import Conflict
from chalicelib.platform.ids import new_ulid
from infra.local.emulator import Emulator
from tests.commerce.selling import capture, card_of
from tests.commerce.subscriptions.test_activation import line
from tests.support.people import People, Person
from tests.support.races import just_before


@pytest.fixture
def student(people: People) -> Person:
    return people.student()


def _order() -> str:
    return f"TXN{new_ulid()}"


def _until_won(work: Callable[[store.Transaction], Any]) -> Any:
    """As payments does: who loses reads again."""
    for _ in range(50):
        tx = store.Transaction()
        done = work(tx)
        try:
            if len(tx):
                tx.commit()
        except (store.TransactionLost, Conflict):
            continue
        return done
    raise AssertionError("the race never ended")


def take(who: Person, lines: list[SoldLine], order_id: str, part: tuple[int, int] | None = None) -> Taken:
    """A refund's taking, in a transaction of its own."""
    taking = Taking(order_id, f"RF{new_ulid()}", clock.now(), part)
    seller = sellers.seller(selling.PLAN)
    taken: Taken = _until_won(lambda tx: seller.take_back(tx, card_of(who), lines, taking))
    return taken


def restore(who: Person, taken: Taken, order_id: str) -> None:
    """What happens when it failed."""
    taking = Taking(order_id, f"RF{new_ulid()}", clock.now())
    seller = sellers.seller(selling.PLAN)
    _until_won(lambda tx: seller.restore(tx, card_of(who), taken.facts, taking))


def held(who: Person) -> list[Subscription]:
    return store.every(subscriptions_of(who.id))


def ends(who: Person) -> dict[str, int]:
    """What the card opens: seconds until its end, by subject."""
    now = clock.epoch()
    return {
        ",".join(one["subjectIds"]) or one["kind"]: int(one["endsAt"]) - now
        for one in entries_of(card_of(who)).values()
        if int(one["endsAt"]) > now
    }


def agrees(who: Person) -> None:
    """The card says what subscriptions and entitlements say: the nightly check finds nothing to repair."""
    assert not repair_entitlements(card_of(who))
    families = card_of(who).subscriptions.as_dict()
    shown = {one["subId"]: int(one["endsAt"]) for family in families.values() for one in family["periods"]}
    now = clock.epoch()
    live = {str(one.id): int(one.ends_at.timestamp()) for one in held(who) if one.status == "ACTIVE"}
    assert {key: end for key, end in shown.items() if end > now} == {k: end for k, end in live.items() if end > now}


@pytest.mark.rule("SUB-28", "ENT-23", "ENT-20")
def test_taking_everything_leaves_a_cancelled_subscription_and_its_history(cloud: Emulator, student: Person) -> None:
    order_id = _order()
    capture(student, [line()], order_id=order_id)
    cloud.advance(10 * DAY)
    taken = take(student, [line()], order_id)
    assert taken.days == 20
    [subscription] = held(student)
    assert (subscription.status, subscription.cancel_reason) == ("CANCELLED", "REFUNDED")
    assert abs((clock.now() - subscription.ends_at).total_seconds()) < 5
    assert not subscription.gsi2pk
    assert subscription.row["status"] == "CANCELLED"
    assert sum(int(one["seconds"]) for one in subscription.slices) == 10 * DAY
    assert ends(student) == {}
    [entitlement] = store.every(entitlements_of(student.id))
    assert entitlement.ends_at == subscription.ends_at
    bought, revoked = store.every(changes_of(student.id, str(subscription.id)))
    assert (bought.change, revoked.change, int(revoked.seconds_delta)) == ("NEW", "REVOKE", -20 * DAY)
    assert revoked.after["status"] == "CANCELLED"
    told = [one for one in cloud.items() if one["kind"]["S"] == "AuditEntry"]
    assert "subscription.cancel" in {one["action"]["S"] for one in told}
    agrees(student)
    restore(student, taken, order_id)
    assert ends(student)["01J00000000000000000000001"] == pytest.approx(20 * DAY, abs=5)
    first, again = held(student)
    assert (first.status, again.status, again.plan_key) == ("CANCELLED", "ACTIVE", "month"), "never back (SUB-31)"
    assert list(again.order_ids) == [order_id]
    assert again.source == "PURCHASE"
    agrees(student)


@pytest.mark.rule("SUB-28", "PAY-82", "ENT-23")
def test_a_part_shortens_the_subscription_and_the_lists_it_is_in(cloud: Emulator, student: Person) -> None:
    order_id = _order()
    capture(student, [line()], order_id=order_id)
    before = held(student)[0].ends_at
    taken = take(student, [line()], order_id, (1, 3))
    assert taken.days == 10
    [subscription] = held(student)
    assert (before - subscription.ends_at).total_seconds() == 10 * DAY
    listed = store.every(ending_on(clock.academy_day(subscription.ends_at).isoformat()))
    assert [str(one.sk) for one in listed] == [str(subscription.sk)]
    agrees(student)
    restore(student, taken, order_id)
    assert held(student)[0].ends_at == before
    assert take(student, [line()], order_id).days == 30
    actions = [one["action"]["S"] for one in cloud.items() if one["kind"]["S"] == "AuditEntry"]
    told = [one for one in actions if one.startswith("subscription.")]
    assert told == ["subscription.activate", "subscription.shorten", "subscription.reinstate", "subscription.cancel"]


@pytest.mark.rule("SUB-29", "SUB-24")
def test_a_refunded_upgrade_brings_the_former_plan_back(cloud: Emulator, student: Person) -> None:
    first, second = _order(), _order()
    better = line("better", tier=2, grants=[{"kind": "ALL"}])
    capture(student, [line()], order_id=first)
    cloud.advance(20 * DAY)
    capture(student, [better], order_id=second)
    assert ends(student)["ALL"] == pytest.approx(40 * DAY, abs=5)
    taken = take(student, [better], second)
    assert ends(student) == {"01J00000000000000000000001": pytest.approx(10 * DAY, abs=10)}
    agrees(student)
    old, upgrade, back = held(student)
    assert [one.status for one in (old, upgrade, back)] == ["CANCELLED", "CANCELLED", "ACTIVE"]
    assert (back.plan_key, list(back.order_ids)) == ("month", [first])
    [change] = store.every(changes_of(student.id, str(back.id)))
    assert (change.change, change.merchant_transaction_id) == ("REINSTATE", second)
    restore(student, taken, second)
    assert ends(student)["ALL"] == pytest.approx(40 * DAY, abs=10)
    agrees(student)
    take(student, [better], second)
    take(student, [line()], first)
    assert ends(student) == {}
    agrees(student)


@pytest.mark.rule("SUB-28", "ENT-19", "ENT-21")
def test_what_was_merged_on_the_card_is_parted_again(student: Person) -> None:
    """Two purchases of one end stand as one entry; the refund of one leaves exactly the other, and what was revoked."""
    one_id, other_id = new_ulid(), new_ulid()
    both = [
        line("a", family="a", grants=[{"kind": "NOTES", "scope": {"subjectIds": [one_id]}}]),
        line("b", family="b", grants=[{"kind": "NOTES", "scope": {"subjectIds": [other_id]}}, {"kind": "TESTS"}]),
    ]
    orders = [_order(), _order()]
    at = clock.now()
    for one, order_id in zip(both, orders, strict=True):
        capture(student, [one], order_id=order_id, at=at)
    card = card_of(student)
    card.entitlements = merged(entries_of(card))
    store.put(card)
    assert set(ends(student)) == {",".join(sorted([one_id, other_id])), "TESTS"}
    gone = next(one for one in store.every(entitlements_of(student.id)) if one.opens == "TESTS")
    store.update(Entitlement, gone.itself, [Entitlement.revoked_at.set(clock.now())])
    store.update(AccessCard, card.itself, [AccessCard.entitlements[str(gone.id)].remove()])
    taken = take(student, [both[0]], orders[0])
    assert set(ends(student)) == {other_id}
    restore(student, taken, orders[0])
    assert set(ends(student)) == {one_id, other_id}
    taken = take(student, [both[1]], orders[1])
    assert set(ends(student)) == {one_id}
    restore(student, taken, orders[1])
    assert set(ends(student)) == {one_id, other_id}, "what staff revoked stays revoked"


@pytest.mark.rule("SUB-28")
def test_nothing_unused_takes_nothing(cloud: Emulator, student: Person) -> None:
    order_id = _order()
    capture(student, [line()], order_id=order_id)
    cloud.advance(31 * DAY)
    before = list(cloud.items())
    assert take(student, [line()], order_id) == Taken(0, {})
    assert take(student, [line()], _order()) == Taken(0, {})
    assert list(cloud.items()) == before


@pytest.mark.rule("SUB-28", "SUB-30", "QUAL-21")
def test_refunds_purchases_and_failures_of_one_family_at_once(student: Person) -> None:
    orders = [_order() for _ in range(6)]
    for order_id in orders[:4]:
        capture(student, [line()], order_id=order_id)

    def purchase(order_id: str) -> object:
        return capture(student, [line()], order_id=order_id)

    def there_and_back(order_id: str) -> object:
        restore(student, take(student, [line()], order_id), order_id)
        return order_id

    works: list[Callable[[], object]] = [
        lambda: take(student, [line()], orders[0]),
        lambda: take(student, [line()], orders[1], (1, 2)),
        lambda: there_and_back(orders[2]),
        lambda: purchase(orders[4]),
        lambda: purchase(orders[5]),
    ]
    with ThreadPoolExecutor(len(works)) as pool:
        for one in [pool.submit(work) for work in works]:
            one.result()
    [days] = ends(student).values()
    assert days == pytest.approx((6 * 30 - 30 - 15) * DAY, abs=60)
    agrees(student)
    for order_id in orders:
        take(student, [line()], order_id)
    assert ends(student) == {}
    agrees(student)


@pytest.mark.rule("SUB-28", "ENT-23")
def test_who_asked_stands_in_history_and_audit(cloud: Emulator, student: Person) -> None:
    order_id = _order()
    capture(student, [line()], order_id=order_id)
    refund_id = f"RF{new_ulid()}"
    taking = Taking(order_id, refund_id, clock.now(), (1, 2), None, "a mistake")
    tx = store.Transaction()
    sellers.seller(selling.PLAN).take_back(tx, card_of(student), [line()], taking)
    assert len(tx) <= 10
    tx.commit()
    [subscription] = held(student)
    change = store.every(changes_of(student.id, str(subscription.id)))[-1]
    facts = (change.merchant_transaction_id, change.merchant_refund_id, change.by, change.reason)
    assert facts == (order_id, refund_id, "SYSTEM", "a mistake")
    entry = next(one for one in cloud.items() if one.get("action", {}).get("S") == "subscription.shorten")
    told = store.get(AuditEntry, store.Key(entry["pk"]["S"], entry["sk"]["S"]))
    assert told is not None
    assert told.meta["merchantRefundId"] == refund_id
    assert (told.resource_id, told.reason) == (subscription.id, "a mistake")


@pytest.mark.rule("SUB-28", "QUAL-21")
def test_a_purchase_between_the_reads_hides_nothing(student: Person) -> None:
    first, second = _order(), _order()
    capture(student, [line()], order_id=first)
    card, tx = card_of(student), store.Transaction()
    taking = Taking(first, f"RF{new_ulid()}", clock.now())
    with just_before("Query", lambda: capture(student, [line()], order_id=second)):
        taken = sellers.seller(selling.PLAN).take_back(tx, card, [line()], taking)
    assert taken.days == 30
    try:
        tx.commit()
    except store.TransactionLost:
        # It came after the query of the subscriptions, beside that of the entitlements: then the write is refused.
        tx = store.Transaction()
        sellers.seller(selling.PLAN).take_back(tx, card_of(student), [line()], taking)
        tx.commit()
    assert list(ends(student).values()) == [pytest.approx(30 * DAY, abs=5)]
    agrees(student)
