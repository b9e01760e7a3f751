"""Who sits a test and who practises: entitlements, what is free, and tests that ask of several subjects."""

from __future__ import annotations

import pytest

from chalicelib.platform.access.catalogue import Actions
from chalicelib.platform.access.decisions import decide
from chalicelib.platform.access.resources import Entity
from tests.platform.access.callers import (
    DAY,
    OTHER,
    SUBJECT,
    TEST,
    TOPIC,
    caller,
    entitlement,
    exam,
    note,
    practised,
)

PART = "01JH8Z6V3N4Q5R6S7T8V9WXYZA"
TWO = exam(subjectIds=[OTHER], topicIds=[TOPIC, PART], within={TOPIC: [SUBJECT], PART: [SUBJECT, TOPIC]})
"""All of one subject, and of another two topics, one of them inside the other."""


@pytest.mark.rule("ACC-42", "ACC-56")
@pytest.mark.policy("attempt-test", "allows")
@pytest.mark.parametrize(
    ("held", "thing"),
    [
        (entitlement("ALL"), exam()),
        (entitlement("ALL", testIds=[OTHER]), exam()),
        (entitlement("TESTS"), exam()),
        (entitlement("TESTS", testIds=[TEST]), exam()),
        (entitlement("TESTS", subjectIds=[SUBJECT]), exam()),
        (entitlement("TESTS", subjectIds=[SUBJECT, OTHER]), exam(subjectIds=[SUBJECT, OTHER])),
        ({**entitlement("TESTS", subjectIds=[SUBJECT]), **entitlement("TESTS", subjectIds=[OTHER])}, TWO),
        (entitlement("TESTS", subjectIds=[OTHER], topicIds=[TOPIC]), TWO),
        (entitlement("TESTS", testIds=[TEST]), TWO),
        ({}, exam(free=True)),
    ],
)
def test_a_test_opens_by_what_covers_all_of_it(held: dict[str, object], thing: Entity) -> None:
    """Several entitlements add up; a topic covers what is below it."""
    assert decide(caller(entitlements=held), Actions.TESTS_ATTEMPT, thing).policies == ("attempt-test",)


@pytest.mark.rule("ACC-42", "ACC-55", "ACC-56")
@pytest.mark.policy("attempt-test", "refuses")
@pytest.mark.parametrize(
    ("held", "thing", "reason"),
    [
        ({}, exam(), "NO_ENTITLEMENT"),
        (entitlement("NOTES"), exam(), "NO_ENTITLEMENT"),
        (entitlement("TESTS", until=-1), exam(), "ENTITLEMENT_EXPIRED"),
        (entitlement("TESTS", subjectIds=[SUBJECT], until=-1), exam(subjectIds=[OTHER]), "NO_ENTITLEMENT"),
        (entitlement("TESTS", since=DAY // 2), exam(), "NO_ENTITLEMENT"),
        (entitlement("TESTS", subjectIds=[OTHER]), exam(), "ENTITLEMENT_OUT_OF_SCOPE"),
        (entitlement("TESTS", subjectIds=[SUBJECT]), exam(subjectIds=[SUBJECT, OTHER]), "ENTITLEMENT_OUT_OF_SCOPE"),
        (entitlement("TESTS", subjectIds=[SUBJECT]), TWO, "ENTITLEMENT_OUT_OF_SCOPE"),
        (entitlement("TESTS", subjectIds=[OTHER]), TWO, "ENTITLEMENT_OUT_OF_SCOPE"),
        (entitlement("TESTS", subjectIds=[OTHER], topicIds=[PART]), TWO, "ENTITLEMENT_OUT_OF_SCOPE"),
        (entitlement("TESTS", subjectIds=[SUBJECT]), exam(subjectIds=[]), "ENTITLEMENT_OUT_OF_SCOPE"),
        (entitlement("ALL"), exam(published=False), "NOT_PUBLISHED"),
        (entitlement("ALL"), exam(open=False), "NOT_OPEN"),
        ({}, exam(free=True, open=False), "NOT_OPEN"),
        ({}, exam(free=True, open=False, published=False), "NOT_PUBLISHED"),
    ],
)
def test_a_test_stays_closed_and_says_why(held: dict[str, object], thing: Entity, reason: str) -> None:
    decision = decide(caller(entitlements=held), Actions.TESTS_ATTEMPT, thing)
    assert (decision.allowed, decision.reason) == (False, reason)


@pytest.mark.rule("ACC-43", "ACC-56")
@pytest.mark.policy("use-practice", "allows")
@pytest.mark.parametrize(
    ("held", "thing"),
    [
        (entitlement("ALL"), practised()),
        (entitlement("PRACTICE"), practised(TOPIC)),
        (entitlement("PRACTICE", subjectIds=[SUBJECT]), practised()),
        (entitlement("PRACTICE", subjectIds=[SUBJECT]), practised(TOPIC)),
        (entitlement("PRACTICE", topicIds=[TOPIC]), practised(PART, TOPIC)),
        (entitlement("TESTS"), practised()),
        (entitlement("TESTS", subjectIds=[SUBJECT]), practised(TOPIC)),
        (entitlement("TESTS", topicIds=[TOPIC]), practised(PART, TOPIC)),
        ({}, practised(freeLeft=True)),
    ],
)
def test_practice_opens_by_its_own_entitlements_and_those_to_tests(held: dict[str, object], thing: Entity) -> None:
    assert decide(caller(entitlements=held), Actions.PRACTICE_USE, thing).policies == ("use-practice",)


@pytest.mark.rule("ACC-43", "ACC-55")
@pytest.mark.policy("use-practice", "refuses")
@pytest.mark.parametrize(
    ("held", "thing", "reason"),
    [
        ({}, practised(), "NO_ENTITLEMENT"),
        (entitlement("NOTES"), practised(), "NO_ENTITLEMENT"),
        (entitlement("PRACTICE", topicIds=[TOPIC]), practised(), "ENTITLEMENT_OUT_OF_SCOPE"),
        (entitlement("PRACTICE", topicIds=[PART]), practised(TOPIC), "ENTITLEMENT_OUT_OF_SCOPE"),
        (entitlement("TESTS", testIds=[TEST]), practised(), "ENTITLEMENT_OUT_OF_SCOPE"),
        (entitlement("TESTS", until=-DAY), practised(), "ENTITLEMENT_EXPIRED"),
        (entitlement("ALL"), practised(published=False), "NOT_PUBLISHED"),
    ],
)
def test_practice_stays_closed_and_says_why(held: dict[str, object], thing: Entity, reason: str) -> None:
    decision = decide(caller(entitlements=held), Actions.PRACTICE_USE, thing)
    assert (decision.allowed, decision.reason) == (False, reason)


@pytest.mark.rule("ACC-56")
def test_tests_give_practice_only_while_they_are_said_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRACTICE_WITH_TESTS", "false")
    decision = decide(caller(entitlements=entitlement("TESTS")), Actions.PRACTICE_USE, practised())
    assert (decision.allowed, decision.reason) == (False, "NO_ENTITLEMENT")
    assert decide(caller(entitlements=entitlement("PRACTICE")), Actions.PRACTICE_USE, practised()).allowed


@pytest.mark.rule("ACC-56")
@pytest.mark.parametrize("kind", ["NOTES", "TESTS", "PRACTICE"])
def test_a_kind_opens_its_own_things_and_nothing_else(kind: str) -> None:
    """But for practice, which tests give too."""
    person = caller(entitlements=entitlement(kind))
    asked = {
        "NOTES": (Actions.NOTES_OPEN, note()),
        "TESTS": (Actions.TESTS_ATTEMPT, exam()),
        "PRACTICE": (Actions.PRACTICE_USE, practised()),
    }
    opened = {name for name, (action, thing) in asked.items() if decide(person, action, thing).allowed}
    assert opened == ({"TESTS", "PRACTICE"} if kind == "TESTS" else {kind})


@pytest.mark.rule("ACC-34")
@pytest.mark.parametrize(
    ("action", "kind"),
    [
        (Actions.ATTEMPTS_SIT, "Attempt"),
        (Actions.ATTEMPTS_REVIEW, "Attempt"),
        (Actions.PRACTICE_ANSWER, "PracticeSession"),
        (Actions.ORDERS_READ, "Order"),
        (Actions.PROFILE_WRITE, "User"),
        (Actions.SESSIONS_MANAGE, "User"),
        (Actions.NOTES_PROGRESS_READ, "User"),
        (Actions.PRACTICE_PROGRESS_OWN, "User"),
        (Actions.ANALYTICS_OWN, "User"),
    ],
    ids=lambda one: getattr(one, "name", one),
)
def test_what_is_ones_own_is_reached_by_oneself_alone(action: object, kind: str) -> None:
    person, other = caller(), caller()
    own = Entity(kind, person.user_id if kind == "User" else OTHER, {"ownerId": person.user_id})
    assert decide(person, action, own).policies == ("own-things",)  # type: ignore[arg-type]
    refused = decide(other, action, own)  # type: ignore[arg-type]
    assert (refused.allowed, refused.reason) == (False, "NOT_OWNER")
