"""Passwords: set anew by a link (AUTH-11, AUTH-12), changed (AUTH-13), asked for once more (AUTH-35)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeGuard

import pytest

from chalicelib.identity.accounts import Login, User
from chalicelib.identity.credentials import OtpCode, ResetToken
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import AccessCard, plain
from chalicelib.platform.http.endpoint import Endpoint
from infra.local.emulator import Emulator
from tests.identity.conftest import PASSWORD, Register
from tests.identity.credentials.conftest import Post, Verify, other
from tests.support.client import Client, Response
from tests.support.people import People, Person
from tests.support.races import at_once, just_before, round_trips, to_next_window

Kinds = Callable[[], dict[str, int]]
Coded = Callable[..., dict[str, Any]]
NEW = "seven lilacs over Jaipur"
NOTICE = "AUTH_PASSWORD_CHANGED"


@pytest.fixture
def link(client: Client, post: Post) -> Callable[[str], str]:
    """Asks for a link, and answers its token."""

    def call(email: str) -> str:
        client.post("/v1/auth/request-password-reset", json={"email": email}, expect=202)
        return post.link_token(email)

    return call


@pytest.fixture
def reset(client: Client) -> Callable[..., Response]:
    def call(token: str, password: str = NEW, expect: int | None = None) -> Response:
        body = {"token": token, "newPassword": password}
        return client.post("/v1/auth/reset-password", json=body, expect=expect)

    return call


@pytest.fixture
def change(client: Client) -> Callable[..., Response]:
    def call(person: Person, current: str | None = PASSWORD, new: str = NEW, expect: int | None = None) -> Response:
        body = {"newPassword": new, **({"currentPassword": current} if current is not None else {})}
        return client.post("/v1/auth/change-password", json=body, token=person.token, expect=expect)

    return call


def sign_in(client: Client, email: str, password: str = PASSWORD, **more: Any) -> Response:
    return client.post("/v1/auth/login", json={"email": email, "password": password}, **more)


def login_of(person: Person) -> Login:
    login = store.get(Login, Login.place(person.email))
    assert login is not None
    return login


def entry_of(person: Person) -> dict[str, Any]:
    card = store.get(AccessCard, AccessCard.place(person.id))
    assert card is not None
    return dict(plain(card.sessions)[person.session_id])


def audited(cloud: Emulator, action: str) -> list[dict[str, Any]]:
    return [item for item in cloud.items() if item["kind"]["S"] == "AuditEntry" and item["action"]["S"] == action]


@pytest.mark.rule("AUTH-11", "AUTH-12", "AUTH-71", "AUTH-55")
def test_a_link_sets_a_new_password_and_ends_every_session(
    cloud: Emulator,
    client: Client,
    people: People,
    link: Callable[..., str],
    reset: Callable[..., Response],
    post: Post,
) -> None:
    student = people.student()
    token = link(student.email)
    (mail,) = post.all(student.email)
    assert (mail.template_key, mail.user_id) == ("AUTH_RESET", student.id)
    assert mail.expires_at > clock.now()
    answer = reset(token, expect=204)
    assert answer.cookies == ()
    assert client.get("/v1/auth/me", token=student.token, expect=401).code == "SESSION_REVOKED"
    assert client.post("/v1/auth/refresh", json={"refreshToken": student.refresh_token}).status == 401
    assert sign_in(client, student.email).status == 401
    sign_in(client, student.email, NEW, expect=200)
    assert login_of(student).reset_generation == 1
    (notice,) = post.all(student.email, NOTICE)
    assert plain(notice.payload)["device"] == "pathshala-tests"
    assert plain(notice.payload)["at"] <= clock.iso(clock.now())
    assert len(audited(cloud, "user.reset_password")) == 1
    assert reset(token, expect=401).code == "RESET_TOKEN_INVALID"


@pytest.mark.rule("AUTH-49", "AUTH-12")
def test_a_link_is_void_by_its_use_its_time_a_newer_one_and_a_change(
    cloud: Emulator,
    people: People,
    link: Callable[..., str],
    reset: Callable[..., Response],
    change: Callable[..., Response],
) -> None:
    student = people.student()
    expired = link(student.email)
    cloud.advance(30 * 60)
    older = link(student.email)
    cloud.advance(61)
    newer = link(student.email)
    before = login_of(student).password_hash
    for token in (expired, older, "x" * 43, "prt1.nothing"):
        assert reset(token, expect=401).code == "RESET_TOKEN_INVALID"
    assert login_of(student).password_hash == before
    change(Person(**{**vars(student), "token": people.token(student.id, student.session_id, "STUDENT")}), expect=200)
    assert reset(newer, "a third long password", expect=401).code == "RESET_TOKEN_INVALID"


@pytest.mark.rule("AUTH-49")
def test_a_newer_code_and_a_newer_link_make_each_other_void(
    cloud: Emulator,
    people: People,
    coded: Coded,
    verify: Verify,
    link: Callable[..., str],
    reset: Callable[..., Response],
) -> None:
    student = people.student()
    older = link(student.email)
    cloud.advance(61)
    given = coded(student.email, "RESET")
    assert reset(older, expect=401).code == "RESET_TOKEN_INVALID"
    by_code = verify(given, expect=200).json["resetToken"]
    cloud.advance(61)
    newer = link(student.email)
    assert reset(by_code, expect=401).code == "RESET_TOKEN_INVALID"
    reset(newer, expect=204)


@pytest.mark.rule("AUTH-49")
def test_of_two_parallel_resets_one_wins(
    client: Client, people: People, link: Callable[..., str], reset: Callable[..., Response]
) -> None:
    for _ in range(3):
        student = people.student()
        token = link(student.email)
        passwords = [NEW, "nine herons in Kota"]
        answers = at_once([partial(reset, token, word) for word in passwords])
        assert sorted(answer.status for answer in answers) == [204, 401]
        won = passwords[[answer.status for answer in answers].index(204)]
        assert [sign_in(client, student.email, word).status for word in passwords] == [
            200 if word == won else 401 for word in passwords
        ]


@pytest.mark.rule("AUTH-12", "AUTH-40")
def test_a_weak_password_leaves_the_link_usable(
    people: People, link: Callable[..., str], reset: Callable[..., Response], kinds: Kinds
) -> None:
    boss = people.admin("ADMIN_SUPPORT")
    token = link(boss.email)
    before = kinds()
    for weak in ("qwertyuiop123", "lilacs4U", "admin.support.1 x"):
        refused = reset(token, weak, expect=422)
        assert (refused.code, list(refused.issues)) == ("PASSWORD_TOO_WEAK", ["body.newPassword"])
    assert kinds() == before
    reset(token, expect=204)


@pytest.mark.rule("AUTH-12")
def test_a_reset_lifts_no_block(
    client: Client, people: People, link: Callable[..., str], reset: Callable[..., Response]
) -> None:
    student = people.student()
    store.update(AccessCard, AccessCard.place(student.id), [AccessCard.status.set("BLOCKED")])
    reset(link(student.email), expect=204)
    assert sign_in(client, student.email, NEW, expect=403).code == "ACCOUNT_BLOCKED"


@pytest.mark.rule("AUTH-12", "HTTP-42")
def test_attempts_at_links_are_limited(cloud: Emulator, reset: Callable[..., Response]) -> None:
    to_next_window(cloud)
    assert [reset(f"{'x' * 42}{turn % 10}").status for turn in range(12)] == [401] * 10 + [429] * 2


@pytest.mark.rule("AUTH-13", "AUTH-55", "AUTH-71", "AUTH-58")
def test_changing_the_password_ends_other_sessions_and_keeps_this_one(
    cloud: Emulator, client: Client, people: People, change: Callable[..., Response], post: Post
) -> None:
    student = people.student()
    elsewhere = sign_in(client, student.email, expect=200).json
    cloud.calls.clear()
    answer = change(student, expect=200)
    assert round_trips(cloud.calls.of("change_password"), counters=False) <= 4
    assert len(answer.cookies) == 3
    assert answer.json["sessionId"] == student.session_id
    assert client.get("/v1/auth/me", token=elsewhere["accessToken"]).code == "SESSION_REVOKED"
    assert client.get("/v1/auth/me", token=student.token).code == "SESSION_REVOKED"
    client.get("/v1/auth/me", token=answer.json["accessToken"], expect=200)
    client.post("/v1/auth/refresh", json={"refreshToken": answer.json["refreshToken"]}, expect=200)
    assert sign_in(client, student.email).status == 401
    sign_in(client, student.email, NEW, expect=200)
    assert len(post.all(student.email, NOTICE)) == 1
    assert len(audited(cloud, "user.password_changed")) == 1


@pytest.mark.rule("AUTH-13", "AUTH-40")
def test_what_changes_no_password(
    cloud: Emulator, people: People, change: Callable[..., Response], kinds: Kinds
) -> None:
    student = people.student()
    before, known = kinds(), login_of(student).password_hash
    assert change(student, "not the password", expect=401).code == "INVALID_CREDENTIALS"
    assert change(student, None, expect=401).code == "INVALID_CREDENTIALS"
    assert change(student, new="12345678", expect=422).code == "PASSWORD_TOO_WEAK"
    assert change(student, new=PASSWORD, expect=422).issues == {"body.newPassword": "SAME"}
    cloud.advance(120)
    to_next_window(cloud)
    assert [change(student, "not the password").status for _ in range(11)] == [401] * 10 + [429]
    assert (kinds(), login_of(student).password_hash) == (before, known)


@pytest.mark.rule("AUTH-13", "AUTH-62")
def test_who_must_set_up_a_second_factor_does_that_first(
    people: People, change: Callable[..., Response], monkeypatch: pytest.MonkeyPatch
) -> None:
    boss, newcomer = people.super_admin(), people.super_admin(must_change_password=True)
    monkeypatch.setenv("MFA_ADMIN", "required")
    assert change(boss, expect=403).code == "MFA_REQUIRED"
    change(newcomer, expect=200)


@pytest.mark.rule("AUTH-13", "AUTH-59")
def test_a_first_password_needs_a_recent_proof(
    cloud: Emulator, client: Client, people: People, change: Callable[..., Response], coded: Coded, verify: Verify
) -> None:
    student = people.student()
    store.update(Login, Login.place(student.email), [Login.password_hash.remove()])
    cloud.advance(601)
    assert change(student, None, expect=401).code == "REAUTH_REQUIRED"
    assert change(student, "whatever it was", expect=401).code == "INVALID_CREDENTIALS"
    fresh = verify(coded(student.email), expect=200).json["accessToken"]
    body = {"newPassword": NEW}
    client.post("/v1/auth/change-password", json=body, token=fresh, expect=200)
    sign_in(client, student.email, NEW, expect=200)


@pytest.mark.rule("AUTH-13", "AUTH-55")
def test_a_change_that_comes_second_sees_the_first(
    people: People, client: Client, change: Callable[..., Response], kinds: Kinds
) -> None:
    signed_out, blocked, reset_meanwhile = people.student(), people.student(), people.student()
    card = AccessCard.token_version.add(1)
    cases: list[tuple[Person, Callable[[], object], tuple[int, str]]] = [
        (
            signed_out,
            lambda: store.update(AccessCard, AccessCard.place(signed_out.id), [card]),
            (401, "SESSION_REVOKED"),
        ),
        (
            blocked,
            lambda: store.update(AccessCard, AccessCard.place(blocked.id), [AccessCard.status.set("BLOCKED"), card]),
            (403, "ACCOUNT_BLOCKED"),
        ),
        (
            reset_meanwhile,
            lambda: store.update(Login, Login.place(reset_meanwhile.email), [Login.reset_generation.add(1)]),
            (401, "INVALID_CREDENTIALS"),
        ),
    ]
    for person, happens, told in cases:
        before, known = kinds(), login_of(person).password_hash
        with just_before("TransactWriteItems", happens):
            refused = change(person)
        assert (refused.status, refused.code) == told
        assert (kinds(), login_of(person).password_hash) == (before, known)


@pytest.mark.rule("AUTH-35", "AUTH-59")
def test_proving_again_refreshes_the_session_and_nothing_else(
    cloud: Emulator, client: Client, people: People, coded: Coded, post: Post
) -> None:
    student = people.student()
    signed_in_at = entry_of(student)["authAt"]
    for proof in (
        lambda: {"password": PASSWORD},
        lambda: {name: value for name, value in coded(student.email).items() if name != "email"},
    ):
        cloud.advance(120)
        given = proof()
        client.post("/v1/auth/reauthenticate", json=given, token=student.token, expect=204)
        proven = entry_of(student)
        assert proven["authAt"] >= signed_in_at + 120
        signed_in_at = proven["authAt"]
        client.get("/v1/auth/me", token=student.token, expect=200)
    again = client.post("/v1/auth/reauthenticate", json=given, token=student.token, expect=401)
    assert again.code == "INVALID_CREDENTIALS", "a code proves once"


@pytest.mark.rule("AUTH-35")
def test_what_does_not_prove(client: Client, people: People, coded: Coded) -> None:
    student, stranger = people.student(), people.student()
    before = entry_of(student)
    foreign, own = coded(stranger.email), coded(student.email)
    for wrong in (
        {"password": "not the password"},
        {"code": other(own["code"]), "challengeId": own["challengeId"]},
        {"code": foreign["code"], "challengeId": foreign["challengeId"]},
        {"totp": "000000"},
    ):
        refused = client.post("/v1/auth/reauthenticate", json=wrong, token=student.token, expect=401)
        assert refused.code == "INVALID_CREDENTIALS"
    for malformed in ({}, {"code": "123456"}, {"password": PASSWORD, "totp": "000000"}):
        client.post("/v1/auth/reauthenticate", json=malformed, token=student.token, expect=422)
    assert entry_of(student) == before
    happens = [AccessCard.sessions[student.session_id].remove()]
    with just_before("TransactWriteItems", lambda: store.update(AccessCard, AccessCard.place(student.id), happens)):
        given = {"password": PASSWORD}
        ended = client.post("/v1/auth/reauthenticate", json=given, token=student.token, expect=401)
    assert ended.code == "SESSION_REVOKED"


def is_form(function: object) -> TypeGuard[Endpoint]:
    return isinstance(function, Endpoint) and function.method == "POST"


@pytest.mark.rule("AUTH-70")
def test_password_managers_are_helped(cloud: Emulator) -> None:
    """Hints for the fields of every form stand where front-end developers read: in the document's descriptions."""
    docs = {str(one.path): str(one.work.__doc__) for one in cloud.lambdas.functions.values() if is_form(one)}
    for path, hint in {
        "/v1/auth/register": "new-password",
        "/v1/auth/login": "current-password",
        "/v1/auth/request-otp": "username",
        "/v1/auth/verify-otp": "one-time-code",
        "/v1/auth/request-password-reset": "username",
        "/v1/auth/reset-password": "new-password",
        "/v1/auth/change-password": "current-password",
        "/v1/users/me/email": "current-password",
        "/v1/users/me/email/confirm": "one-time-code",
    }.items():
        assert f'autocomplete="{hint}"' in docs[path], path


@pytest.mark.rule("AUTH-70", "AUTH-40")
def test_a_manager_s_password_works_without_knowing_the_device(client: Client, register: Register) -> None:
    """128 characters, spaces at both ends, no user agent, no label."""
    password = " " + "kX9!é語 " * 15 + "rest "
    register(password=password)
    body = {"email": "asha@example.in", "password": password}
    client.post("/v1/auth/login", json=body, headers={"User-Agent": ""}, expect=200)
    assert sign_in(client, "asha@example.in", password.strip()).status == 401


@pytest.mark.rule("AUTH-46", "AUTH-49")
def test_links_and_codes_stand_hashed_in_the_table(
    cloud: Emulator, people: People, link: Callable[..., str], coded: Coded
) -> None:
    student = people.student()
    token, given = link(student.email), coded(student.email)
    table = str([{**item, "sealed": None} for item in cloud.items()])
    assert token not in table
    assert f"'{given['code']}'" not in table
    kinds = {item["kind"]["S"]: item for item in cloud.items()}
    assert store.get(ResetToken, ResetToken.place(token)) is not None
    assert kinds["OtpCode"]["code_hash"]["S"] != given["code"]
    assert OtpCode.place("x", "LOGIN").pk == "OTP#x"
    assert student.email not in "".join(item["pk"]["S"] for item in cloud.items() if item["kind"]["S"] == "OtpCode")
    assert store.get(User, User.place(student.id)) is not None
