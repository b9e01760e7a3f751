"""One-time codes (AUTH-09, AUTH-10, AUTH-45)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from chalicelib.identity.accounts import User
from chalicelib.identity.credentials import OtpCode
from chalicelib.platform import store
from chalicelib.platform.access.card import AccessCard, plain
from infra.local.emulator import Emulator
from tests.identity.conftest import Register
from tests.identity.credentials.conftest import Post, Verify, other
from tests.support.client import Client, Response
from tests.support.people import People, Person
from tests.support.races import at_once, round_trips, to_next_window

Ask = Callable[..., Response]
Coded = Callable[..., dict[str, Any]]


def code_items(cloud: Emulator) -> list[OtpCode]:
    found = [store.read(item) for item in cloud.items() if item["kind"]["S"] == "OtpCode"]
    return [one for one in found if isinstance(one, OtpCode)]


def sessions_of(person: Person) -> set[str]:
    card = store.get(AccessCard, AccessCard.place(person.id))
    assert card is not None
    return set(plain(card.sessions))


@pytest.mark.rule("AUTH-09", "AUTH-10", "AUTH-72")
def test_a_code_signs_in_and_verifies_the_address(
    cloud: Emulator, client: Client, people: People, coded: Coded, verify: Verify
) -> None:
    for person in (people.student(), people.admin("ADMIN_SUPPORT")):
        given = coded(person.email)
        cloud.calls.clear()
        answer = verify(given, expect=200, deviceLabel="Asha's phone").json
        assert round_trips(cloud.calls.of("verify_otp"), counters=False) == 3
        assert answer["user"] == {"id": person.id, "type": person.user_type}
        me = client.get("/v1/auth/me", token=answer["accessToken"], expect=200).json
        assert (me["emailVerified"], me["amr"]) == (True, ["otp"])


@pytest.mark.rule("AUTH-09")
def test_asking_says_when_to_ask_again(cloud: Emulator, people: People, ask: Ask, post: Post) -> None:
    student = people.student()
    cloud.calls.clear()
    answer = ask(student.email.upper()).json
    assert sorted(answer) == ["challengeId", "expiresAt", "resendAfterSeconds"]
    assert answer["resendAfterSeconds"] == 60
    operations = sorted(call.operation for call in cloud.calls.of("request_otp") if call.service == "dynamodb")
    assert operations == ["GetItem"] * 3 + ["TransactWriteItems"] + ["UpdateItem"] * 2
    (mail,) = post.all(student.email)
    assert (mail.template_key, mail.user_id, mail.message_class) == ("AUTH_OTP", student.id, "SECURITY")
    assert plain(mail.payload)["purpose"] == "LOGIN"
    (item,) = code_items(cloud)
    assert (item.challenge_id, item.decoy) == (answer["challengeId"], False)


@pytest.mark.rule("AUTH-45", "AUTH-10")
def test_a_code_serves_once_and_only_what_it_is_for(
    people: People, coded: Coded, verify: Verify, ask: Ask, cloud: Emulator
) -> None:
    student, stranger = people.student(), people.student()
    given, foreign = coded(student.email), coded(stranger.email)
    before = sessions_of(student)
    for wrong in (
        {"challengeId": foreign["challengeId"]},
        {"email": stranger.email},
        {"purpose": "RESET"},
        {"purpose": "VERIFY_EMAIL"},
        {"code": other(given["code"])},
        {"email": "nobody@example.in"},
    ):
        assert verify({**given, **wrong}, expect=401).code == "OTP_INVALID"
    assert sessions_of(student) == before
    verify(given, expect=200)
    assert verify(given, expect=401).code == "OTP_INVALID"


@pytest.mark.rule("AUTH-45")
def test_five_wrong_tries_kill_a_code(people: People, coded: Coded, verify: Verify) -> None:
    dead, alive = people.student(), people.student()
    for person, tries in ((dead, 5), (alive, 4)):
        given = coded(person.email)
        for _ in range(tries):
            verify({**given, "code": other(given["code"])}, expect=401, ip=f"198.51.100.{tries}")
        assert verify(given).status == (401 if tries == 5 else 200)
    assert sessions_of(dead) == {dead.session_id}


@pytest.mark.rule("AUTH-45")
def test_however_many_guess_at_once_five_are_looked_at(
    cloud: Emulator, people: People, coded: Coded, verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in ("AUTH", "AUTH_FAILURES"):
        monkeypatch.setenv(f"RATE_{limit}", "off")
    student = people.student()
    given = coded(student.email)
    answers = at_once([lambda: verify({**given, "code": other(given["code"])})] * 12)
    assert {answer.status for answer in answers} == {401}
    (item,) = code_items(cloud)
    assert item.attempts == 5
    assert verify(given).status == 401


@pytest.mark.rule("AUTH-45", "AUTH-10")
def test_the_right_code_twice_at_once_is_one_sign_in(people: People, coded: Coded, verify: Verify) -> None:
    for _ in range(5):
        student = people.student()
        given = coded(student.email)
        answers = at_once([partial(verify, given)] * 2)
        assert sorted(answer.status for answer in answers) == [200, 401]
        assert len(sessions_of(student)) == 2


@pytest.mark.rule("AUTH-45")
def test_a_code_dies_with_its_time_and_with_the_next(
    cloud: Emulator, people: People, coded: Coded, verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    student = people.student()
    first = coded(student.email)
    cloud.advance(61)
    second = coded(student.email)
    assert verify(first, expect=401).code == "OTP_INVALID"
    cloud.advance(539)
    verify(second, expect=200)
    monkeypatch.setenv("AUTH_OTP_TTL_MINUTES", "2")
    third = coded(student.email)
    cloud.advance(121)
    assert verify(third, expect=401).code == "OTP_INVALID"


@pytest.mark.rule("AUTH-10", "AUTH-34")
def test_a_code_used_on_an_unknown_device_is_told(
    cloud: Emulator, client: Client, people: People, coded: Coded, verify: Verify, post: Post
) -> None:
    student = people.student()
    verify(coded(student.email), expect=200)
    cloud.advance(61)
    elsewhere = {"User-Agent": "Mozilla/5.0 (Linux; Android 14) Chrome/131"}
    client.post("/v1/auth/verify-otp", json=coded(student.email), headers=elsewhere, expect=200)
    assert len(post.all(student.email, "AUTH_NEW_DEVICE")) == 1


@pytest.mark.rule("AUTH-10", "AUTH-55")
def test_the_right_code_of_a_blocked_account(people: People, coded: Coded, verify: Verify) -> None:
    student = people.student()
    given = coded(student.email)
    store.update(AccessCard, AccessCard.place(student.id), [AccessCard.status.set("BLOCKED")])
    assert verify({**given, "code": other(given["code"])}, expect=401).code == "OTP_INVALID"
    assert verify(given, expect=403).code == "ACCOUNT_BLOCKED"
    assert sessions_of(student) == {student.session_id}


@pytest.mark.rule("AUTH-10", "AUTH-45")
def test_a_code_does_not_follow_an_address_to_its_next_owner(people: People, coded: Coded, verify: Verify) -> None:
    student = people.student()
    given = coded(student.email)
    store.update(User, User.place(student.id), [User.email.set("moved@example.in")])
    assert verify(given, expect=401).code == "OTP_INVALID"
    assert sessions_of(student) == {student.session_id}


@pytest.mark.rule("AUTH-09", "AUTH-10")
def test_codes_can_be_switched_off_for_signing_in(
    people: People, ask: Ask, coded: Coded, verify: Verify, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    student = people.student()
    given = coded(student.email)
    monkeypatch.setenv("AUTH_OTP_LOGIN", "false")
    assert ask(people.student().email, expect=403).code == "METHOD_DISABLED"
    assert verify(given, expect=403).code == "METHOD_DISABLED"
    assert len(post.all()) == 1
    ask(student.email, "RESET")


@pytest.mark.rule("AUTH-10", "HTTP-42")
def test_attempts_at_codes_are_counted_apart_from_passwords(
    cloud: Emulator, client: Client, people: People, coded: Coded, verify: Verify
) -> None:
    student = people.student()
    to_next_window(cloud)
    given = coded(student.email)
    for turn in range(11):
        body = {"email": student.email, "password": "not the password"}
        client.post("/v1/auth/login", json=body, source_ip=f"198.51.100.{turn}")
    verify(given, expect=200)
    statuses = [verify(given, ip=f"198.51.101.{turn}").status for turn in range(10)]
    assert statuses == [401] * 9 + [429]


@pytest.mark.rule("AUTH-10", "AUTH-49")
def test_a_code_becomes_a_reset_token(people: People, client: Client, coded: Coded, verify: Verify) -> None:
    student = people.student()
    answer = verify(coded(student.email, "RESET"), expect=200).json
    assert sorted(answer) == ["expiresAt", "resetToken"]
    given = {"token": answer["resetToken"], "newPassword": "seven lilacs over Jaipur"}
    client.post("/v1/auth/reset-password", json=given, expect=204)
    client.post("/v1/auth/login", json={"email": student.email, "password": given["newPassword"]}, expect=200)
    assert client.post("/v1/auth/reset-password", json=given, expect=401).code == "RESET_TOKEN_INVALID"


@pytest.mark.rule("AUTH-01", "AUTH-10")
def test_registering_sends_a_code_that_verifies(
    client: Client, register: Register, verify: Verify, post: Post, cloud: Emulator, ask: Ask
) -> None:
    tokens = register().json
    (mail,) = post.all("asha@example.in")
    assert (mail.template_key, mail.user_id) == ("AUTH_VERIFY", tokens["user"]["id"])
    (item,) = code_items(cloud)
    given = {"email": "asha@example.in", "challengeId": item.challenge_id, "code": post.code("asha@example.in")}
    assert verify(given, expect=401).code == "OTP_INVALID"
    assert verify({**given, "purpose": "VERIFY_EMAIL"}, expect=200).json == {"verified": True}
    assert client.get("/v1/auth/me", token=tokens["accessToken"], expect=200).json["emailVerified"] is True
    cloud.advance(61)
    ask("asha@example.in", "VERIFY_EMAIL")
    assert len(post.all("asha@example.in")) == 1, "there is nothing more to verify"


@pytest.mark.rule("AUTH-01", "AUTH-10")
def test_a_registration_can_wait_for_the_address(
    client: Client,
    register: Register,
    verify: Verify,
    ask: Ask,
    post: Post,
    cloud: Emulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REQUIRE_VERIFIED_EMAIL", "true")
    waiting = register(expect=202)
    assert sorted(waiting.json) == ["challengeId", "expiresAt", "resendAfterSeconds"]
    assert waiting.cookies == ()
    assert not [item for item in cloud.items() if item["kind"]["S"] == "Session"]
    signing = {"email": "asha@example.in", "password": "correct horse battery staple"}
    assert client.post("/v1/auth/login", json=signing, expect=403).code == "EMAIL_NOT_VERIFIED"
    assert register(expect=409).code == "EMAIL_TAKEN"
    cloud.advance(61)
    challenge = ask("asha@example.in", "VERIFY_EMAIL").json["challengeId"]
    given = {"email": "asha@example.in", "challengeId": challenge, "purpose": "VERIFY_EMAIL"}
    answer = verify({**given, "code": post.code("asha@example.in")}, expect=200)
    assert answer.json["verified"] is True
    assert len(answer.cookies) == 3
    assert client.get("/v1/auth/me", token=answer.json["accessToken"], expect=200).json["emailVerified"] is True
    client.post("/v1/auth/login", json=signing, expect=200)
