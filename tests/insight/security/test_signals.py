"""Security signals as staff find them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.platform import clock, signals, store
from chalicelib.platform.signals import SecuritySignal, Severity, SignalType
from infra.local.emulator import Emulator
from tests.insight.audit_trail.entries import DAY, ago
from tests.support.client import Client
from tests.support.people import People, Person

SIGNALS = "/v1/admin/security/signals"
ASHA, RAVI = "01JH8Z6V3N4Q5R6S7T8V9WXYZ0", "01JH8Z6V3N4Q5R6S7T8V9WXYZ1"
NOTE = "01JH8Z6V3N4Q5R6S7T8V9WXYZ2"


@pytest.fixture
def guard(people: People) -> Person:
    return people.admin("ADMIN_SECURITY")


def since(days: float) -> str:
    return clock.iso(clock.now() - timedelta(days=days))


def found(client: Client, person: Person, **query: Any) -> list[dict[str, Any]]:
    """All pages of a question."""
    items: list[dict[str, Any]] = []
    for _ in range(50):
        answer = client.get(SIGNALS, token=person.token, query=query, expect=200)
        items += answer.json["items"]
        query["cursor"] = answer.json["nextCursor"]
        if query["cursor"] is None:
            return items
    raise AssertionError("the list has no end")


@pytest.mark.rule("SHIELD-11")
def test_a_signal_says_what_was_noticed_about_whom(client: Client, guard: Person) -> None:
    for _ in range(2):
        signals.notice(SignalType.REFRESH_REUSE, Severity.HIGH, user_id=ASHA, session_id=RAVI, meta={"generation": 3})
    (shown,) = found(client, guard, userId=ASHA)
    assert {name: shown[name] for name in shown if name not in {"id", "createdAt", "lastAt"}} == {
        "type": "REFRESH_REUSE",
        "severity": "HIGH",
        "userId": ASHA,
        "sessionId": RAVI,
        "noteId": None,
        "subject": None,
        "meta": {"generation": 3},
        "count": 2,
        "reviewedAt": None,
        "reviewedByUserId": None,
        "verdict": None,
        "reviewNote": None,
    }
    assert shown["createdAt"] <= shown["lastAt"]
    assert "203.0.113" not in str(shown)


@pytest.mark.rule("SHIELD-11", "HTTP-16")
def test_each_question_finds_its_signals_newest_first(cloud: Emulator, client: Client, guard: Person) -> None:
    made = [
        (80, SignalType.OTP_SPAM, Severity.LOW, {"subject": "a" * 32}),
        (40, SignalType.REFRESH_REUSE, Severity.HIGH, {"user_id": ASHA}),
        (39, SignalType.LOGIN_BRUTE_FORCE, Severity.MEDIUM, {"user_id": ASHA}),
        (2, SignalType.TOO_MANY_REQUESTS, Severity.MEDIUM, {"user_id": RAVI, "note_id": NOTE}),
        (1, SignalType.TOO_MANY_REQUESTS, Severity.MEDIUM, {"user_id": ASHA, "note_id": NOTE}),
    ]
    for days, kind, severity, about in made:
        with ago(days * DAY):
            signals.notice(kind, severity, **about)
    questions: list[tuple[dict[str, Any], list[int]]] = [
        ({}, [4, 3, 2, 1, 0]),
        ({"userId": ASHA.lower()}, [4, 2, 1]),
        ({"noteId": NOTE}, [4, 3]),
        ({"userId": ASHA, "noteId": NOTE}, [4]),
        ({"severity": "MEDIUM"}, [4, 3, 2]),
        ({"type": "OTP_SPAM"}, [0]),
        ({"userId": ASHA, "type": "REFRESH_REUSE"}, [1]),
        ({"from": since(39.5)}, [4, 3, 2]),
        ({"from": since(39.5), "to": since(1.5)}, [3, 2]),
        ({"reviewed": "true"}, []),
    ]
    for query, expected in questions:
        wanted = [(made[number][1].value, made[number][2].value) for number in expected]
        for limit in (1, 100):
            items = found(client, guard, limit=limit, **query)
            assert [(one["type"], one["severity"]) for one in items] == wanted, query
    (first, *_) = found(client, guard)
    place = SecuritySignal.place(first["createdAt"][:7], first["id"])
    store.update(SecuritySignal, place, [SecuritySignal.row["reviewedAt"].set(first["createdAt"])])
    assert [one["id"] for one in found(client, guard, reviewed="true")] == [first["id"]]
    assert len(found(client, guard, reviewed="false")) == 4


@pytest.mark.rule("SHIELD-11")
def test_a_period_is_at_most_92_days(client: Client, guard: Person) -> None:
    query = {"from": "2026-01-01", "to": "2026-05-01"}
    assert client.get(SIGNALS, token=guard.token, query=query, expect=422).issues == {"query.from": "PERIOD_TOO_LONG"}


@pytest.mark.rule("SHIELD-11")
def test_a_page_is_one_query(cloud: Emulator, client: Client, guard: Person) -> None:
    signals.notice(SignalType.REFRESH_REUSE, Severity.HIGH, user_id=ASHA)
    month = clock.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    for query in ({"userId": ASHA}, {"from": clock.iso(month)}):
        with cloud.calls.during() as calls:
            client.get(SIGNALS, token=guard.token, query=query, expect=200)
        assert [call.operation for call in calls] == ["GetItem", "Query"], query


@pytest.mark.rule("SHIELD-11")
def test_students_and_unrelated_staff_see_none(client: Client, people: People) -> None:
    signals.notice(SignalType.REFRESH_REUSE, Severity.HIGH, user_id=ASHA)
    for person in (people.student(), people.admin("INSTRUCTOR")):
        answer = client.get(SIGNALS, token=person.token, expect=403)
        assert "REFRESH_REUSE" not in answer.body.decode()
