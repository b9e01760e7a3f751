"""What staff do to subscriptions: give, extend, cancel, look up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.commerce.payments.items import PaymentOrder
from chalicelib.commerce.subscriptions.items import Subscription
from chalicelib.platform import clock, store
from chalicelib.platform.http.idempotency import IdempotencyEntry
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.store import Key
from infra.local.emulator import Emulator
from tests.commerce.selling import buy, make_plan
from tests.commerce.subscriptions.desk import REASON, Desk
from tests.support.client import Client
from tests.support.people import People
from tests.support.races import at_once

DAY = 86_400
NOTES = [{"kind": "NOTES"}]


@pytest.fixture
def desk(cloud: Emulator, client: Client, people: People) -> Desk:
    """A plan of tier 1 and one of tier 2 in one family."""
    desk = Desk(cloud, client, people.super_admin(), people.student())
    make_plan(client, desk.staff, "month", tier=1, family="main", grants=NOTES)
    make_plan(client, desk.staff, "better", tier=2, family="main", isActive=False)
    return desk


@pytest.mark.rule("SUB-04", "SUB-10", "ENT-23")
def test_a_plan_is_given_as_if_bought(desk: Desk) -> None:
    given = desk.give("month")
    assert (given["source"], given["status"], given["effect"], given["orderIds"]) == ("MANUAL", "ACTIVE", "NEW", [])
    again = desk.give("month", durationDays=10)
    assert (again["id"], again["effect"]) == (given["id"], "EXTEND")
    assert [one["seconds"] for one in again["slices"]] == [30 * DAY, 10 * DAY]
    assert [one["merchantTransactionId"] for one in again["slices"]] == [None, None]
    # Off sale, and given all the same.
    upgraded = desk.give("better")
    assert upgraded["effect"] == "UPGRADE"
    (_, starts_at, ends_at) = desk.periods()[0]
    assert 70 * DAY - 5 <= ends_at - starts_at <= 70 * DAY
    assert desk.audited() == [("subscription.grant", REASON)] * 3
    assert store.every(PaymentOrder.of_user(desk.student.id, consistent=True)) == []
    assert desk.rebuild()["different"] is False


@pytest.mark.rule("SUB-04", "SUB-25")
def test_a_plan_given_for_later_waits_for_its_day_and_for_what_runs(desk: Desk) -> None:
    tomorrow = (clock.now() + timedelta(days=1)).replace(microsecond=0)
    given = desk.give("month", startsAt=clock.iso(tomorrow))
    assert (given["startsAt"], given["effect"]) == (clock.iso(tomorrow), "NEW")
    behind = desk.give("better", startsAt=clock.iso(tomorrow))
    assert (behind["startsAt"], behind["effect"]) == (given["endsAt"], "QUEUE")
    mine = desk.client.get("/v1/me/subscription", token=desk.student.token, expect=200).json
    assert mine["activeSubscription"] is None
    assert [one["plan"]["key"] for one in mine["upcoming"]] == ["month", "better"]
    assert desk.rebuild()["different"] is False


@pytest.mark.rule("SUB-04")
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"planKey": "gone"}, 404, "PLAN_NOT_FOUND"),
        ({"planKey": "month", "durationDays": 0}, 422, "VALIDATION_FAILED"),
        ({"planKey": "month", "durationDays": 3651}, 422, "VALIDATION_FAILED"),
        ({"planKey": "month", "reason": "ab"}, 422, "VALIDATION_FAILED"),
        ({"planKey": "month", "startsAt": "9999-12-31T23:59:59Z"}, 409, "SUBSCRIPTION_TOO_LONG"),
    ],
)
def test_what_cannot_be_given_changes_nothing(desk: Desk, body: dict[str, Any], status: int, code: str) -> None:
    before = desk.state()
    answer = desk.post("subscriptions", **body)
    assert (answer.status, answer.code) == (status, code)
    assert desk.state() == before


@pytest.mark.rule("SUB-04", "ENT-21")
def test_staff_hold_nothing_and_strangers_are_unknown(desk: Desk, people: People) -> None:
    other = Desk(desk.cloud, desk.client, desk.staff, people.admin("ADMIN_TEST"))
    before = other.state()
    assert other.post("subscriptions", planKey="month").code == "NOT_A_STUDENT"
    assert other.post("entitlements/grant", kind="ALL").code == "NOT_A_STUDENT"
    assert other.state() == before
    path = f"/v1/admin/users/{new_ulid()}/subscriptions"
    assert desk.client.get(path, token=desk.staff.token).code == "USER_NOT_FOUND"


@pytest.mark.rule("SUB-04", "SUB-05")
def test_a_key_gives_once(desk: Desk) -> None:
    keyless = desk.client.post(
        desk.path("subscriptions"), json={"planKey": "month", "reason": "abc"}, token=desk.staff.token
    )
    assert (keyless.status, keyless.code) == (400, "IDEMPOTENCY_KEY_REQUIRED")
    key = "give-me-once-please"
    first, second = (desk.post("subscriptions", key, planKey="month") for _ in range(2))
    assert (first.json["id"], first.json["endsAt"]) == (second.json["id"], second.json["endsAt"])
    # The answer was lost before it was kept: its key is free again, and still nothing is given twice.
    for item in desk.cloud.items():
        if item["pk"]["S"].startswith("IDEM#"):
            store.delete(IdempotencyEntry, Key(item["pk"]["S"], item["sk"]["S"]))
    third = desk.post("subscriptions", key, planKey="month")
    assert (third.status, third.json["endsAt"]) == (201, first.json["endsAt"])
    sub_id = first.json["id"]
    ends = [desk.extend(sub_id, 3, key="x" * 20).json["endsAt"] for _ in range(2)]
    assert ends[0] == ends[1] > first.json["endsAt"]


@pytest.mark.rule("SUB-05", "ENT-23")
def test_an_extension_moves_the_end_and_what_waits_behind(desk: Desk) -> None:
    first = desk.give("better")
    waiting = desk.give("month")
    assert waiting["effect"] == "QUEUE"
    answer = desk.extend(first["id"], 7)
    assert answer.status == 200
    longer = clock.parse_iso(first["endsAt"]) + timedelta(days=7)
    assert answer.json["endsAt"] == clock.iso(longer)
    moved = next(one for one in desk.subscriptions() if one.id == waiting["id"])
    assert (moved.starts_at, moved.ends_at) == (longer, longer + timedelta(days=30))
    assert {one["endsAt"] for one in desk.entries().values()} == {
        int(longer.timestamp()),
        int((longer + timedelta(days=30)).timestamp()),
    }
    changes = desk.get("subscriptions").json["changes"]
    assert (changes[0]["change"], changes[0]["secondsDelta"], changes[0]["by"]) == ("EXTEND", 7 * DAY, desk.staff.id)
    assert changes[0]["moved"][0]["subscriptionId"] == waiting["id"]
    assert desk.audited()[-1] == ("subscription.extend", REASON)
    assert desk.rebuild()["different"] is False


@pytest.mark.rule("SUB-05", "SUB-31")
@pytest.mark.parametrize("expired_by_job", [True, False])
def test_what_ended_within_30_days_runs_again_from_now(desk: Desk, people: People, expired_by_job: bool) -> None:
    first = desk.give("month", durationDays=1)
    desk.revoke(first["entitlementIds"][0])
    second = desk.give("month", durationDays=1)
    assert second["id"] == first["id"]
    desk.cloud.advance(3 * DAY)
    desk.staff = people.super_admin()
    if expired_by_job:
        gone = [Subscription.status.set("EXPIRED"), Subscription.gsi2pk.remove(), Subscription.gsi2sk.remove()]
        store.update(Subscription, Subscription.place(desk.student.id, first["id"]), gone)
    answer = desk.extend(first["id"], 5)
    assert answer.status == 200, answer.body
    assert answer.json["status"] == "ACTIVE"
    (held,) = desk.subscriptions()
    assert abs(held.starts_at - clock.now()) < timedelta(seconds=10)
    assert held.ends_at - held.starts_at == timedelta(days=5)
    assert held.gsi2pk == f"SUBEND#{clock.academy_day(held.ends_at).isoformat()}"
    # What was revoked of it stays revoked.
    assert desk.entries() == {}
    assert desk.get("subscriptions").json["changes"][0]["change"] == "REINSTATE"
    assert desk.rebuild()["different"] is False


@pytest.mark.rule("SUB-05", "SUB-31")
def test_what_cannot_go_on(desk: Desk, people: People) -> None:
    old = desk.give("month", durationDays=1)
    desk.cloud.advance(2 * DAY)
    desk.staff = people.super_admin()
    newer = desk.give("month")
    assert newer["id"] != old["id"]
    before = desk.state()
    assert desk.extend(old["id"], 5).code == "ALREADY_SUBSCRIBED"
    assert desk.extend(new_ulid(), 5).code == "SUBSCRIPTION_NOT_FOUND"
    assert desk.cancel(old["id"]).code == "SUBSCRIPTION_EXPIRED"
    assert desk.state() == before
    desk.cancel(newer["id"])
    before = desk.state()
    assert desk.extend(newer["id"], 5).code == "SUBSCRIPTION_CANCELLED"
    assert desk.state() == before
    desk.cloud.advance(30 * DAY)
    desk.staff = people.super_admin()
    assert desk.extend(old["id"], 5).code == "SUBSCRIPTION_EXPIRED"


@pytest.mark.rule("SUB-06", "ENT-23")
def test_a_cancelled_subscription_ends_now_and_what_waits_follows(desk: Desk) -> None:
    first, waiting = desk.give("better"), desk.give("month")
    manual = desk.grant("TESTS")
    answer = desk.cancel(first["id"])
    assert (answer.status, answer.json["status"], answer.json["cancelReason"]) == (200, "CANCELLED", "STAFF")
    ended, follows = desk.subscriptions()
    assert abs(ended.ends_at - clock.now()) < timedelta(seconds=10)
    assert ended.gsi2pk is None
    assert follows.id == waiting["id"]
    assert follows.starts_at == ended.ends_at
    assert follows.ends_at == ended.ends_at + timedelta(days=30)
    assert set(desk.entries()) == {*waiting["entitlementIds"], manual["id"]}
    before = desk.state()
    again = desk.cancel(first["id"])
    assert again.json == answer.json
    assert desk.state() == before
    assert desk.audited()[-1] == ("subscription.cancel", REASON)
    change = desk.get("subscriptions").json["changes"][0]
    assert (change["change"], change["after"]["status"]) == ("CANCEL", "CANCELLED")
    assert change["secondsDelta"] < 0
    assert desk.rebuild()["different"] is False


@pytest.mark.rule("SUB-06")
def test_what_has_not_begun_can_be_cancelled(desk: Desk) -> None:
    first, waiting = desk.give("better"), desk.give("month")
    assert desk.cancel(waiting["id"]).json["status"] == "CANCELLED"
    kept, gone = desk.subscriptions()
    assert clock.iso(kept.ends_at) == first["endsAt"]
    assert gone.starts_at == gone.ends_at <= clock.now()
    assert desk.rebuild()["different"] is False


@pytest.mark.rule("SUB-04", "SUB-05", "SUB-06")
def test_simultaneous_changes_all_count(desk: Desk) -> None:
    sub_id = desk.give("month")["id"]
    at_once([lambda: desk.give("month") for _ in range(4)] + [lambda: desk.extend(sub_id, 1).json for _ in range(4)])
    (held,) = desk.subscriptions()
    assert held.ends_at - held.starts_at == timedelta(days=5 * 30 + 4)
    assert len(held.slices) == 9
    at_once([lambda: desk.cancel(sub_id) for _ in range(4)])
    assert [name for name, _ in desk.audited()].count("subscription.cancel") == 1
    assert desk.rebuild()["different"] is False


@pytest.mark.rule("SUB-02", "SUB-03")
def test_history_for_its_owner_and_for_staff(desk: Desk, people: People) -> None:
    order = f"TXN{new_ulid()}"
    buy(desk.student, "month", order_id=order)
    upgraded = desk.give("better")
    desk.revoke(upgraded["entitlementIds"][0])
    answer = desk.client.get("/v1/me/subscriptions", query={"limit": "1"}, token=desk.student.token, expect=200).json
    rest = desk.client.get(
        "/v1/me/subscriptions", query={"cursor": answer["nextCursor"]}, token=desk.student.token, expect=200
    ).json
    assert [one["plan"]["key"] for one in (*answer["items"], *rest["items"])] == ["better", "month"]
    assert rest["items"][0]["replacedBy"] == upgraded["id"]
    support = people.admin("ADMIN_SUPPORT")
    seen = desk.client.get(desk.path("subscriptions"), token=support.token, expect=200).json
    assert [(one["status"], one["partiallyRevoked"]) for one in seen["subscriptions"]] == [
        ("ACTIVE", True),
        ("CANCELLED", False),
    ]
    assert [one["change"] for one in seen["changes"]] == ["REVOKE", "UPGRADE", "NEW"]
    assert [one["status"] for one in seen["entitlements"]] == ["REVOKED", "ENDED"]


@pytest.mark.rule("SUB-07")
def test_subscriptions_are_listed_by_plan_and_by_end(desk: Desk, people: People) -> None:
    first, waiting = desk.give("better"), desk.give("month")
    other = Desk(desk.cloud, desk.client, desk.staff, people.student())
    cancelled = other.give("month")
    other.cancel(cancelled["id"])

    def listed(**query: str) -> list[str]:
        answer = desk.client.get("/v1/admin/subscriptions", query=query, token=desk.staff.token, expect=200)
        return [one["id"] for one in answer.json["items"]]

    day = clock.academy_day(clock.parse_iso(first["endsAt"])).isoformat()
    assert listed(planKey="month") == [cancelled["id"], waiting["id"]]
    assert listed(planKey="month", status="CANCELLED") == [cancelled["id"]]
    assert listed(endingOn=day) == [first["id"]]
    assert listed(endingOn=day, planKey="month") == []
    query = {"planKey": "month", "limit": "1"}
    page = desk.client.get("/v1/admin/subscriptions", query=query, token=desk.staff.token, expect=200).json
    assert [one["id"] for one in page["items"]] == [cancelled["id"]]
    assert listed(**query, cursor=page["nextCursor"]) == [waiting["id"]]
    row = desk.client.get("/v1/admin/subscriptions", query={"endingOn": day}, token=desk.staff.token).json["items"][0]
    assert (row["userId"], row["planName"], row["endsAt"]) == (desk.student.id, "Plan better", first["endsAt"])
    for query in ({}, {"status": "ACTIVE"}, {"endingOn": "31-01-2026"}):
        answer = desk.client.get("/v1/admin/subscriptions", query=query, token=desk.staff.token)
        assert answer.status == 422
