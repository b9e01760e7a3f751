"""Signals summed up and reviewed, and one person looked into."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import partial
from threading import Barrier
from typing import Any

import pytest

from chalicelib.content.shield import NoteUsageDay, SignalStat
from chalicelib.platform import clock, signals, store
from chalicelib.platform.access.card import plain
from chalicelib.platform.aws import clients
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.signals import Severity, SignalType
from tests.content.desk import Desk
from tests.insight.security.test_bans import ban, entries, fresh
from tests.support.people import Person
from tests.support.races import at_once

SECURITY = "/v1/admin/security"
HARMLESS = {"verdict": "HARMLESS", "note": "Two networks, one phone"}


@contextmanager
def side_by_side(first: str, number: int) -> Iterator[None]:
    """After the ``first`` call so many are on their way before one of them is answered: they are one round trip."""
    barrier, begun = Barrier(number), [False]

    def meet(model: Any, **_: object) -> None:
        if begun[0]:
            barrier.wait(timeout=30)
        begun[0] = begun[0] or model.name == first

    events = clients.dynamodb().meta.events
    events.register("before-call.dynamodb", meet)
    try:
        yield
    finally:
        events.unregister("before-call.dynamodb", meet)


def today() -> date:
    return clock.academy_day(clock.now())


def stat(days: int, what: str, times: int, score: int = 0) -> None:
    """What was counted some days ago."""
    place = SignalStat.place(today() - timedelta(days=days), what)
    store.put(SignalStat(*place, times=times, score=score))


@pytest.mark.rule("SHIELD-12")
def test_a_summary_adds_up_days_and_ranks_people_and_notes(desk: Desk, guard: Person) -> None:
    asha, ravi, note = desk.student(), desk.student(), desk.note(title="Fundamental Rights")
    for days, what, times, score in (
        (0, "TYPE#RANGE_SCRAPE#HIGH", 2, 40),
        (6, "TYPE#RANGE_SCRAPE#HIGH", 1, 20),
        (3, "TYPE#IP_FLAPPING#LOW", 4, 4),
        (7, "TYPE#OTP_SPAM#MEDIUM", 1, 5),
        (0, f"USER#{asha.id}", 2, 40),
        (6, f"USER#{ravi.id}", 1, 20),
        (3, f"USER#{ravi.id}", 4, 24),
        (7, f"USER#{asha.id}", 9, 90),
        (1, f"NOTE#{note['id']}", 3, 60),
        *((1, f"USER#{new_ulid()}", 1, 1) for _ in range(25)),
    ):
        stat(days, what, times, score)

    def asked(**query: str) -> dict[str, Any]:
        path = f"{SECURITY}/signals/summary"
        return dict(desk.client.get(path, token=guard.token, query=query, expect=200).json)

    found = asked()
    assert found["counts"] == [
        {"type": "IP_FLAPPING", "severity": "LOW", "count": 4},
        {"type": "RANGE_SCRAPE", "severity": "HIGH", "count": 3},
    ]
    assert found["topUsers"][:2] == [
        {"userId": ravi.id, "name": "Asha Verma", "score": 44, "count": 5},
        {"userId": asha.id, "name": "Asha Verma", "score": 40, "count": 2},
    ]
    assert (len(found["topUsers"]), found["topUsers"][-1]["name"]) == (20, None)
    assert found["topNotes"] == [{"noteId": note["id"], "title": "Fundamental Rights", "score": 60, "count": 3}]
    first = (today() - timedelta(days=7)).isoformat()
    assert asked(**{"from": first})["topUsers"][0]["score"] == 130
    assert asked(**{"from": first, "to": first})["counts"] == [{"type": "OTP_SPAM", "severity": "MEDIUM", "count": 1}]
    with desk.cloud.calls.during() as calls:
        asked()
    operations = [call.operation for call in calls]
    assert operations.count("Query") == 7
    assert operations.count("BatchGetItem") == 1
    nothing = {"counts": [], "topUsers": [], "topNotes": []}
    for far in (
        {"from": "0001-01-01T00:00:00Z", "to": "0001-01-02T00:00:00Z"},
        {"from": "9999-12-30T00:00:00Z", "to": "9999-12-31T23:59:59Z"},
    ):
        assert asked(**far) == nothing
    path, long = f"{SECURITY}/signals/summary", {"from": "2026-01-01", "to": "2026-02-01"}
    assert desk.client.get(path, token=guard.token, query=long).issues == {"query.from": "PERIOD_TOO_LONG"}


def usage(person: Person, days: int, **facts: Any) -> None:
    day = today() - timedelta(days=days)
    store.put(NoteUsageDay(*NoteUsageDay.place(person.id, day), user_id=person.id, day=day.isoformat(), **facts))


@pytest.mark.rule("SHIELD-13")
def test_a_profile_has_all_that_is_known_of_somebody(desk: Desk, guard: Person) -> None:
    asha, note = desk.student(), desk.note()
    opened = [desk.open(note, asha, json={"deviceHint": "Android 15", "acceptNotice": 1}).json for _ in range(3)]
    other = desk.note()
    ban(desk, guard, asha, other["id"], expect=201)
    signals.notice(SignalType.RANGE_SCRAPE, Severity.HIGH, user_id=asha.id, note_id=note["id"])
    for days, facts in (
        (0, {"requests": 10, "bytes": 1_000, "note_ids": {"N1", "N2"}, "peak": 4}),
        (29, {"requests": 50, "bytes": 9_000, "note_ids": {"N2", "N3"}, "peak": 31}),
        (30, {"requests": 999, "bytes": 9_000, "note_ids": {"N4"}, "peak": 99}),
    ):
        usage(asha, days, **facts)
    for days, score in ((0, 20), (29, 5), (30, 500)):
        stat(days, f"USER#{asha.id}", 1, score)
    path = f"{SECURITY}/users/{asha.id}"
    with side_by_side("BatchGetItem", 7):
        found = desk.client.get(path, token=fresh(desk, guard), expect=200).json
    assert found["user"]["id"] == asha.id
    assert (found["user"]["name"], found["user"]["email"]) == ("Asha Verma", asha.email)
    assert [one["type"] for one in found["signals"]] == ["RANGE_SCRAPE"]
    assert found["access30d"] == {
        "distinctNotes": 3,
        "requests": 60,
        "bytes": 10_000,
        "busiestDay": {"day": (today() - timedelta(days=29)).isoformat(), "requests": 50},
        "perMinutePeak": 31,
    }
    live = {one["viewSessionId"] for one in found["activeViewSessions"]}
    assert live == {one["viewSessionId"] for one in opened[1:]}
    assert {(one["noteId"], one["deviceHint"]) for one in found["activeViewSessions"]} == {(note["id"], "Android 15")}
    assert [one["id"] for one in found["loginSessions"]] == [asha.session_id]
    assert [one["noteId"] for one in found["bans"]] == [other["id"]]
    assert found["score"] == 25
    assert "203.0.113" not in str(found)
    (kept,) = entries(desk, "user.security_read")
    assert (kept.actor_user_id, kept.resource_id) == (guard.id, asha.id)


@pytest.mark.rule("SHIELD-13", "SHIELD-71")
def test_a_profile_of_nobody_much_is_empty_and_students_see_none(desk: Desk, guard: Person) -> None:
    asha = desk.student()
    path = f"{SECURITY}/users/{asha.id}"
    found = desk.client.get(path, token=guard.token, expect=200).json
    assert found["access30d"]["busiestDay"] is None
    assert (found["signals"], found["bans"], found["activeViewSessions"], found["score"]) == ([], [], [], 0)
    for person in (asha, desk.people.admin("ADMIN_CONTENT")):
        assert desk.client.get(path, token=person.token).status == 403
    assert desk.client.get(f"{SECURITY}/users/{new_ulid()}", token=guard.token).code == "USER_NOT_FOUND"
    assert len(entries(desk, "user.security_read")) == 1


@pytest.mark.rule("SHIELD-21")
def test_a_review_keeps_who_and_when_and_is_found_by(desk: Desk, guard: Person) -> None:
    asha = desk.student()
    signals.notice(SignalType.IP_FLAPPING, Severity.LOW, user_id=asha.id)
    listed = partial(desk.client.get, f"{SECURITY}/signals", token=guard.token, expect=200)
    (signal,) = listed(query={"userId": asha.id, "reviewed": "false"}).json["items"]
    path = f"{SECURITY}/signals/{signal['id']}/review"
    for _ in range(2):
        said = desk.client.post(path, json=HARMLESS, token=guard.token, expect=200).json
    assert (said["verdict"], said["reviewNote"], said["reviewedByUserId"]) == (*HARMLESS.values(), guard.id)
    (shown,) = listed(query={"userId": asha.id, "reviewed": "true"}).json["items"]
    assert shown == said
    assert listed(query={"reviewed": "false"}).json["items"] == []
    (kept,) = entries(desk, "signal.review")
    assert (kept.resource_id, plain(kept.meta)["changed"]) == (signal["id"], {"verdict": [None, "HARMLESS"]})
    later = desk.client.post(path, json={"verdict": "ABUSE"}, token=guard.token, expect=200).json
    assert (later["verdict"], later["reviewNote"]) == ("ABUSE", None)
    assert len(entries(desk, "signal.review")) == 2


@pytest.mark.rule("SHIELD-21")
def test_parallel_reviews_follow_each_other(desk: Desk, guard: Person) -> None:
    signals.notice(SignalType.IP_FLAPPING, Severity.LOW, user_id=guard.id)
    (signal,) = desk.client.get(f"{SECURITY}/signals", token=guard.token).json["items"]
    path, verdicts = f"{SECURITY}/signals/{signal['id']}/review", ["HARMLESS", "WATCH", "ABUSE"]
    post = partial(desk.client.post, path, token=guard.token, expect=200)
    at_once([partial(post, json={"verdict": verdict}) for verdict in verdicts])
    changes = [plain(one.meta)["changed"]["verdict"] for one in entries(desk, "signal.review")]
    befores = [before for before, _ in changes]
    assert sorted(after for _, after in changes) == sorted(verdicts)
    assert len(set(befores)) == 3
    for verdict in ("GOOD", None):
        assert desk.client.post(path, json={"verdict": verdict}, token=guard.token).status == 422
    support = desk.people.admin("ADMIN_SUPPORT")
    assert desk.client.post(path, json=HARMLESS, token=support.token).status == 403
    missing = f"{SECURITY}/signals/{new_ulid()}/review"
    assert desk.client.post(missing, json=HARMLESS, token=guard.token).code == "SIGNAL_NOT_FOUND"
    assert len(entries(desk, "signal.review")) == 3
