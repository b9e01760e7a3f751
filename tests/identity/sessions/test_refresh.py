"""Refreshing (AUTH-03, AUTH-51 … AUTH-53)."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.identity.sessions import Session, refresh_tokens
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import AccessCard, plain
from chalicelib.platform.ids import new_ulid
from infra.local.emulator import Emulator
from tests.support.client import Client, Response
from tests.support.people import People, Person
from tests.support.races import at_once, counted_with_the_first_read, just_before, round_trips, to_next_window

Refresh = Callable[..., Response]
ROUNDS = 1_000 if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else 4
"""Of 50 parallel refreshes each."""


@pytest.fixture
def refresh(client: Client) -> Refresh:
    def call(token: str, expect: int | None = 200, agent: str = "phone/1", **headers: str) -> Response:
        sent = {"User-Agent": agent, **headers}
        return client.post("/v1/auth/refresh", json={"refreshToken": token}, headers=sent, expect=expect)

    return call


def wrapped(raw: bytes) -> str:
    return "prt1." + base64.urlsafe_b64encode(raw).decode().rstrip("=")


def session_of(person: Person) -> Session:
    session = store.get(Session, Session.place(person.id, person.session_id))
    assert session is not None
    return session


def entries(person: Person) -> dict[str, Any]:
    card = store.get(AccessCard, AccessCard.place(person.id))
    assert card is not None
    return plain(card.sessions)


@pytest.mark.rule("AUTH-03", "AUTH-51", "AUTH-72")
def test_every_use_rotates(cloud: Emulator, client: Client, people: People, refresh: Refresh) -> None:
    student = people.student()
    cloud.calls.clear()
    first = refresh(student.refresh_token).json
    calls = cloud.calls.of("refresh")
    assert round_trips(calls, counters=False) == 2
    assert counted_with_the_first_read(calls, "UpdateItem")
    assert first["refreshToken"] != student.refresh_token
    assert first["sessionId"] == student.session_id
    client.get("/v1/auth/me", token=first["accessToken"], expect=200)
    cloud.advance(60)
    second = refresh(first["refreshToken"]).json
    assert second["refreshToken"] not in {student.refresh_token, first["refreshToken"]}
    session = session_of(student)
    assert session.generation == 3
    assert session.last_used_at is not None
    assert set(entries(student)) == {student.session_id}


@pytest.mark.rule("AUTH-51")
def test_a_phone_that_lost_the_answer_gets_the_same_again(
    cloud: Emulator, client: Client, people: People, refresh: Refresh
) -> None:
    student = people.student()
    first = refresh(student.refresh_token).json
    cloud.advance(9)
    again = refresh(student.refresh_token).json
    assert again["refreshToken"] == first["refreshToken"]
    client.get("/v1/auth/me", token=again["accessToken"], expect=200)
    assert session_of(student).generation == 2


@pytest.mark.rule("AUTH-51", "AUTH-78")
def test_a_request_that_waited_on_our_side_is_no_reuse(
    cloud: Emulator, client: Client, people: People, refresh: Refresh
) -> None:
    """What counts is when the token was presented: a slow start of a container must not sign anybody out."""
    student, first = people.student(), []

    def overtaken() -> None:
        first.append(refresh(student.refresh_token).json)
        cloud.advance(20)

    with just_before("BatchGetItem", overtaken):
        again = refresh(student.refresh_token).json
    assert again["refreshToken"] == first[0]["refreshToken"]
    client.get("/v1/auth/me", token=again["accessToken"], expect=200)
    assert refresh(student.refresh_token, expect=401).code == "REFRESH_REUSED"


@pytest.mark.rule("AUTH-51", "AUTH-55")
@pytest.mark.parametrize("how", ["late", "other device", "two generations old", "no grace"])
def test_reuse_ends_the_family(
    cloud: Emulator,
    client: Client,
    people: People,
    refresh: Refresh,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:
    student = people.student()
    newest = refresh(student.refresh_token).json
    agent = "phone/1"
    if how == "late":
        cloud.advance(11)
    elif how == "other device":
        agent = "thief/1"
    elif how == "two generations old":
        newest = refresh(newest["refreshToken"]).json
    else:
        monkeypatch.setenv("REFRESH_GRACE_SECONDS", "0")
    assert refresh(student.refresh_token, expect=401, agent=agent).code == "REFRESH_REUSED"
    refused = refresh(newest["refreshToken"], expect=401)
    assert (refused.code, refused.json["details"]) == ("REFRESH_INVALID", {"reason": "REUSE"})
    assert client.get("/v1/auth/me", token=newest["accessToken"], expect=401).code == "SESSION_REVOKED"
    assert client.get("/v1/auth/me", token=student.token, expect=401).code == "SESSION_REVOKED"
    assert refresh(student.refresh_token, expect=401, agent=agent).code == "REFRESH_INVALID"
    assert session_of(student).revoked_reason == "REUSE"
    assert entries(student) == {}
    audited = [item for item in cloud.items() if item["kind"]["S"] == "AuditEntry"]
    assert [(item["action"]["S"], item["reason"]["S"]) for item in audited] == [("session.revoke", "REUSE")]
    signals = [item for item in cloud.items() if item["kind"]["S"] == "SecuritySignal"]
    assert [(one["type"]["S"], one["severity"]["S"], one["session_id"]["S"]) for one in signals] == [
        ("REFRESH_REUSE", "HIGH", student.session_id)
    ]


@pytest.mark.rule("AUTH-52")
def test_two_parallel_refreshes_rotate_once(client: Client, people: People, refresh: Refresh) -> None:
    for _ in range(10):
        student = people.student()
        answers = at_once([lambda person=student: refresh(person.refresh_token)] * 2)
        assert len({answer.json["refreshToken"] for answer in answers}) == 1
        for answer in answers:
            client.get("/v1/auth/me", token=answer.json["accessToken"], expect=200)
        assert session_of(student).generation == 2


@pytest.mark.rule("AUTH-52", "AUTH-78")
def test_fifty_parallel_refreshes_log_nobody_out(
    client: Client, people: People, refresh: Refresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RATE_REFRESH", "off")
    student = people.student()
    token = student.refresh_token
    for turn in range(ROUNDS):
        answers = at_once([lambda presented=token: refresh(presented)] * 50)
        tokens = {answer.json["refreshToken"] for answer in answers}
        assert len(tokens) == 1
        token = tokens.pop()
        assert session_of(student).generation == turn + 2
    client.get("/v1/auth/me", token=answers[0].json["accessToken"], expect=200)


@pytest.mark.rule("HTTP-40", "HTTP-41")
def test_a_session_refreshes_ten_times_a_minute(cloud: Emulator, people: People, refresh: Refresh) -> None:
    student, other = people.student(), people.student()
    to_next_window(cloud)
    answers = at_once([lambda: refresh(student.refresh_token, expect=None)] * 14)
    assert sorted(answer.status for answer in answers) == [200] * 10 + [429] * 4
    refresh(other.refresh_token)
    cloud.fault("dynamodb", "UpdateItem", "ThrottlingException", times=4)
    assert session_of(student).revoked_at is None


@pytest.mark.rule("AUTH-03")
@pytest.mark.parametrize("how", ["rubbish", "forged", "future", "other session", "nobody", "truncated", "empty body"])
def test_what_is_no_token_of_ours_is_refused(client: Client, people: People, refresh: Refresh, how: str) -> None:
    student, other = people.student(), people.student()
    own = refresh_tokens.parse(student.refresh_token)
    assert own is not None
    session = session_of(student)
    tokens = {
        "rubbish": "prt1.rubbish",
        "forged": refresh_tokens.render(student.id, student.session_id, 1, bytes(32)),
        "future": refresh_tokens.render(
            student.id, session.id, 9, refresh_tokens.secret_of(session.id, 9, session.salt)
        ),
        "other session": refresh_tokens.render(other.id, other.session_id, 1, own.secret),
        "nobody": refresh_tokens.render(new_ulid(), new_ulid(), 1, own.secret),
        "truncated": student.refresh_token[:-1],
    }
    without = how == "empty body"
    refused = client.post("/v1/auth/refresh", expect=401) if without else refresh(tokens[how], expect=401)
    assert refused.code == "REFRESH_INVALID"
    for person in (student, other):
        assert session_of(person).generation == 1
        assert session_of(person).revoked_at is None
        assert set(entries(person)) == {person.session_id}


@pytest.mark.rule("AUTH-03", "AUTH-55")
def test_a_blocked_account_refreshes_nothing(people: People, refresh: Refresh) -> None:
    student = people.student()
    store.update(AccessCard, AccessCard.place(student.id), [AccessCard.status.set("BLOCKED")])
    assert refresh(student.refresh_token, expect=403).code == "ACCOUNT_BLOCKED"
    assert session_of(student).generation == 1


@pytest.mark.rule("AUTH-55")
def test_logging_everyone_out_ends_refreshing_too(people: People, refresh: Refresh) -> None:
    student = people.student()
    actions = [AccessCard.token_version.add(1), AccessCard.sessions.set({})]
    store.update(AccessCard, AccessCard.place(student.id), actions)
    assert refresh(student.refresh_token, expect=401).code == "REFRESH_INVALID"
    assert session_of(student).generation == 1


@pytest.mark.rule("AUTH-51", "AUTH-55")
def test_a_session_that_ends_meanwhile_is_not_refreshed(client: Client, people: People, refresh: Refresh) -> None:
    student = people.student()
    with just_before("UpdateItem", lambda: client.post("/v1/auth/logout", token=student.token, expect=204)):
        refresh(student.refresh_token, expect=401)
    assert session_of(student).generation == 1
    blocked = people.student()
    actions = [AccessCard.status.set("BLOCKED"), AccessCard.sessions.set({}), AccessCard.token_version.add(1)]
    place = AccessCard.place(blocked.id)
    with just_before("BatchGetItem", lambda: store.update(AccessCard, place, actions)):
        assert refresh(blocked.refresh_token, expect=403).code == "ACCOUNT_BLOCKED"


@pytest.mark.rule("AUTH-53")
def test_tokens_slide_and_sessions_end(cloud: Emulator, people: People, refresh: Refresh) -> None:
    student = people.student()
    token = student.refresh_token
    day = 86_400
    for _ in range(6):
        cloud.advance(29 * day)
        answer = refresh(token).json
        token = answer["refreshToken"]
    end = session_of(student).absolute_expires_at
    assert clock.parse_iso(answer["refreshExpiresAt"]) == end
    cloud.advance(7 * day)
    assert refresh(token, expect=401).code == "REFRESH_INVALID"

    late = people.student()
    cloud.advance(31 * day)
    assert refresh(late.refresh_token, expect=401).code == "REFRESH_INVALID"
    assert session_of(late).revoked_at is None


@pytest.mark.rule("AUTH-53")
def test_staff_sessions_end_after_thirty_days(cloud: Emulator, people: People, refresh: Refresh) -> None:
    admin = people.admin("ADMIN_CONTENT")
    cloud.advance(20 * 86_400)
    token = refresh(admin.refresh_token).json["refreshToken"]
    cloud.advance(11 * 86_400)
    assert refresh(token, expect=401).code == "REFRESH_INVALID"


@pytest.mark.rule("AUTH-51")
@given(st.integers(1, refresh_tokens.MAX_GENERATION), st.binary(min_size=32, max_size=32))
def test_tokens_are_read_as_they_were_written(generation: int, own: bytes) -> None:
    user, session = new_ulid(), new_ulid()
    text = refresh_tokens.render(user, session, generation, own)
    assert refresh_tokens.parse(text) == refresh_tokens.RefreshToken(user, session, generation, own)
    assert len(text) == 96


@pytest.mark.rule("AUTH-51")
@given(st.one_of(st.text(max_size=120), st.binary(max_size=90).map(wrapped)))
def test_any_text_is_a_token_or_none(text: str) -> None:
    token = refresh_tokens.parse(text)
    assert token is None or refresh_tokens.render(token.user_id, token.session_id, token.generation, token.secret)
