"""Signing in (AUTH-02), its limits (HTTP-42), the number of sessions (AUTH-54)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.identity.accounts import KnownDevice, Login, User, hash_password
from chalicelib.identity.sessions import Session
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import AccessCard, plain
from infra.local.emulator import Emulator
from tests.identity.conftest import PASSWORD, Register
from tests.support.client import Client, Response
from tests.support.people import People, Person
from tests.support.races import at_once, counted_with_the_first_read, just_before, round_trips, to_next_window

Kinds = Callable[[], dict[str, int]]
SignIn = Callable[..., Response]


@pytest.fixture
def sign_in(client: Client) -> SignIn:
    def call(email: str, password: str = PASSWORD, expect: int | None = None, **more: Any) -> Response:
        ip = more.pop("source_ip", "203.0.113.7")
        agent = {"User-Agent": more.pop("agent", "pathshala-tests/1.0")}
        body = {"email": email, "password": password, **more}
        return client.post("/v1/auth/login", json=body, expect=expect, source_ip=ip, headers=agent)

    return call


def sessions_of(person: Person) -> dict[str, Any]:
    card = store.get(AccessCard, AccessCard.place(person.id))
    assert card is not None
    return plain(card.sessions)


@pytest.mark.rule("AUTH-02", "AUTH-72")
def test_signing_in_is_three_round_trips(cloud: Emulator, people: People, client: Client, sign_in: SignIn) -> None:
    student = people.student()
    sign_in(student.email, expect=200)
    cloud.calls.clear()
    answer = sign_in(f" {student.email.upper()} ", expect=200, deviceLabel="Asha's phone").json
    assert answer["user"] == {"id": student.id, "type": "STUDENT"}
    calls = cloud.calls.of("login")
    assert round_trips(calls, counters=False) == 3
    assert counted_with_the_first_read(calls, "BatchGetItem")
    session = store.get(Session, Session.place(student.id, answer["sessionId"]))
    assert session is not None
    assert (session.device_label, session.ip, list(session.amr)) == ("Asha's phone", "203.0.113.7", ["pwd"])
    client.get("/v1/auth/me", token=answer["accessToken"], expect=200)


@pytest.mark.rule("AUTH-02")
def test_all_kinds_of_accounts_sign_in(people: People, sign_in: SignIn) -> None:
    for person in (people.student(), people.admin("ADMIN_SUPPORT"), people.admin("CENTRE_OWNER")):
        assert sign_in(person.email, expect=200).json["user"]["type"] == person.user_type


@pytest.mark.rule("AUTH-02")
def test_whatever_is_wrong_answers_alike(cloud: Emulator, people: People, sign_in: SignIn, kinds: Kinds) -> None:
    student, unset = people.student(), people.student()
    login = store.get(Login, Login.place(unset.email))
    assert login is not None
    login.password_hash = None
    store.put(login)
    before = kinds()
    seen = []
    for email, password in (
        (student.email, "not the password"),
        ("nobody@example.in", PASSWORD),
        (unset.email, PASSWORD),
    ):
        cloud.calls.clear()
        refused = sign_in(email, password, expect=401)
        body = {name: value for name, value in refused.json.items() if name not in {"requestId", "timestamp"}}
        operations = sorted(call.operation for call in cloud.calls.of("login") if call.service == "dynamodb")
        seen.append((body, sorted(refused.headers), operations))
    assert seen[0][0]["code"] == "INVALID_CREDENTIALS"
    assert seen[0] == seen[1] == seen[2]
    assert kinds() == before


@pytest.mark.rule("AUTH-02", "AUTH-55")
def test_a_blocked_account_is_told_only_with_its_password(people: People, sign_in: SignIn, kinds: Kinds) -> None:
    student = people.student()
    store.update(AccessCard, AccessCard.place(student.id), [AccessCard.status.set("BLOCKED")])
    before = kinds()
    assert sign_in(student.email, "not the password", expect=401).code == "INVALID_CREDENTIALS"
    assert sign_in(student.email, expect=403).code == "ACCOUNT_BLOCKED"
    store.update(AccessCard, AccessCard.place(student.id), [AccessCard.status.set("DELETED")])
    assert sign_in(student.email, expect=401).code == "INVALID_CREDENTIALS"
    assert kinds() == before


@pytest.mark.rule("AUTH-41")
def test_an_outdated_hash_is_renewed_by_signing_in(
    people: People, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    student = people.student()
    place = Login.place(student.email)
    monkeypatch.setenv("ARGON2_TIME", "1")
    store.update(Login, place, [Login.password_hash.set(hash_password(PASSWORD))])
    monkeypatch.delenv("ARGON2_TIME")
    sign_in(student.email, expect=200)
    login = store.get(Login, place)
    assert login is not None
    assert "t=2" in login.password_hash
    sign_in(student.email, expect=200)


@pytest.mark.rule("AUTH-02", "AUTH-55")
def test_a_password_that_was_just_changed_signs_nobody_in(people: People, sign_in: SignIn) -> None:
    student = people.student()
    changed = Login.password_hash.set(hash_password("another good password"))
    with just_before("TransactWriteItems", lambda: store.update(Login, Login.place(student.email), [changed])):
        assert sign_in(student.email, expect=401).code == "INVALID_CREDENTIALS"
    assert set(sessions_of(student)) == {student.session_id}


@pytest.mark.rule("AUTH-02", "AUTH-55")
def test_a_block_that_comes_first_wins(people: People, sign_in: SignIn) -> None:
    student = people.student()
    actions = [AccessCard.status.set("BLOCKED"), AccessCard.sessions.set({}), AccessCard.token_version.add(1)]
    with just_before("TransactWriteItems", lambda: store.update(AccessCard, AccessCard.place(student.id), actions)):
        assert sign_in(student.email, expect=403).code == "ACCOUNT_BLOCKED"
    assert sessions_of(student) == {}


@pytest.mark.rule("AUTH-02", "AUTH-55")
def test_a_forced_logout_that_comes_first_is_seen(people: People, client: Client, sign_in: SignIn) -> None:
    student = people.student()
    actions = [AccessCard.sessions.set({}), AccessCard.token_version.add(1)]
    with just_before("TransactWriteItems", lambda: store.update(AccessCard, AccessCard.place(student.id), actions)):
        answer = sign_in(student.email, expect=200).json
    client.get("/v1/auth/me", token=answer["accessToken"], expect=200)
    assert set(sessions_of(student)) == {answer["sessionId"]}


@pytest.mark.rule("AUTH-02")
def test_known_devices_are_at_most_twenty(people: People, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    student = people.student()
    place = KnownDevice.place(student.id)
    old = {f"{number:032d}": 1_000 + number for number in range(20)}
    store.put(KnownDevice(*place, user_id=student.id, devices=old))
    sign_in(student.email, agent="a new phone", expect=200)
    known = store.get(KnownDevice, place)
    assert known is not None
    devices = plain(known.devices)
    assert len(devices) == 20
    assert min(devices.values()) == 1_001
    user = store.get(User, User.place(student.id))
    assert user is not None
    assert user.last_login_at == clock.day_start(clock.academy_day(clock.now()))
    assert plain(user.row)["lastLoginAt"] == clock.iso(user.last_login_at)


@pytest.mark.rule("AUTH-54")
def test_the_oldest_session_ends_and_is_told_why(
    cloud: Emulator, client: Client, people: People, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RATE_AUTH", "off")
    monkeypatch.setenv("MAX_SESSIONS_STUDENT", "2")
    student = people.student()
    cloud.advance(1)
    second = sign_in(student.email, expect=200).json
    cloud.advance(1)
    third = sign_in(student.email, expect=200).json
    refused = client.get("/v1/auth/me", token=student.token, expect=401)
    assert (refused.code, refused.json["details"]) == ("SESSION_REVOKED", {"reason": "LIMIT"})
    refused = client.post("/v1/auth/refresh", json={"refreshToken": student.refresh_token}, expect=401)
    assert (refused.code, refused.json["details"]) == ("REFRESH_INVALID", {"reason": "LIMIT"})
    for tokens in (second, third):
        client.get("/v1/auth/me", token=tokens["accessToken"], expect=200)
    ended = store.get(Session, Session.place(student.id, student.session_id))
    assert ended is not None
    assert ended.revoked_reason == "LIMIT"
    audited = [item for item in cloud.items() if item["kind"]["S"] == "AuditEntry"]
    assert [(item["action"]["S"], item["reason"]["S"]) for item in audited] == [("session.revoke", "LIMIT")]

    cloud.advance(1_000)
    sign_in(student.email, expect=200)
    assert student.session_id not in sessions_of(student)
    live = [entry for entry in sessions_of(student).values() if entry["exp"]]
    assert len(live) == 2


@pytest.mark.rule("AUTH-54")
def test_ended_sessions_do_not_pile_up(people: People, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RATE_AUTH", "off")
    monkeypatch.setenv("MAX_SESSIONS_STUDENT", "1")
    student = people.student()
    for _ in range(12):
        last = sign_in(student.email, expect=200).json["sessionId"]
    entries = sessions_of(student)
    assert [sid for sid, entry in entries.items() if entry["exp"]] == [last]
    assert len(entries) <= 6


@pytest.mark.rule("AUTH-54", "ACC-60")
def test_parallel_sign_ins_never_exceed_the_maximum(people: People, client: Client, sign_in: SignIn) -> None:
    student = people.student()
    answers = at_once([lambda: sign_in(student.email)] * 8)
    done = [answer.json for answer in answers if answer.status == 200]
    assert {answer.status for answer in answers} <= {200, 409}
    assert len(done) >= 4
    live = {sid for sid, entry in sessions_of(student).items() if entry["exp"]}
    assert len(live) == 5
    working = {one["sessionId"] for one in done if client.get("/v1/auth/me", token=one["accessToken"]).status == 200}
    assert working == live - {student.session_id}


@pytest.mark.rule("HTTP-42", "HTTP-41")
def test_fifty_wrong_passwords_at_once(cloud: Emulator, people: People, sign_in: SignIn) -> None:
    student = people.student()
    to_next_window(cloud)
    answers = at_once([lambda: sign_in(student.email, "not the password")] * 50)
    assert sorted(answer.status for answer in answers) == [401] * 10 + [429] * 40
    waits = {int(answer.headers["retry-after"]) for answer in answers if answer.status == 429}
    assert all(1 <= wait <= 60 for wait in waits)


@pytest.mark.rule("HTTP-42", "HTTP-43")
def test_an_address_fails_ten_times(cloud: Emulator, sign_in: SignIn, people: People) -> None:
    to_next_window(cloud)
    statuses = [sign_in(f"nobody{turn}@example.in").status for turn in range(30)]
    assert statuses == [401] * 10 + [429] * 20
    student = people.student()
    assert sign_in(student.email, expect=429).code == "RATE_LIMITED"
    sign_in(student.email, expect=200, source_ip="198.51.100.9")


@pytest.mark.rule("HTTP-42")
def test_a_class_of_sixty_signs_in_from_one_address(cloud: Emulator, people: People, sign_in: SignIn) -> None:
    students = [people.student() for _ in range(60)]
    to_next_window(cloud)
    answers = at_once([lambda person=person: sign_in(person.email) for person in students])
    assert {answer.status for answer in answers} == {200}
    assert sign_in(people.student().email).status == 429


@pytest.mark.rule("HTTP-44")
def test_without_counters_nobody_signs_in(cloud: Emulator, people: People, sign_in: SignIn, kinds: Kinds) -> None:
    student = people.student()
    before = kinds()
    cloud.fault("dynamodb", "UpdateItem", "InternalServerError", times=100)
    assert sign_in(student.email, expect=503).code == "UNAVAILABLE"
    assert kinds() == before


@pytest.mark.rule("AUTH-02", "QUAL-34")
def test_counters_know_no_address(cloud: Emulator, register: Register, sign_in: SignIn) -> None:
    register()
    sign_in("asha@example.in", expect=200)
    counters = [item["pk"]["S"] for item in cloud.items() if item["kind"]["S"] == "RateWindow"]
    assert counters
    assert not [pk for pk in counters if "asha" in pk]
