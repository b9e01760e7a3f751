"""Moving to another e-mail address (USR-03, USR-04)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.identity.accounts import Login, User
from chalicelib.identity.credentials import EmailChange
from chalicelib.platform import store
from chalicelib.platform.access.card import AccessCard, plain
from infra.local.emulator import Emulator
from tests.identity.conftest import PASSWORD
from tests.identity.credentials.conftest import Post, other
from tests.support.client import Client, Response
from tests.support.people import People, Person
from tests.support.races import at_once, just_before

NEW = "asha.new@example.in"
Kinds = Callable[[], dict[str, int]]


@pytest.fixture
def wish(client: Client) -> Callable[..., Response]:
    def call(person: Person, email: str = NEW, password: str | None = PASSWORD, expect: int | None = 202) -> Response:
        body = {"newEmail": email, **({"password": password} if password else {})}
        return client.post("/v1/users/me/email", json=body, token=person.token, expect=expect)

    return call


@pytest.fixture
def confirm(client: Client) -> Callable[..., Response]:
    def call(person: Person, challenge: str, code: str, expect: int | None = None) -> Response:
        body = {"challengeId": challenge, "code": code}
        return client.post("/v1/users/me/email/confirm", json=body, token=person.token, expect=expect)

    return call


def address_of(person: Person) -> str:
    user = store.get(User, User.place(person.id))
    assert user is not None
    return str(user.email)


@pytest.mark.rule("USR-03", "USR-04", "AUTH-71", "AUTH-55", "AUTH-58")
def test_moving_to_another_address(
    cloud: Emulator,
    client: Client,
    people: People,
    wish: Callable[..., Response],
    confirm: Callable[..., Response],
    post: Post,
) -> None:
    student = people.student()
    signing: dict[str, Any] = {"email": student.email, "password": PASSWORD}
    elsewhere = client.post("/v1/auth/login", json=signing, expect=200).json
    asked = wish(student, f" {NEW.upper()} ").json
    assert sorted(asked) == ["challengeId", "expiresAt", "resendAfterSeconds"]
    assert [mail.template_key for mail in post.all(NEW)] == ["AUTH_OTP"]
    (notice,) = post.all(student.email)
    assert (notice.template_key, plain(notice.payload)["newEmailMasked"]) == (
        "AUTH_EMAIL_CHANGE_ASKED",
        "as***@e***.in",
    )
    assert NEW not in str(plain(notice.payload))

    answer = confirm(student, asked["challengeId"], post.code(NEW), expect=200)
    assert (answer.json["email"], answer.json["emailVerified"]) == (NEW, True)
    assert answer.headers["etag"] == '"v2"'
    assert len(answer.cookies) == 3
    assert client.get("/v1/auth/me", token=elsewhere["accessToken"]).code == "SESSION_REVOKED"
    me = client.get("/v1/auth/me", token=answer.json["tokens"]["accessToken"], expect=200).json
    assert (me["email"], me["sessionId"]) == (NEW, student.session_id)
    assert client.post("/v1/auth/login", json=signing).status == 401
    client.post("/v1/auth/login", json={**signing, "email": NEW}, expect=200)
    for address in (student.email, NEW):
        assert len(post.all(address, "AUTH_EMAIL_CHANGED")) == 1
    (entry,) = [item for item in cloud.items() if item.get("action", {}).get("S") == "user.email_changed"]
    assert student.email not in str(entry)
    assert NEW not in str(entry)
    assert store.get(EmailChange, EmailChange.place(student.id)) is None


@pytest.mark.rule("USR-04", "AUTH-51")
def test_a_client_that_overlooks_the_new_tokens_goes_on_by_its_refresh_token(
    cloud: Emulator,
    client: Client,
    people: People,
    wish: Callable[..., Response],
    confirm: Callable[..., Response],
    post: Post,
) -> None:
    student = people.student()
    asked = wish(student).json
    confirm(student, asked["challengeId"], post.code(NEW), expect=200)
    assert client.get("/v1/users/me", token=student.token).code == "SESSION_REVOKED"
    cloud.advance(60)
    renewed = client.post("/v1/auth/refresh", json={"refreshToken": student.refresh_token}, expect=200).json
    assert client.get("/v1/users/me", token=renewed["accessToken"], expect=200).json["email"] == NEW


@pytest.mark.rule("USR-03", "AUTH-47")
def test_a_taken_address_is_not_told_from_a_free_one(
    people: People, wish: Callable[..., Response], confirm: Callable[..., Response], post: Post, cloud: Emulator
) -> None:
    student, owner, mover = people.student(), people.student(), people.student()
    seen = {}
    for person, email in ((student, owner.email), (mover, NEW)):
        cloud.calls.clear()
        answer = wish(person, email)
        made = [one for one in cloud.calls.of("request_email_change") if one.service == "dynamodb"]
        seen[email] = (sorted(answer.json), sorted((one.operation, len(one.target.leading_keys)) for one in made))
    assert seen[owner.email] == seen[NEW]
    assert [mail.template_key for mail in post.all(owner.email)] == ["AUTH_EMAIL_ATTEMPT"]
    assert post.all(owner.email)[0].sealed is None
    challenge = wish(student, "free@example.in").json["challengeId"]
    assert confirm(student, challenge, "000000", expect=401).code == "OTP_INVALID"


@pytest.mark.rule("USR-03", "AUTH-59")
def test_what_asks_for_no_code(
    cloud: Emulator, people: People, wish: Callable[..., Response], post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    student = people.student()
    monkeypatch.setenv("EMAIL_DOMAIN_DENY", "mailinator.com")
    assert wish(student, password="not the password", expect=401).code == "INVALID_CREDENTIALS"
    assert wish(student, student.email.upper(), expect=422).issues == {"body.newEmail": "SAME"}
    assert wish(student, "a@mailinator.com", expect=422).issues == {"body.newEmail": "EMAIL_DOMAIN_DENIED"}
    assert wish(student, "no address", expect=422).code == "VALIDATION_FAILED"
    assert post.all() == []
    wish(student, password=None)
    assert wish(student, password=None, expect=429).code == "OTP_TOO_SOON"
    cloud.advance(601)
    assert wish(student, password=None, expect=401).code == "REAUTH_REQUIRED"
    wish(student)


@pytest.mark.rule("USR-03", "AUTH-48")
def test_an_address_is_asked_five_times_an_hour_by_whomever(
    cloud: Emulator, people: People, wish: Callable[..., Response], post: Post
) -> None:
    for turn in range(6):
        answer = wish(people.student(), expect=202 if turn < 5 else 429)
        cloud.advance(61)
    assert answer.code == "RATE_LIMITED"
    assert len(post.all(NEW)) == 5


@pytest.mark.rule("USR-04", "AUTH-45")
def test_what_moves_nobody(
    cloud: Emulator, people: People, wish: Callable[..., Response], confirm: Callable[..., Response], post: Post
) -> None:
    student, stranger = people.student(), people.student()
    challenge = wish(student).json["challengeId"]
    foreign = wish(stranger, "other@example.in").json["challengeId"]
    code, theirs = post.code(NEW), post.code("other@example.in")
    for person, given, digits in (
        (student, challenge, other(code)),
        (student, foreign, theirs),
        (stranger, challenge, code),
        (student, foreign, code),
    ):
        assert confirm(person, given, digits, expect=401).code == "OTP_INVALID"
    cloud.advance(600)
    assert confirm(student, challenge, code, expect=401).code == "OTP_INVALID"
    assert [address_of(one) for one in (student, stranger)] == [student.email, stranger.email]


@pytest.mark.rule("USR-04")
def test_an_address_that_was_taken_meanwhile(
    people: People, wish: Callable[..., Response], confirm: Callable[..., Response], post: Post, kinds: Kinds
) -> None:
    first, second = people.student(), people.student()
    challenge = wish(first).json["challengeId"]
    code, owner = post.code(NEW), Login(*Login.place(NEW), email=NEW, user_id=second.id, type="STUDENT")
    with just_before("TransactWriteItems", lambda: store.put(owner)):
        assert confirm(first, challenge, code, expect=409).code == "EMAIL_TAKEN"
    assert address_of(first) == first.email
    assert store.get(Login, Login.place(first.email)) is not None


@pytest.mark.rule("USR-04", "AUTH-45")
def test_the_right_code_twice_at_once_moves_once(
    people: People, wish: Callable[..., Response], confirm: Callable[..., Response], post: Post
) -> None:
    student = people.student()
    challenge = wish(student).json["challengeId"]
    code = post.code(NEW)
    answers = at_once([lambda: confirm(student, challenge, code)] * 2)
    assert sorted(answer.status for answer in answers) in ([200, 401], [200, 409])
    assert address_of(student) == NEW
    assert len(post.all(NEW, "AUTH_EMAIL_CHANGED")) == 1


@pytest.mark.rule("AUTH-49", "USR-04")
def test_a_move_makes_links_void(
    client: Client, people: People, wish: Callable[..., Response], confirm: Callable[..., Response], post: Post
) -> None:
    student = people.student()
    client.post("/v1/auth/request-password-reset", json={"email": student.email}, expect=202)
    token = post.link_token(student.email)
    challenge = wish(student).json["challengeId"]
    confirm(student, challenge, post.code(NEW), expect=200)
    body = {"token": token, "newPassword": "seven lilacs over Jaipur"}
    assert client.post("/v1/auth/reset-password", json=body, expect=401).code == "RESET_TOKEN_INVALID"
    client.post("/v1/auth/login", json={"email": NEW, "password": PASSWORD}, expect=200)


@pytest.mark.rule("USR-04", "AUTH-55")
def test_a_sign_out_everywhere_that_comes_first_stops_the_move(
    people: People, wish: Callable[..., Response], confirm: Callable[..., Response], post: Post
) -> None:
    student = people.student()
    challenge = wish(student).json["challengeId"]
    code, ended = post.code(NEW), [AccessCard.token_version.add(1)]
    with just_before("TransactWriteItems", lambda: store.update(AccessCard, AccessCard.place(student.id), ended)):
        assert confirm(student, challenge, code, expect=401).code == "SESSION_REVOKED"
    assert address_of(student) == student.email
