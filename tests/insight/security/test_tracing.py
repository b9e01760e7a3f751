"""From what a leaked page shows to who read it; and whether facts are ours."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.identity.accounts import UserHash, user_hash
from chalicelib.insight.security.tracing import MOST
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import plain
from chalicelib.platform.ids import new_ulid
from tests.content.desk import Desk
from tests.insight.security.test_bans import entries, fresh
from tests.support.client import Response
from tests.support.people import Person

SECURITY = "/v1/admin/security"
OUTSIDE = "198.51.100.23"


class Leak:
    """Two students who read two notes; Asha's first session is the one that leaks."""

    def __init__(self, desk: Desk, guard: Person) -> None:
        self.desk, self.guard = desk, guard
        self.notes = [desk.note(title="Fundamental Rights"), desk.note(title="Directive Principles")]
        self.asha, self.ravi = desk.student(), desk.student()
        for person in (self.asha, self.ravi):
            store.put(UserHash(*UserHash.place(user_hash(person.id), person.id), user_id=person.id))
        self.began = clock.now()
        self.sessions = {
            (name, number): self._opened(person, number)
            for name, person in (("asha", self.asha), ("ravi", self.ravi))
            for number in (0, 1)
        }
        self.leaked = self.sessions["asha", 0]
        self.code = self.leaked["watermark"]["traceCode"].replace("-", "")

    def _opened(self, person: Person, number: int) -> dict[str, Any]:
        headers = {"User-Agent": "reader/2.0"}
        answer = self.desk.open(self.notes[number], person, headers=headers, source_ip=OUTSIDE, expect=201)
        self.desk.cloud.advance(1)
        return dict(answer.json)

    def trace(self, **clues: Any) -> Response:
        token = fresh(self.desk, self.guard)
        return self.desk.client.post(f"{SECURITY}/watermarks/trace", json=clues, token=token)

    def found(self, **clues: Any) -> list[tuple[str, str]]:
        """Session names that clues lead to, newest first."""
        answer = self.trace(**clues)
        assert answer.status == 200, answer.body
        names = {one["viewSessionId"]: name for name, one in self.sessions.items()}
        return [names[one["viewSessionId"]] for one in answer.json["candidates"]]

    @property
    def span(self) -> dict[str, str]:
        return {"from": clock.iso(self.began - timedelta(days=1)), "to": clock.iso(clock.now() + timedelta(seconds=1))}


@pytest.fixture
def leak(desk: Desk, guard: Person) -> Leak:
    return Leak(desk, guard)


@pytest.mark.rule("SHIELD-20", "SHIELD-65")
def test_a_code_leads_to_user_note_session_time_and_place(leak: Leak) -> None:
    answer = leak.trace(traceCode=leak.leaked["watermark"]["traceCode"], reason="Posted in a channel").json
    (found,) = answer["candidates"]
    assert answer["exact"] is True
    asha = leak.asha
    assert found["user"] == {"id": asha.id, "name": "Asha Verma", "email": asha.email, "phone": "+919876543210"}
    assert found["note"] == {"id": leak.notes[0]["id"], "title": "Fundamental Rights"}
    assert found["viewSessionId"] == leak.leaked["viewSessionId"]
    assert found["issuedAt"] == leak.leaked["watermark"]["issuedAt"]
    assert found["sessionStart"][:19] == found["issuedAt"][:19]
    assert (found["ip"], found["userAgent"]) == (OUTSIDE, "reader/2.0")
    assert (found["traceCode"], found["matched"]) == (leak.leaked["watermark"]["traceCode"], ["traceCode"])


@pytest.mark.rule("SHIELD-20", "SHIELD-65")
def test_every_clue_finds_and_several_intersect(leak: Leak) -> None:
    code, asha, note = leak.code, user_hash(leak.asha.id), leak.notes[0]["id"]
    other = leak.sessions["ravi", 1]["watermark"]["traceCode"]
    broken = code[:4] + "?" + code[5] + "??" + code[8:]
    questions: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
        ({"traceCode": code[:8]}, [("asha", 0)]),
        ({"traceCode": code[:4].lower()}, [("asha", 0)]),
        ({"traceCode": broken}, [("asha", 0)]),
        ({"traceCode": f"{code[:4]}????????"}, [("asha", 0)]),
        ({"traceCode": code[:11] + ("0" if code[11] != "0" else "1")}, []),
        ({"traceCode": code[:4] + ("0" if code[4] != "0" else "1")}, []),
        ({"userHash": asha}, [("asha", 1), ("asha", 0)]),
        ({"userHash": asha.lower(), "noteId": note}, [("asha", 0)]),
        ({"userHash": asha, **leak.span}, [("asha", 1), ("asha", 0)]),
        ({"userHash": "0000000000"}, []),
        ({"viewSessionId": leak.leaked["viewSessionId"]}, [("asha", 0)]),
        ({"viewSessionId": new_ulid()}, []),
        ({"viewSessionId": leak.leaked["viewSessionId"], "userHash": user_hash(leak.ravi.id)}, []),
        ({"noteId": note, **leak.span}, [("ravi", 0), ("asha", 0)]),
        ({"noteId": note, "userHash": asha, **leak.span}, [("asha", 0)]),
        ({"noteId": note, "from": "2020-01-01", "to": "2020-01-02"}, []),
        ({"traceCode": code, "noteId": leak.notes[1]["id"]}, []),
        ({"traceCode": code, "noteId": note, "userHash": asha, **leak.span}, [("asha", 0)]),
        ({"traceCode": other[:4], "userHash": asha}, []),
    ]
    for clues, expected in questions:
        assert leak.found(**clues) == expected, clues
    for clues in ({"traceCode": code[:8]}, {"traceCode": broken}, {"userHash": asha}):
        assert leak.trace(**clues).json["exact"] is False
    every = leak.trace(traceCode=code[:6], noteId=note, userHash=asha).json["candidates"][0]["matched"]
    assert every == ["traceCode", "userHash", "noteId"]


@pytest.mark.rule("SHIELD-20")
def test_letters_that_look_like_digits_are_read_as_such(leak: Leak) -> None:
    misread = leak.code.replace("0", "o").replace("1", "l")
    shown = f"{misread[:4]}-{misread[4:8]} {misread[8:]}"
    assert leak.found(traceCode=shown) == [("asha", 0)]


@pytest.mark.rule("SHIELD-20")
def test_what_is_no_clue_is_refused(leak: Leak) -> None:
    note, now = leak.notes[0]["id"], clock.now()
    eight = {"from": clock.iso(now - timedelta(days=8)), "to": clock.iso(now)}
    for clues, field, issue in (
        ({}, "body", "NOTHING_GIVEN"),
        (leak.span, "body", "NOTHING_GIVEN"),
        ({"noteId": note}, "body.from", "REQUIRED"),
        ({"noteId": note, "from": "2026-01-01"}, "body.to", "REQUIRED"),
        ({"noteId": note, "to": "2026-01-01"}, "body.from", "REQUIRED"),
        ({"noteId": note, **eight}, "body.from", "PERIOD_TOO_LONG"),
        ({"noteId": note, "from": eight["to"], "to": eight["from"]}, "body.to", "BEFORE_FROM"),
    ):
        assert leak.trace(**clues).issues == {field: issue}, clues
    for wrong in ("W7K", "W?K2", "W7K2-9MQD-X1T5-0", "W7K2Ü", ".*.*", "W7K2[0-9]"):
        assert leak.trace(traceCode=wrong).status == 422, wrong
    assert leak.trace(userHash="short").status == 422
    assert entries(leak.desk, "watermark.trace") == []


@pytest.mark.rule("SHIELD-20", "SHIELD-71")
def test_asking_is_audited_and_names_nobody_in_clear(leak: Leak) -> None:
    leak.trace(traceCode=leak.code[:8], reason="Posted in a channel")
    (kept,) = entries(leak.desk, "watermark.trace")
    assert (kept.actor_user_id, kept.resource_id, kept.reason) == (leak.guard.id, leak.code[:8], "Posted in a channel")
    assert plain(kept.meta) == {"by": ["traceCode"], "found": 1, "userIds": [leak.asha.id]}
    desk, support = leak.desk, leak.desk.people.admin("ADMIN_SUPPORT")
    answer = desk.client.post(f"{SECURITY}/watermarks/trace", json={"traceCode": leak.code}, token=support.token)
    assert answer.status == 403
    assert leak.asha.id not in answer.body.decode()


@pytest.mark.rule("SHIELD-20")
def test_a_trace_takes_no_more_trips_the_more_it_finds(leak: Leak) -> None:
    with leak.desk.cloud.calls.during() as calls:
        leak.trace(noteId=leak.notes[0]["id"], **leak.span)
    operations = [call.operation for call in calls]
    assert operations[:2] == ["GetItem", "Query"]
    assert sorted(operations[2:]) == ["BatchGetItem", "TransactWriteItems"]
    assert MOST == 50


@pytest.mark.rule("SHIELD-19", "SHIELD-64")
def test_what_we_signed_verifies_and_a_changed_letter_does_not(leak: Leak) -> None:
    desk, facts = leak.desk, dict(leak.leaked["watermark"])
    signature = facts.pop("watermarkSignature")

    def verify(payload: dict[str, Any], signed: str = signature) -> dict[str, Any]:
        body = {"payload": payload, "watermarkSignature": signed}
        answer = desk.client.post(f"{SECURITY}/watermarks/verify", json=body, token=fresh(desk, leak.guard), expect=200)
        return dict(answer.json)

    assert verify(facts) == {
        "valid": True,
        "keyId": facts["keyId"],
        "userId": leak.asha.id,
        "viewSessionId": leak.leaked["viewSessionId"],
        "issuedAt": facts["issuedAt"],
    }
    assert verify({**facts, "watermarkSignature": signature})["valid"] is True
    assert verify(dict(reversed(facts.items())))["valid"] is True
    forged: list[dict[str, Any]] = [
        {**facts, "displayName": "Asha Varma"},
        {**facts, "extra": None},
        {name: value for name, value in facts.items() if name != "maskedPhone"},
        {**facts, "keyId": "other"},
        {**facts, "display": {**facts["display"], "opacity": 0.13}},
        {**facts, "rotateAfterSeconds": 1e300},
        {**facts, "keyId": 7},
        {**facts, "keyId": "k" * 999},
        {},
    ]
    for payload in forged:
        told = verify(payload)
        assert told["valid"] is False
        assert {told[name] for name in ("userId", "viewSessionId", "issuedAt")} == {None}
    for wrong in (signature[:-2] + "AA", signature[::-1], "ü"):
        assert verify(facts, wrong)["valid"] is False
    asked = entries(desk, "watermark.trace")
    assert [plain(one.meta)["valid"] for one in asked].count(True) == 3
    assert len(asked) == 3 + len(forged) + 3


@pytest.mark.rule("SHIELD-14", "SHIELD-71")
def test_a_revoked_session_reads_no_further_and_is_revoked_once(leak: Leak) -> None:
    desk, session = leak.desk, leak.leaked
    path = f"{SECURITY}/note-sessions/{session['viewSessionId']}/revoke"
    answers = [
        desk.client.post(path, json={"reason": "Too fast"}, token=fresh(desk, leak.guard), expect=200).json
        for _ in range(2)
    ]
    assert answers[0] == answers[1]
    token = fresh(desk, leak.asha)
    content = desk.client.get(
        f"/v1/notes/{leak.notes[0]['id']}/content", token=token, headers={"X-View-Token": session["viewToken"]}
    )
    assert (content.status, content.code) == (401, "VIEW_TOKEN_INVALID")
    assert desk.open(leak.notes[0], leak.asha).status == 201
    (kept,) = entries(desk, "viewsession.revoke")
    assert (kept.resource_id, kept.reason) == (session["viewSessionId"], "Too fast")
    assert plain(kept.meta) == {"userId": leak.asha.id, "noteId": leak.notes[0]["id"]}
    gone = desk.client.post(
        path.replace(session["viewSessionId"], new_ulid()), json={"reason": "Too fast"}, token=fresh(desk, leak.guard)
    )
    assert gone.code == "VIEW_SESSION_NOT_FOUND"
    assert desk.client.post(path, json={"reason": "no"}, token=fresh(desk, leak.guard)).status == 422


@pytest.mark.rule("SHIELD-14")
def test_a_session_that_has_ended_tells_when(leak: Leak) -> None:
    desk, session = leak.desk, leak.leaked
    desk.cloud.advance(86_400)
    path = f"{SECURITY}/note-sessions/{session['viewSessionId']}/revoke"
    answer = desk.client.post(path, json={"reason": "Too late"}, token=fresh(desk, leak.guard), expect=200).json
    assert answer["revokedAt"][:16] == session["expiresAt"][:16]
    assert entries(desk, "viewsession.revoke") == []
