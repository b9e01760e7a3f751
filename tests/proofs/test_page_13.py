"""Subscriptions and entitlements: what a purchase opens, for how long, and how every premium door asks."""

from __future__ import annotations

import itertools
from datetime import datetime
from functools import partial
from typing import Any

import pytest

from tests.content.paper import pdf
from tests.proofs.academy import Academy, Person, at_once

DAY = 86_400
FILE = pdf(3)
_families = itertools.count(1)


@pytest.fixture
def finance(academy: Academy) -> Person:
    return academy.sign_in("ADMIN_FINANCE")


@pytest.fixture
def editor(academy: Academy) -> Person:
    return academy.sign_in("ADMIN_CONTENT")


def _instant(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def _family() -> str:
    return f"proof-family-{next(_families)}"


def _mine(academy: Academy, student: Person) -> Any:
    return academy.ok("GET", "/v1/me/subscription", student)


def _history(academy: Academy, student: Person) -> Any:
    """Everything that staff see of somebody's subscriptions."""
    return academy.ok("GET", f"/v1/admin/users/{student.id}/subscriptions", academy.sign_in("ADMIN_FINANCE"))


def _paid(academy: Academy, student: Person, plan: str) -> str:
    """An order that its gateway has the money of, and of which nobody told us."""
    order = str(academy.checkout(student, plan)["merchantTransactionId"])
    academy.local("POST", "phonepe/behaviour", json={"order": order, "webhook": {"send": False}})
    academy.press(order)
    return order


def _granted(academy: Academy, student: Person, **given: Any) -> str:
    """An entitlement by staff."""
    path, body = f"/v1/admin/users/{student.id}/entitlements/grant", {"reason": "A scholarship", **given}
    return str(academy.ok("POST", path, academy.sign_in("ADMIN_FINANCE"), json=body)["id"])


def _revoked(academy: Academy, student: Person, entitlement: str) -> None:
    path, body = f"/v1/admin/users/{student.id}/entitlements/revoke", {"reason": "The scholarship ended"}
    academy.ok("POST", path, academy.sign_in("ADMIN_FINANCE"), json={**body, "entitlementId": entitlement})


def _refusal(academy: Academy, student: Person, note: str) -> tuple[int, str]:
    """Why a note does not open."""
    answer = academy.call("POST", f"/v1/notes/{note}/view-session", student, json={"acceptNotice": 1})
    return answer.status_code, answer.json().get("details", {}).get("reason", "")


@pytest.mark.rule("SUB-23")
def test_the_same_plan_twice_is_one_subscription_of_both_lengths(academy: Academy, finance: Person) -> None:
    student, plan = academy.register(), academy.plan(finance)
    academy.bought(student, plan)
    academy.bought(student, plan)
    seen = _history(academy, student)
    [subscription] = seen["subscriptions"]
    length = _instant(subscription["endsAt"]) - _instant(subscription["startsAt"])
    assert length == 60 * DAY
    assert sorted(one["change"] for one in seen["changes"]) == ["EXTEND", "NEW"]
    assert len(subscription["orderIds"]) == 2


@pytest.mark.rule("SUB-10", "SUB-23")
def test_two_orders_captured_by_twenty_threads_each_count_once_each(academy: Academy, finance: Person) -> None:
    student, family = academy.register(), _family()
    short, long = (academy.plan(finance, days=days, family=family) for days in (30, 90))
    orders = [_paid(academy, student, plan) for plan in (short, long)]
    paths = [f"/v1/admin/payments/orders/{order}/finalize" for order in orders]
    works = [partial(academy.call, "POST", path, finance, json={"reason": "asked"}) for path in paths * 20]
    assert {answer.status_code for answer in at_once(works)} <= {200, 409, 429, 503}
    academy.drain()
    assert {academy.status(student, order)["status"] for order in orders} == {"SUCCESS"}
    seen = _history(academy, student)
    [subscription] = seen["subscriptions"]
    assert _instant(subscription["endsAt"]) - _instant(subscription["startsAt"]) == 120 * DAY
    assert len(seen["changes"]) == 2


@pytest.mark.rule("SUB-25")
def test_buying_less_waits_for_what_runs(academy: Academy, finance: Person) -> None:
    student, family = academy.register(), _family()
    basic, gold = (academy.plan(finance, family=family, tier=tier) for tier in (1, 2))
    academy.bought(student, gold)
    running = _mine(academy, student)["activeSubscription"]
    academy.bought(student, basic)
    mine = _mine(academy, student)
    assert mine["activeSubscription"] == running
    [upcoming] = mine["upcoming"]
    assert (upcoming["plan"]["key"], upcoming["startsAt"]) == (basic, running["endsAt"])
    academy.advance(_instant(running["endsAt"]) - academy.now())
    student = academy.login(student.email)
    assert _mine(academy, student)["activeSubscription"]["plan"]["key"] == basic


@pytest.mark.rule("SUB-24", "SUB-29")
def test_an_upgrade_carries_the_rest_and_its_refund_gives_it_back(academy: Academy, finance: Person) -> None:
    student, family = academy.register(), _family()
    basic, gold = (academy.plan(finance, family=family, tier=tier) for tier in (1, 2))
    academy.bought(student, basic)
    academy.advance(20 * DAY)
    student = academy.login(student.email)
    order = academy.bought(student, gold)
    active = _mine(academy, student)["activeSubscription"]
    assert (active["plan"]["key"], active["remainingDays"]) == (gold, 40)
    given = {"reason": "Changed their mind within the hour"}
    path, headers = f"/v1/admin/payments/orders/{order}/refund", {"Idempotency-Key": "proof-refund-of-an-upgrade"}
    answer = academy.call("POST", path, academy.sign_in("ADMIN_FINANCE"), json=given, headers=headers)
    assert answer.status_code == 202, answer.text
    active = _mine(academy, student)["activeSubscription"]
    assert (active["plan"]["key"], active["remainingDays"]) == (basic, 10)
    academy.drain()
    assert _mine(academy, student)["activeSubscription"] == active


@pytest.mark.rule("ENT-10", "SUB-11")
def test_access_ends_on_the_second_and_the_job_only_writes_it_down(
    academy: Academy, finance: Person, editor: Person
) -> None:
    note, plan = academy.note(editor, FILE), academy.plan(finance, days=1)
    student = academy.register()
    academy.bought(student, plan)
    ends = _instant(_mine(academy, student)["activeSubscription"]["endsAt"])
    academy.advance(ends - academy.now() - 60)
    student = academy.login(student.email)
    academy.opened(student, note)
    academy.advance(ends - academy.now() + 1)
    assert _refusal(academy, student, note) == (403, "ENTITLEMENT_EXPIRED")
    [subscription] = _history(academy, student)["subscriptions"]
    assert subscription["status"] == "ACTIVE"
    academy.advance(DAY)
    at_once([partial(academy.local, "POST", "jobs/expire-subscriptions/run")] * 2)
    academy.drain()
    seen = _history(academy, student)
    assert [one["status"] for one in seen["subscriptions"]] == ["EXPIRED"]
    assert [one["change"] for one in seen["changes"]].count("EXPIRE") == 1


@pytest.mark.rule("ENT-11", "ENT-17")
def test_a_topic_opens_what_hangs_below_it_and_nothing_beside_it(academy: Academy, editor: Person) -> None:
    subject = academy.subject(editor)

    def topic(key: str, parent: str | None = None) -> str:
        given = {"key": key, "name": key.title(), **({"parentId": parent} if parent else {})}
        return str(academy.ok("POST", f"/v1/admin/subjects/{subject}/topics", editor, json=given)["id"])

    top = topic("rivers")
    child, sibling = topic("himalayan", top), topic("soils")
    below, beside = (academy.note(editor, FILE, subject=subject, topics=[one]) for one in (child, sibling))
    academy.drain()
    student = academy.register()
    _granted(academy, student, kind="NOTES", scope={"topicIds": [top]})
    academy.opened(student, below)
    assert _refusal(academy, student, beside) == (403, "ENTITLEMENT_OUT_OF_SCOPE")


@pytest.mark.rule("ENT-05", "ENT-20", "ENT-04")
def test_revoking_counts_from_the_next_range_and_granting_again_too(academy: Academy, editor: Person) -> None:
    note, student = academy.note(editor, FILE), academy.register()
    entitlement = _granted(academy, student, kind="NOTES")
    reader = academy.opened(student, note)
    assert reader.get("bytes=0-99").status_code == 206
    _revoked(academy, student, entitlement)
    assert reader.get("bytes=0-99").status_code == 403
    _granted(academy, student, kind="NOTES")
    assert reader.get("bytes=100-199").status_code == 206


@pytest.mark.rule("ENT-02", "ENT-17")
def test_a_closed_door_says_what_would_open_it(academy: Academy, editor: Person) -> None:
    first, second = academy.subject(editor), academy.subject(editor)
    own, other = (academy.note(editor, FILE, subject=subject) for subject in (first, second))

    def asked(student: Person, note: str) -> tuple[bool, str, str | None]:
        answer = academy.ok("GET", "/v1/me/access", student, params={"noteId": note})
        return answer["allowed"], answer["denyReason"], answer["hint"]

    student = academy.register()
    assert asked(student, own) == (False, "NO_ENTITLEMENT", "NEVER_HAD")
    _granted(academy, student, kind="NOTES", scope={"subjectIds": [first]})
    assert asked(student, own)[0]
    assert asked(student, other) == (False, "ENTITLEMENT_OUT_OF_SCOPE", "OTHER_SCOPE")
    tomorrow = academy.register()
    starts = datetime.fromtimestamp(academy.now() + DAY).astimezone().isoformat()
    _granted(academy, tomorrow, kind="NOTES", startsAt=starts)
    assert asked(tomorrow, own) == (False, "NO_ENTITLEMENT", "UPCOMING")
    practice = academy.register()
    _granted(academy, practice, kind="PRACTICE")
    assert asked(practice, own) == (False, "NO_ENTITLEMENT", "OTHER_KIND")


@pytest.mark.rule("ENT-07", "SUB-14")
def test_every_card_is_what_its_sources_say(academy: Academy, finance: Person) -> None:
    boss = academy.sign_in("ADMIN_SUPER")
    bought = academy.register()
    academy.bought(bought, academy.plan(finance))
    students = academy.ok("GET", "/v1/admin/users", boss, params={"type": "STUDENT", "limit": 50})["items"]
    assert students
    for person in students:
        path = f"/v1/admin/users/{person['id']}/access-card/rebuild"
        assert not any(academy.ok("POST", path, boss, json={"dryRun": True})["differences"].values())
