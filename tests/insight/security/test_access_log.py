"""Who read what, as staff read it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.content.reading import NoteViewSession
from chalicelib.content.shield import NoteAccessLog
from chalicelib.platform import clock, signals, store
from chalicelib.platform.access.card import AccessCard, plain
from chalicelib.platform.ids import new_ulid, ulid_for
from chalicelib.platform.signals import Severity, SignalType
from tests.architecture.security_things import put_view_session
from tests.content.desk import Desk
from tests.insight.security.test_bans import entries
from tests.support.people import Person

LOG = "/v1/admin/security/note-access"
OUTSIDE, AGENT = "198.51.100.23", "reader/2.0"
HOUR = 3_600


class Log:
    """Two readers, two notes, and a line each of some hours ago, numbered oldest first."""

    def __init__(self, desk: Desk, guard: Person) -> None:
        self.desk, self.guard = desk, guard
        self.asha, self.ravi = desk.student(), desk.student()
        self.notes = [desk.note(title="Fundamental Rights")["id"], desk.note()["id"]]
        self.session = put_view_session(self.asha, self.notes[0])
        self.ids = [
            self.line(hours, person, note, session)
            for hours, person, note, session in (
                (30 * 24, self.asha, 0, None),
                (3 * 24, self.ravi, 1, None),
                (30, self.asha, 1, None),
                (5, self.ravi, 0, None),
                (4, self.asha, 0, self.session),
                (3, self.asha, 1, None),
            )
        ]

    def line(self, hours: float, person: Person, note: int, session: str | None) -> str:
        at = clock.now() - timedelta(hours=hours)
        own_id = ulid_for(at, new_ulid().encode())
        facts = {
            "id": own_id,
            "user_id": person.id,
            "note_id": self.notes[note],
            "view_session_id": session or new_ulid(),
            "kind": "CONTENT",
            "status": 206,
            "bytes_served": 1_000,
            "request_id": "R" * 20,
            "created_at": clock.iso(at),
            "ip": OUTSIDE,
            "user_agent": AGENT,
            "range_start": 0,
            "range_end": 999,
        }
        store.put(NoteAccessLog.line(facts, clock.epoch() + 86_400))
        return own_id

    def found(self, person: Person | None = None, **query: Any) -> list[dict[str, Any]]:
        """All pages."""
        items: list[dict[str, Any]] = []
        for _ in range(60):
            token = (person or self.guard).token
            page = self.desk.client.get(LOG, token=token, query=query, expect=200).json
            items += page["items"]
            query["cursor"] = page["nextCursor"]
            if page["nextCursor"] is None:
                return items
        raise AssertionError("the list has no end")


@pytest.fixture
def log(desk: Desk, guard: Person) -> Log:
    return Log(desk, guard)


def since(hours: float) -> str:
    return clock.iso(clock.now() - timedelta(hours=hours))


@pytest.mark.rule("SHIELD-10", "HTTP-16")
def test_each_question_finds_its_lines_newest_first(log: Log) -> None:
    month = {"from": since(30 * 24 + 1)}
    questions: list[tuple[dict[str, Any], list[int]]] = [
        ({}, [5, 4, 3]),
        (month, [5, 4, 3, 2, 1, 0]),
        ({"userId": log.asha.id.lower()}, [5, 4]),
        ({"userId": log.asha.id, **month}, [5, 4, 2, 0]),
        ({"userId": log.asha.id, "noteId": log.notes[0], **month}, [4, 0]),
        ({"noteId": log.notes[1], **month}, [5, 2, 1]),
        ({"noteId": log.notes[0]}, [4, 3]),
        ({"viewSessionId": log.session}, [4]),
        ({"viewSessionId": log.session, "noteId": log.notes[1]}, []),
        ({"viewSessionId": log.session, "userId": log.ravi.id}, []),
        ({"viewSessionId": new_ulid()}, []),
        ({"from": since(100), "to": since(4.5)}, [3, 2, 1]),
        ({"from": "0001-01-01T00:00:00Z", "to": "0001-01-02T00:00:00Z"}, []),
        ({"from": "9999-12-30T00:00:00Z", "to": "9999-12-31T23:59:59Z"}, []),
    ]
    for query, expected in questions:
        for limit in (1, 100):
            found = log.found(limit=limit, **query)
            assert [one["id"] for one in found] == [log.ids[number] for number in expected], query


@pytest.mark.rule("SHIELD-10")
def test_a_line_says_who_read_what_from_where(log: Log) -> None:
    (line,) = log.found(viewSessionId=log.session)
    assert {name: line[name] for name in line if name not in {"id", "createdAt"}} == {
        "userId": log.asha.id,
        "userName": "Asha Verma",
        "noteId": log.notes[0],
        "noteTitle": "Fundamental Rights",
        "viewSessionId": log.session,
        "kind": "CONTENT",
        "status": 206,
        "rangeStart": 0,
        "rangeEnd": 999,
        "page": None,
        "bytesServed": 1_000,
        "ip": OUTSIDE,
        "userAgent": AGENT,
        "requestId": "R" * 20,
    }


@pytest.mark.rule("SHIELD-10")
def test_who_only_analyses_sees_neither_address_nor_user_agent(log: Log) -> None:
    analyst = log.desk.people.admin("INSTRUCTOR")
    store.update(AccessCard, AccessCard.place(analyst.id), [AccessCard.permissions.set({"analytics.read"})])
    lines = log.found(analyst, **{"from": since(100)})
    assert len(lines) == 5
    assert {line["userName"] for line in lines} == {"Asha Verma"}
    assert {(line["ip"], line["userAgent"]) for line in lines} == {(None, None)}
    assert OUTSIDE not in str(lines)
    for person in (log.asha, log.desk.people.admin("INSTRUCTOR")):
        answer = log.desk.client.get(LOG, token=person.token, expect=403)
        assert AGENT not in answer.body.decode()


@pytest.mark.rule("SHIELD-10", "SHIELD-71")
def test_reading_the_log_is_audited_once_a_list(log: Log) -> None:
    log.found(userId=log.asha.id, limit=1, **{"from": since(100)})
    (kept,) = entries(log.desk, "noteaccess.read")
    assert (kept.actor_user_id, kept.resource_id) == (log.guard.id, log.asha.id)
    assert plain(kept.meta)["userId"] == log.asha.id
    log.found(limit=100)
    assert [one.resource_id for one in entries(log.desk, "noteaccess.read")] == [log.asha.id, "all"]


@pytest.mark.rule("SHIELD-10")
def test_a_period_is_at_most_31_days_and_a_page_reads_five_of_them(log: Log) -> None:
    desk, token = log.desk, log.guard.token
    too_long = {"from": "2026-01-01", "to": "2026-02-02"}
    assert desk.client.get(LOG, token=token, query=too_long, expect=422).issues == {"query.from": "PERIOD_TOO_LONG"}
    with desk.cloud.calls.during() as calls:
        page = desk.client.get(LOG, token=token, query={"from": "2020-01-01", "to": "2020-01-30"}, expect=200).json
    assert page["items"] == []
    assert page["nextCursor"] is not None
    assert [call.operation for call in calls].count("Query") == 5
    with desk.cloud.calls.during() as calls:
        desk.client.get(LOG, token=token, query={"userId": log.asha.id}, expect=200)
    assert sorted(call.operation for call in calls) == ["BatchGetItem", "GetItem", "Query", "TransactWriteItems"]


@pytest.mark.rule("SHIELD-10")
def test_of_an_erased_account_a_line_names_nobody(log: Log) -> None:
    facts = store.get(NoteAccessLog, NoteAccessLog.place(log.notes[0], log.ids[4])).facts  # type: ignore[union-attr]
    left = {name: value for name, value in facts.items() if name not in {"user_id", "ip", "user_agent"}}
    item = NoteAccessLog(*NoteAccessLog.place(log.notes[0], log.ids[4]), row=left)
    store.put(item)
    lines = {one["id"]: one for one in log.found(noteId=log.notes[0])}
    assert (lines[log.ids[4]]["userId"], lines[log.ids[4]]["userName"]) == (None, None)
    assert store.get(NoteViewSession, NoteViewSession.place(log.session)) is not None


@pytest.mark.rule("SHIELD-10", "SHIELD-12", "SHIELD-13")
def test_what_is_read_and_noticed_reaches_the_staff(desk: Desk, guard: Person) -> None:
    """The whole way: a request, the stream, and what staff then see."""
    note, asha = Desk.note(desk, title="Fundamental Rights"), desk.student()
    begun = {"headers": {"User-Agent": AGENT}, "source_ip": OUTSIDE}
    opened = desk.open(note, asha, json={"acceptNotice": 1}, expect=201, **begun).json
    path, headers = f"/v1/notes/{note['id']}", {"X-View-Token": opened["viewToken"], "User-Agent": AGENT}
    sent = {"token": asha.token, "headers": headers, "source_ip": OUTSIDE}
    read = desk.client.get(f"{path}/content", **sent)
    assert read.status == 200
    desk.cloud.advance(200)
    desk.client.post(f"{path}/view-session/renew", **sent, expect=200)
    signals.notice(SignalType.RANGE_SCRAPE, Severity.HIGH, user_id=asha.id, note_id=note["id"])
    desk.cloud.drain()
    desk.cloud.advance(200)
    token = desk.people.token(guard.id, guard.session_id, "ADMIN")
    (line,) = desk.client.get(LOG, token=token, query={"userId": asha.id}, expect=200).json["items"]
    assert (line["ip"], line["userAgent"], line["status"]) == (OUTSIDE, AGENT, 200)
    assert (line["viewSessionId"], line["bytesServed"]) == (opened["viewSessionId"], len(read.body))
    profile = desk.client.get(f"/v1/admin/security/users/{asha.id}", token=token, expect=200).json
    assert profile["access30d"]["requests"] == profile["access30d"]["distinctNotes"] == 1
    assert (profile["score"], profile["signals"][0]["type"]) == (20, "RANGE_SCRAPE")
    assert [one["viewSessionId"] for one in profile["activeViewSessions"]] == [opened["viewSessionId"]]
    found = desk.client.get("/v1/admin/security/signals/summary", token=token, expect=200).json
    assert found["counts"] == [{"type": "RANGE_SCRAPE", "severity": "HIGH", "count": 1}]
    assert [one["userId"] for one in found["topUsers"]] == [asha.id]
    assert [one["title"] for one in found["topNotes"]] == ["Fundamental Rights"]
