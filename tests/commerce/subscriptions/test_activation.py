"""A purchase takes effect: subscription, entitlements, card, history, audit, in one transaction."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.commerce import sellers
from chalicelib.commerce.sellers import CannotGrant, SoldLine
from chalicelib.commerce.subscriptions.card import entries_of, families_of
from chalicelib.commerce.subscriptions.effects import DAY
from chalicelib.commerce.subscriptions.items import (
    Entitlement,
    Subscription,
    SubscriptionChange,
    changes_of,
    entitlements_of,
    subscriptions_of,
)
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.audit import AuditEntry
from chalicelib.platform.ids import new_ulid
from infra.local.emulator import Emulator
from tests.commerce.selling import capture, card_of
from tests.support.people import People, Person

NOTES_OF = "01J00000000000000000000001"


def line(key: str = "month", **more: Any) -> SoldLine:
    """A line of an order, as the plan was sold."""
    snapshot = {
        "key": key,
        "name": "A month",
        "family": "main",
        "tier": 1,
        "durationDays": 30,
        "grants": [{"kind": "NOTES", "scope": {"subjectIds": [NOTES_OF]}}],
        **more,
    }
    return SoldLine("PLAN", key, snapshot)


@pytest.fixture
def student(people: People) -> Person:
    return people.student()


def subscriptions(person: Person) -> list[Subscription]:
    return store.every(subscriptions_of(person.id))


def entitlements(person: Person) -> list[Entitlement]:
    return store.every(entitlements_of(person.id))


def changes(person: Person, sub_id: str) -> list[SubscriptionChange]:
    return store.every(changes_of(person.id, sub_id))


def everything(cloud: Emulator, person: Person) -> Any:
    return cloud.items(f"USER#{person.id}")


def assert_card_agrees(person: Person) -> None:
    """The card holds exactly what of the items counts now or later."""
    card, now = card_of(person), clock.epoch()
    current = {
        str(one.id): (int(one.starts_at.timestamp()), int(one.ends_at.timestamp()))
        for one in entitlements(person)
        if one.ends_at.timestamp() > now
    }
    assert {name: (one["startsAt"], one["endsAt"]) for name, one in entries_of(card).items()} == current
    live = {
        (str(one.id), int(one.starts_at.timestamp()), int(one.ends_at.timestamp()))
        for one in subscriptions(person)
        if one.status == "ACTIVE" and one.ends_at.timestamp() > now
    }
    assert {(p.sub_id, p.starts_at, p.ends_at) for one in families_of(card).values() for p in one.periods} == live


@pytest.mark.rule("SUB-10", "SUB-22", "SUB-20")
def test_the_first_purchase_opens_a_subscription_from_now(cloud: Emulator, student: Person) -> None:
    at = clock.now()
    order = f"TXN{new_ulid()}"
    (effect,) = capture(student, [line()], order_id=order, at=at)
    assert effect.effect == "NEW"
    assert effect.starts_at == at.replace(microsecond=0)
    assert effect.ends_at - effect.starts_at == timedelta(seconds=30 * 86_400)
    (subscription,) = subscriptions(student)
    assert (subscription.id, subscription.status, subscription.source) == (effect.subscription_id, "ACTIVE", "PURCHASE")
    assert subscription.slices == [{"merchantTransactionId": order, "seconds": 30 * DAY, "at": int(at.timestamp())}]
    assert list(subscription.order_ids) == [order]
    (entitlement,) = entitlements(student)
    assert (entitlement.id,) == effect.entitlement_ids
    assert (entitlement.opens, entitlement.scope.as_dict()["subjectIds"]) == ("NOTES", [NOTES_OF])
    assert (entitlement.starts_at, entitlement.ends_at) == (effect.starts_at, effect.ends_at)
    (change,) = changes(student, effect.subscription_id)
    assert (change.change, int(change.seconds_delta), change.merchant_transaction_id) == ("NEW", 30 * DAY, order)
    assert_card_agrees(student)
    assert int(card_of(student).entitled_until) == int(effect.ends_at.timestamp())


@pytest.mark.rule("SUB-10")
def test_the_audit_trail_tells_of_it(cloud: Emulator, student: Person) -> None:
    order = f"TXN{new_ulid()}"
    (effect,) = capture(student, [line()], order_id=order)
    (entry,) = store.every(store.Query(AuditEntry, f"AUDIT#{clock.now():%Y-%m}"))
    assert (entry.action, entry.resource_id) == ("subscription.activate", effect.subscription_id)
    assert (entry.meta["merchantTransactionId"], entry.meta["userId"]) == (order, student.id)


@pytest.mark.rule("SUB-23", "SUB-10")
def test_again_after_it_succeeded_adds_up(student: Person) -> None:
    (first,) = capture(student, [line()])
    (second,) = capture(student, [line()], at=clock.now() + timedelta(days=5))
    assert (second.effect, second.subscription_id) == ("EXTEND", first.subscription_id)
    assert second.ends_at == first.ends_at + timedelta(days=30)
    (subscription,) = subscriptions(student)
    assert len(subscription.slices) == 2
    assert int(subscription.version) == 2
    assert subscription.gsi2pk == f"SUBEND#{clock.academy_day(second.ends_at).isoformat()}"
    assert [one.change for one in changes(student, first.subscription_id)] == ["NEW", "EXTEND"]
    assert_card_agrees(student)


@pytest.mark.rule("SUB-10")
def test_a_second_run_for_the_same_order_does_nothing(cloud: Emulator, student: Person) -> None:
    order = f"TXN{new_ulid()}"
    capture(student, [line()], order_id=order)
    before = everything(cloud, student)
    for _ in range(2):
        with pytest.raises(AssertionError, match="the race never ended"):
            capture(student, [line()], order_id=order)
        assert everything(cloud, student) == before
    assert len(subscriptions(student)[0].slices) == 1


@pytest.mark.rule("SUB-24")
def test_an_upgrade_takes_the_place_of_what_runs(student: Person) -> None:
    (first,) = capture(student, [line()])
    later = first.starts_at + timedelta(days=20)
    (second,) = capture(student, [line("better", tier=2, grants=[{"kind": "ALL"}])], at=later)
    assert second.effect == "UPGRADE"
    assert second.ends_at - later == timedelta(days=40)
    old, new = subscriptions(student)
    assert (old.status, old.cancel_reason, old.replaced_by) == ("CANCELLED", "UPGRADED", new.id)
    assert old.ends_at == later
    assert old.gsi2pk is None
    stored = entitlements(student)
    assert [one.ends_at for one in stored if one.subscription_id == old.id] == [later]
    assert list(entries_of(card_of(student))) == list(second.entitlement_ids)
    (change,) = changes(student, second.subscription_id)
    assert change.before.as_dict()["subscriptionId"] == first.subscription_id


@pytest.mark.rule("SUB-25", "SUB-24")
def test_less_waits_and_moves_when_more_is_bought(student: Person) -> None:
    high = [{"kind": "ALL"}]
    (first,) = capture(student, [line("two", tier=2, grants=high)])
    (second,) = capture(student, [line()])
    assert (second.effect, second.starts_at) == ("QUEUE", first.ends_at)
    (third,) = capture(student, [line("two", tier=2, grants=high)])
    assert third.effect == "EXTEND"
    _, waiting = subscriptions(student)
    assert waiting.starts_at == third.ends_at
    assert waiting.ends_at == third.ends_at + timedelta(days=30)
    assert_card_agrees(student)


@pytest.mark.rule("SUB-23")
def test_without_stacking_the_old_one_is_cancelled(student: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUBSCRIPTION_STACKING", "false")
    (first,) = capture(student, [line()])
    (second,) = capture(student, [line()])
    assert second.effect == "REPLACE"
    old, new = subscriptions(student)
    assert (old.id, old.status, old.cancel_reason) == (first.subscription_id, "CANCELLED", "REPLACED")
    assert new.ends_at == second.starts_at + timedelta(days=30)
    assert_card_agrees(student)


@pytest.mark.rule("SUB-21")
def test_families_run_side_by_side(student: Person) -> None:
    (first,) = capture(student, [line()])
    (second,) = capture(student, [line("tests", family="tests", tier=0, grants=[{"kind": "TESTS"}])])
    assert (first.effect, second.effect) == ("NEW", "NEW")
    assert [one.status for one in subscriptions(student)] == ["ACTIVE", "ACTIVE"]
    assert set(families_of(card_of(student))) == {"main", "tests"}


@pytest.mark.rule("SUB-10", "SUB-21")
def test_an_order_of_several_lines_is_one_change_of_the_card(student: Person) -> None:
    lines = [line(), line("two", tier=2, grants=[{"kind": "ALL"}]), line("other", family="other"), line()]
    effects = capture(student, lines)
    assert [one.effect for one in effects] == ["QUEUE", "NEW", "NEW", "QUEUE"]
    assert len(subscriptions(student)) == 3
    assert effects[0].starts_at == effects[1].ends_at
    assert effects[3].ends_at == effects[1].ends_at + timedelta(days=60)
    assert_card_agrees(student)


@pytest.mark.rule("SUB-10", "SUB-23")
def test_twenty_captures_of_one_family_at_once_all_count(student: Person) -> None:
    lines = [line("month"), line("year", durationDays=365)]
    with ThreadPoolExecutor(20) as pool:
        effects = list(pool.map(lambda number: capture(student, [lines[number % 2]])[0], range(20)))
    assert sorted(one.effect for one in effects) == ["EXTEND"] * 19 + ["NEW"]
    (subscription,) = subscriptions(student)
    assert len(subscription.slices) == 20
    assert len(set(subscription.order_ids)) == 20
    assert subscription.ends_at - subscription.starts_at == timedelta(days=10 * 30 + 10 * 365)
    assert len(changes(student, str(subscription.id))) == 20
    assert_card_agrees(student)


@pytest.mark.rule("SUB-21")
def test_captures_of_different_families_at_once_do_not_disturb_each_other(student: Person) -> None:
    with ThreadPoolExecutor(10) as pool:
        effects = list(pool.map(lambda number: capture(student, [line(family=f"f{number:02}")])[0], range(10)))
    assert {one.effect for one in effects} == {"NEW"}
    assert len(subscriptions(student)) == 10
    assert_card_agrees(student)


@pytest.mark.rule("ENT-19")
def test_ended_entitlements_leave_the_card_first(student: Person) -> None:
    (first,) = capture(student, [line(family="past")])
    capture(student, [line()], at=first.ends_at)
    assert first.entitlement_ids[0] not in entries_of(card_of(student))
    assert int(card_of(student).entitled_until) == int(first.ends_at.timestamp()) + 30 * DAY


def _full(people: People, count: int, **entry: Any) -> Person:
    now = clock.epoch()
    empty = {"subjectIds": [], "topicIds": [], "noteIds": [], "testIds": []}
    entries = {
        new_ulid(): {"kind": "TESTS", **empty, "startsAt": now, "endsAt": now + DAY + number, **entry}
        for number in range(count)
    }
    return people.student(entitlements=entries)


@pytest.mark.rule("ENT-19")
def test_a_card_that_is_full_cannot_be_granted_to(cloud: Emulator, people: People) -> None:
    student = _full(people, 30)
    before = everything(cloud, student)
    tried = store.Transaction()
    with pytest.raises(CannotGrant) as refused:
        sellers.seller("PLAN").grant(tried, card_of(student), [line()], f"TXN{new_ulid()}", clock.now())
    assert refused.value.reason == "ACCESS_CARD_FULL"
    assert len(tried) == 0
    assert everything(cloud, student) == before


@pytest.mark.rule("ENT-19")
def test_equal_entitlements_are_merged_when_there_is_no_room(people: People) -> None:
    end = clock.epoch() + 5 * DAY
    student = _full(people, 30, endsAt=end, subjectIds=[NOTES_OF])
    (effect,) = capture(student, [line()])
    entries = entries_of(card_of(student))
    (merged,) = [one for one in entries.values() if "of" in one]
    assert len(entries) == 2
    assert effect.entitlement_ids[0] in entries
    assert (merged["kind"], merged["subjectIds"], merged["endsAt"], len(merged["of"])) == ("TESTS", [NOTES_OF], end, 30)


@pytest.mark.rule("ENT-19")
def test_more_scope_ids_than_a_card_holds_cannot_be_granted(people: People) -> None:
    student = people.student()
    grants = [{"kind": "NOTES", "scope": {"noteIds": [new_ulid() for _ in range(200)]}} for _ in range(4)]
    with pytest.raises(CannotGrant):
        capture(student, [line(grants=grants)])
    assert subscriptions(student) == []


@pytest.mark.rule("ENT-20", "ENT-10")
def test_a_blocked_account_is_granted_all_the_same(people: People) -> None:
    student = people.student()
    store.update(AccessCard, AccessCard.place(student.id), [AccessCard.status.set("BLOCKED")])
    (effect,) = capture(student, [line()])
    assert effect.effect == "NEW"
    assert card_of(student).status == "BLOCKED"
