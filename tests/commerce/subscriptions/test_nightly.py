"""What time does to subscriptions: they expire once, people are reminded once, nothing waits (SUB-11 … SUB-13)."""

from __future__ import annotations

import json
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest

from chalicelib.commerce.sellers import SoldLine
from chalicelib.commerce.subscriptions.items import (
    Subscription,
    SubscriptionChange,
    SubscriptionReminder,
    SubscriptionRun,
    changes_of,
    subscriptions_of,
)
from chalicelib.commerce.subscriptions.runs import PAGES_A_RUN, RESERVE_SECONDS, RUNS_WITHOUT_PROGRESS, carry_on
from chalicelib.platform import clock, store
from chalicelib.platform.audit import AuditEntry
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.store.conflicts import TRIES
from chalicelib.platform.store.transaction import MAX_ACTIONS
from infra.local.emulator import Emulator
from tests.commerce.selling import capture
from tests.support.client import Client
from tests.support.people import People, Person
from tests.support.races import at_once

DAY = 86_400


def line(key: str = "month", days: int = 30, tier: int = 1, family: str = "f1") -> SoldLine:
    plan = {"key": key, "name": key, "family": family, "tier": tier, "durationDays": days, "grants": [{"kind": "ALL"}]}
    return SoldLine("PLAN", key, plan)


def run(cloud: Emulator, job: str = "expire_subscriptions", **given: Any) -> SubscriptionRun:
    """A run from its job to its end."""
    outcome = cloud.invoke(job, {"given": given})
    assert outcome.error is None, outcome.error
    cloud.drain()
    return the_run(outcome.answer["runId"])


def the_run(run_id: str) -> SubscriptionRun:
    found = store.get(SubscriptionRun, SubscriptionRun.place(run_id))
    assert found is not None
    return found


def hand(cloud: Emulator, run_id: str) -> None:
    """What the queue hands to the worker."""
    body = json.dumps({"data": {"runId": run_id}})
    record = {"messageId": "m", "receiptHandle": "r", "body": body}
    outcome = cloud.invoke("carry_subscription_run", {"Records": [record]})
    assert outcome.error is None, outcome.error


def put_ended(number: int, on: date, *, hour: int = 12) -> list[str]:
    """That many ACTIVE subscriptions of as many people, put without a purchase; their user ids."""
    ends_at = clock.day_start(on) + timedelta(hours=hour)
    users, tx = [], store.Transaction()
    for _ in range(number):
        if len(tx) == MAX_ACTIONS:
            tx.commit()
            tx = store.Transaction()
        user_id, sub_id = new_ulid(), new_ulid()
        keys = Subscription.by_end(ends_at, sub_id)
        row = {"userId": user_id, "planKey": "month", "planName": "Month", "status": "ACTIVE"}
        item = Subscription(
            *Subscription.place(user_id, sub_id),
            id=sub_id,
            user_id=user_id,
            plan_key="month",
            plan={"name": "Month", "family": "f1"},
            status="ACTIVE",
            starts_at=ends_at - timedelta(days=30),
            ends_at=ends_at,
            source="PURCHASE",
            created_at=ends_at - timedelta(days=30),
            updated_at=ends_at - timedelta(days=30),
            row={**row, "startsAt": clock.iso(ends_at - timedelta(days=30)), "endsAt": clock.iso(ends_at)},
            **keys,
        )
        tx.put(item)
        users.append(user_id)
    tx.commit()
    return users


def yesterday() -> date:
    return clock.academy_day(clock.now()) - timedelta(days=1)


def own(user_id: str) -> Subscription:
    (subscription,) = store.every(subscriptions_of(user_id))
    return subscription


def changes(user_id: str, sub_id: str) -> list[SubscriptionChange]:
    return store.every(changes_of(user_id, sub_id))


def assert_expired_once(cloud: Emulator, users: list[str]) -> None:
    items = cloud.items()
    expired = [raw["user_id"]["S"] for raw in items if raw.get("status", {}).get("S") == "EXPIRED"]
    told = [raw["user_id"]["S"] for raw in items if raw["kind"]["S"] == "SubscriptionChange"]
    assert sorted(expired) == sorted(told) == sorted(users)


def entries() -> list[AuditEntry]:
    found = store.fetch(AuditEntry.of_type("subscription"), limit=100).items
    return [entry for entry in store.get_many([one.itself for one in found]) if entry.action == "subscription.expire"]


@pytest.fixture
def student(people: People) -> Person:
    return people.student()


@pytest.mark.rule("SUB-11", "SUB-31", "ENT-23")
def test_a_subscription_whose_time_is_over_expires_once(cloud: Emulator, student: Person) -> None:
    (effect,) = capture(student, [line()])
    cloud.advance(30 * DAY - 60)
    assert int(run(cloud, days=2).changed) == 0
    cloud.advance(DAY + 120)
    done = run(cloud)
    assert (done.state, int(done.looked_at), int(done.changed)) == ("DONE", 1, 1)
    expired = own(student.id)
    assert (expired.status, expired.gsi2pk, expired.row.as_dict()["status"]) == ("EXPIRED", None, "EXPIRED")
    new, over = changes(student.id, effect.subscription_id)
    assert (new.change, over.change, int(over.seconds_delta), over.by) == ("NEW", "EXPIRE", 0, "SYSTEM")
    ends = clock.iso(effect.ends_at)
    assert over.before.as_dict()["status"] == "ACTIVE"
    assert (over.after.as_dict()["status"], over.after.as_dict()["endsAt"]) == ("EXPIRED", ends)
    again = run(cloud)
    assert (int(again.looked_at), int(again.changed)) == (0, 0)
    assert len(changes(student.id, effect.subscription_id)) == 2
    told = sorted((entry.resource_id, int(entry.meta["expired"])) for entry in entries())
    assert [entry for entry in told if entry[1]] == [(done.id, 1)]
    assert len(told) == 3


@pytest.mark.rule("SUB-11")
def test_only_what_ended_as_listed_expires(cloud: Emulator, student: Person, people: People) -> None:
    """Not what goes on, what was cancelled, or what was prolonged after the index was read."""
    other = people.student()
    capture(student, [line()])
    capture(student, [line("better", tier=2)])
    (effect,) = capture(other, [line()])
    cloud.advance(31 * DAY)
    stale = store.fetch(subscriptions_of(other.id), limit=1).items[0]
    place = Subscription.place(other.id, effect.subscription_id)
    store.update(Subscription, place, [Subscription.ends_at.set(stale.ends_at + timedelta(days=9))])
    done = run(cloud)
    assert (done.state, int(done.looked_at), int(done.changed)) == ("DONE", 1, 0)
    assert own(other.id).status == "ACTIVE"
    assert {one.status for one in store.every(subscriptions_of(student.id))} == {"ACTIVE", "CANCELLED"}


@pytest.mark.rule("SUB-11", "SUB-13")
def test_what_waited_behind_it_is_told_to_run(cloud: Emulator, student: Person) -> None:
    capture(student, [line("better", tier=2)])
    (queued,) = capture(student, [line()])
    cloud.advance(31 * DAY)
    run(cloud)
    over = [one for one in store.every(subscriptions_of(student.id)) if one.status == "EXPIRED"]
    (expiry,) = [one for one in changes(student.id, over[0].id) if one.change == "EXPIRE"]
    assert expiry.followed_by is not None
    assert expiry.followed_by.as_dict() == {
        "subscriptionId": queued.subscription_id,
        "planKey": "month",
        "startsAt": clock.iso(queued.starts_at),
        "endsAt": clock.iso(queued.ends_at),
    }


@pytest.mark.rule("SUB-11")
def test_a_week_of_missed_nights_is_made_up_for(cloud: Emulator) -> None:
    today = clock.academy_day(clock.now())
    ended = {back: put_ended(1, today - timedelta(days=back))[0] for back in (0, 1, 7, 8)}
    assert int(run(cloud).changed) == 2
    assert {back for back, user in ended.items() if own(user).status == "EXPIRED"} == {1, 7}
    assert int(run(cloud, days=PAGES_A_RUN + 9).changed) == 1, "with a message of its own in between"
    assert cloud.invoke("expire_subscriptions", {"given": {"days": 0}}).error is not None


@pytest.mark.rule("SUB-11")
def test_a_run_that_is_killed_goes_on_where_it_was(cloud: Emulator) -> None:
    """It dies after its second portion, then after the answer to its third was lost: each subscription once."""
    users = put_ended(210, yesterday())
    run_id = cloud.invoke("expire_subscriptions").answer["runId"]
    cloud.fault("dynamodb", "TransactWriteItems", "InternalServerError", times=TRIES, skip=2)
    hand(cloud, run_id)
    assert (the_run(run_id).state, int(the_run(run_id).changed)) == ("RUNNING", 80)
    cloud.fault("dynamodb", "TransactWriteItems", "InternalServerError", after=True)
    cloud.fault("dynamodb", "TransactWriteItems", "InternalServerError", times=TRIES, skip=1)
    hand(cloud, run_id)
    assert (the_run(run_id).state, int(the_run(run_id).changed)) == ("RUNNING", 120)
    hand(cloud, run_id)
    done = the_run(run_id)
    assert (done.state, int(done.changed), done.cursor) == ("DONE", 210, None)
    assert_expired_once(cloud, users)
    hand(cloud, run_id)
    assert [int(entry.meta["expired"]) for entry in entries()] == [210]


@pytest.mark.rule("SUB-11")
def test_two_workers_and_two_runs_at_once_expire_each_once(cloud: Emulator) -> None:
    users = put_ended(60, yesterday())
    first, second = (str(cloud.invoke("expire_subscriptions").answer["runId"]) for _ in range(2))
    at_once([partial(hand, cloud, run_id) for run_id in (first, first, second)])
    for run_id in (first, second):
        hand(cloud, run_id)
    assert [the_run(run_id).state for run_id in (first, second)] == ["DONE", "DONE"]
    assert sum(int(the_run(run_id).changed) for run_id in (first, second)) == 60
    assert_expired_once(cloud, users)
    assert sum(int(entry.meta["expired"]) for entry in entries()) == 60
    assert len(entries()) == 2


@pytest.mark.rule("SUB-11")
def test_a_run_hands_over_before_its_time_is_over(cloud: Emulator) -> None:
    """With no time left a worker sends itself a message, and one that never gets anywhere gives up with an alarm."""
    put_ended(1, yesterday())
    run_id = str(cloud.invoke("expire_subscriptions").answer["runId"])
    for tries in range(1, RUNS_WITHOUT_PROGRESS + 1):
        assert carry_on(run_id, {}, lambda: RESERVE_SECONDS) == "RUNNING"
        assert [one["data"] for one in cloud.messages("subscription-runs")] == [{"runId": run_id}] * tries
    assert carry_on(run_id, {}, lambda: 300.0) == "FAILED"
    assert carry_on(run_id, {}, lambda: 300.0) == "FAILED"
    assert carry_on(new_ulid(), {}, lambda: 300.0) is None


@pytest.mark.rule("SUB-12", "SUB-13")
def test_people_are_reminded_seven_days_and_one_before(cloud: Emulator, people: People) -> None:
    ending, renewed, blocked = people.student(), people.student(), people.student(status="BLOCKED")
    for person in (ending, renewed, blocked):
        capture(person, [line()])
    capture(renewed, [line("small", days=5, tier=0)])
    cloud.advance(20 * DAY)
    assert int(run(cloud, "remind_of_ends").changed) == 0
    for later, days in ((3 * DAY, 7), (6 * DAY, 1)):
        cloud.advance(later)
        assert [int(run(cloud, "remind_of_ends").changed) for _ in range(2)] == [1, 0]
        given = [raw for raw in cloud.items() if raw["kind"]["S"] == "SubscriptionReminder"]
        assert {raw["user_id"]["S"] for raw in given} == {ending.id}
        assert int(given[-1]["days"]["N"]) in {7, 1}
        assert days in {int(raw["days"]["N"]) for raw in given}


@pytest.mark.rule("SUB-12")
def test_a_prolonged_subscription_is_reminded_of_its_new_end(
    cloud: Emulator, student: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXPIRY_REMINDER_DAYS", "3")
    (effect,) = capture(student, [line()])
    cloud.advance(27 * DAY)
    assert int(run(cloud, "remind_of_ends").changed) == 1
    (longer,) = capture(student, [line()])
    assert int(run(cloud, "remind_of_ends").changed) == 0
    cloud.advance(30 * DAY)
    assert int(run(cloud, "remind_of_ends").changed) == 1
    for ends_at in (effect.ends_at, longer.ends_at):
        place = SubscriptionReminder.place(student.id, effect.subscription_id, ends_at, 3)
        assert store.get(SubscriptionReminder, place) is not None


@pytest.mark.rule("SUB-13", "USR-07")
def test_the_list_of_users_shows_until_when(cloud: Emulator, client: Client, people: People, student: Person) -> None:
    def shown() -> str | None:
        cloud.drain()
        rows = client.get("/v1/admin/users", token=people.super_admin().token, expect=200).json["items"]
        (row,) = [one for one in rows if one["id"] == student.id]
        return row["subscriptionEndsAt"]

    assert shown() is None
    capture(student, [line()])
    (effect,) = capture(student, [line()])
    assert shown() == clock.iso(effect.ends_at)
    cloud.advance(61 * DAY)
    run(cloud)
    assert shown() is None
