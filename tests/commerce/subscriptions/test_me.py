"""What a student sees of what they have, and what they may open."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.commerce.subscriptions.summary import remaining_days
from chalicelib.platform import clock
from chalicelib.platform.ids import new_ulid
from infra.local.emulator import Emulator
from tests.commerce.selling import buy, make_note, make_plan
from tests.support.client import Client
from tests.support.people import People, Person

DAY = 86_400


@pytest.fixture
def student(people: People) -> Person:
    return people.student()


@pytest.fixture
def finance(people: People) -> Person:
    return people.admin("ADMIN_FINANCE")


@pytest.fixture
def subject(client: Client, people: People) -> str:
    content = people.admin("ADMIN_CONTENT")
    body = {"key": "polity", "name": "Polity"}
    return str(client.post("/v1/admin/subjects", json=body, token=content.token, expect=201).json["id"])


def renewed(people: People, person: Person) -> Person:
    """The same session with an access token of now."""
    return replace(person, token=people.token(person.id, person.session_id, person.user_type))


def access(client: Client, person: Person, **query: str) -> dict[str, Any]:
    answer: dict[str, Any] = client.get("/v1/me/access", query=query, token=person.token, expect=200).json
    return answer


def mine(client: Client, person: Person) -> dict[str, Any]:
    answer: dict[str, Any] = client.get("/v1/me/subscription", token=person.token, expect=200).json
    return answer


@pytest.mark.rule("SUB-01")
def test_somebody_without_anything_sees_nothing(client: Client, student: Person) -> None:
    assert mine(client, student) == {
        "activeSubscription": None,
        "others": [],
        "upcoming": [],
        "entitlements": {"kinds": [], "subjects": []},
        "lastPaymentOrder": None,
    }


@pytest.mark.rule("SUB-01", "SUB-20", "SUB-21")
def test_what_runs_and_what_comes(client: Client, student: Person, finance: Person, subject: str) -> None:
    scope = {"subjectIds": [subject]}
    make_plan(client, finance, "notes", tier=1, features=["Notes"], grants=[{"kind": "NOTES", "scope": scope}])
    make_plan(client, finance, "pro", family="notes", tier=2, durationDays=60)
    make_plan(client, finance, "tests", tier=5, grants=[{"kind": "TESTS"}])
    buy(student, "pro")
    waiting = buy(student, "notes")
    tests = buy(student, "tests")
    shown = mine(client, student)
    assert shown["activeSubscription"] == {
        "plan": {"key": "tests", "name": "Plan tests", "tier": 5, "family": "tests", "features": []},
        "startsAt": clock.iso(tests.starts_at),
        "endsAt": clock.iso(tests.ends_at),
        "remainingDays": 30,
    }
    assert [(one["plan"]["key"], one["remainingDays"]) for one in shown["others"]] == [("pro", 60)]
    assert [one["startsAt"] for one in shown["upcoming"]] == [clock.iso(waiting.starts_at)]
    assert shown["upcoming"][0]["plan"]["features"] == ["Notes"]
    assert shown["entitlements"] == {"kinds": ["ALL", "TESTS"], "subjects": []}


@pytest.mark.rule("SUB-01", "SUB-25")
def test_what_waited_runs_the_second_the_other_ends_without_any_job(
    cloud: Emulator, client: Client, student: Person, finance: Person, people: People, subject: str
) -> None:
    scope = {"subjectIds": [subject]}
    make_plan(client, finance, "notes", tier=1, grants=[{"kind": "NOTES", "scope": scope}])
    make_plan(client, finance, "pro", family="notes", tier=2, durationDays=1)
    buy(student, "pro")
    buy(student, "notes")
    cloud.advance(DAY)
    shown = mine(client, renewed(people, student))
    assert shown["activeSubscription"]["plan"]["key"] == "notes"
    assert shown["upcoming"] == []
    assert shown["entitlements"] == {"kinds": ["NOTES"], "subjects": [{"id": subject, "name": "Polity"}]}


@pytest.mark.rule("SUB-20")
def test_remaining_days_are_rounded_up_and_never_negative() -> None:
    now = clock.now()
    second = int(now.timestamp())
    at = now.replace(microsecond=0)
    assert [remaining_days(second + left, at) for left in (-5, 0, 1, DAY, DAY + 1)] == [0, 0, 1, 1, 2]


@pytest.mark.rule("ENT-02", "ENT-12", "ENT-17")
def test_a_locked_note_says_why_and_what_opens_it(
    client: Client, student: Person, finance: Person, subject: str
) -> None:
    note = make_note(subject)
    of_subject = {"kind": "NOTES", "scope": {"subjectIds": [subject]}}
    make_plan(client, finance, "dear", pricePaise=90_000)
    make_plan(client, finance, "fitting", pricePaise=10_000, grants=[of_subject])
    make_plan(client, finance, "tests", pricePaise=100, grants=[{"kind": "TESTS"}])
    make_plan(client, finance, "gone", pricePaise=100, isActive=False)
    assert access(client, student, noteId=note) == {
        "allowed": False,
        "denyReason": "NO_ENTITLEMENT",
        "hint": "NEVER_HAD",
        "endedAt": None,
        "startsAt": None,
        "unlockPlans": ["fitting", "dear"],
    }
    buy(student, "tests")
    assert access(client, student, noteId=note)["hint"] == "OTHER_KIND"
    effect = buy(student, "fitting")
    assert access(client, student, noteId=note) == {
        "allowed": True,
        "denyReason": "ALLOWED",
        "hint": None,
        "endedAt": None,
        "startsAt": None,
        "unlockPlans": [],
    }
    assert effect.effect == "NEW"


@pytest.mark.rule("ENT-02", "ENT-10")
def test_what_ended_says_when(
    cloud: Emulator, client: Client, people: People, student: Person, finance: Person, subject: str
) -> None:
    make_plan(client, finance, "day", durationDays=1)
    effect = buy(student, "day", at=clock.now().replace(microsecond=0))
    note = make_note(subject)
    cloud.advance(effect.ends_at.timestamp() - clock.now().timestamp() - 30)
    student = renewed(people, student)
    assert access(client, student, noteId=note)["allowed"]
    cloud.advance(31)
    answer = access(client, student, noteId=note)
    assert (answer["denyReason"], answer["hint"], answer["endedAt"]) == (
        "ENTITLEMENT_EXPIRED",
        "EXPIRED",
        clock.iso(effect.ends_at),
    )


@pytest.mark.rule("ENT-02")
def test_at_most_five_plans_cheapest_first(client: Client, student: Person, finance: Person, subject: str) -> None:
    note = make_note(subject)
    for number in (7, 3, 5, 1, 6, 2, 4):
        make_plan(client, finance, f"p{number}", pricePaise=number * 1000)
    assert access(client, student, noteId=note)["unlockPlans"] == ["p1", "p2", "p3", "p4", "p5"]


@pytest.mark.rule("ENT-02")
def test_what_is_unknown_or_unpublished_is_not_found(client: Client, student: Person, subject: str) -> None:
    hidden = make_note(subject, published=False)
    for query in ({"noteId": new_ulid()}, {"noteId": hidden}):
        answer = client.get("/v1/me/access", query=query, token=student.token)
        assert (answer.status, answer.code) == (404, "NOTE_NOT_FOUND")
    answer = client.get("/v1/me/access", query={"testId": new_ulid()}, token=student.token)
    assert (answer.status, answer.code) == (404, "TEST_NOT_FOUND")


@pytest.mark.rule("ENT-02")
@pytest.mark.parametrize(
    "query", [{}, {"noteId": "01J00000000000000000000001", "feature": "practice"}, {"feature": "chess"}]
)
def test_exactly_one_thing_is_asked(client: Client, student: Person, query: dict[str, str]) -> None:
    assert client.get("/v1/me/access", query=query, token=student.token).status == 422


@pytest.mark.rule("ENT-02")
def test_practice_opens_with_tests_too(
    client: Client, student: Person, finance: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_plan(client, finance, "notes", grants=[{"kind": "NOTES"}])
    make_plan(client, finance, "tests", pricePaise=500, grants=[{"kind": "TESTS"}])
    buy(student, "notes")
    answer = access(client, student, feature="practice")
    assert (answer["denyReason"], answer["hint"], answer["unlockPlans"]) == ("NO_ENTITLEMENT", "OTHER_KIND", ["tests"])
    buy(student, "tests")
    assert access(client, student, feature="practice")["allowed"]
    monkeypatch.setenv("PRACTICE_WITH_TESTS", "false")
    assert not access(client, student, feature="practice")["allowed"]


@pytest.mark.rule("ENT-20")
def test_a_purchase_counts_from_the_next_request_of_every_session(
    client: Client, student: Person, finance: Person, subject: str
) -> None:
    note = make_note(subject)
    make_plan(client, finance, "month")
    assert not access(client, student, noteId=note)["allowed"]
    buy(student, "month")
    assert access(client, student, noteId=note)["allowed"]
