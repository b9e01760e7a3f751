"""Staff have somebody's password set anew (USR-11)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from chalicelib.identity.accounts import Login, User
from chalicelib.identity.credentials import ResetToken
from chalicelib.platform import store
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.store import Transaction
from infra.local.emulator import Emulator
from tests.identity.conftest import PASSWORD
from tests.identity.credentials.conftest import Post
from tests.support.client import Client, Response
from tests.support.people import People, Person
from tests.support.races import at_once, just_before

NEW = "seven lilacs over Jaipur"
Kinds = Callable[[], dict[str, int]]
Order = Callable[..., Response]


@pytest.fixture
def order(client: Client) -> Order:
    def call(by: Person, whom: Person, expect: int | None = 202, **body: Any) -> Response:
        return client.post(f"/v1/admin/users/{whom.id}/reset-password", json=body, token=by.token, expect=expect)

    return call


def must_change(person: Person) -> list[bool]:
    card = store.get(AccessCard, AccessCard.place(person.id))
    user = store.get(User, User.place(person.id))
    assert card is not None
    assert user is not None
    return [card.must_change_password, user.must_change_password]


@pytest.mark.rule("USR-11", "AUTH-12", "AUTH-71")
def test_the_old_password_works_only_to_change_it(
    cloud: Emulator, client: Client, people: People, order: Order, post: Post
) -> None:
    support, student = people.admin("ADMIN_SUPPORT"), people.student()
    answer = order(support, student, reason="Wrote from another address")
    assert answer.json == {}
    assert client.get("/v1/auth/me", token=student.token, expect=401).code == "SESSION_REVOKED"
    assert [mail.template_key for mail in post.all(student.email)] == ["AUTH_RESET"]
    (entry,) = [item for item in cloud.items() if item.get("action", {}).get("S") == "user.reset_password"]
    assert entry["actor_user_id"]["S"] == support.id
    assert entry["reason"]["S"] == "Wrote from another address"

    signing = {"email": student.email, "password": PASSWORD}
    token = client.post("/v1/auth/login", json=signing, expect=200).json["accessToken"]
    assert client.get("/v1/auth/me", token=token, expect=200).json["mustChangePassword"] is True
    for method, path, body in (
        ("GET", "/v1/users/me", None),
        ("GET", "/v1/notes", None),
        ("PATCH", "/v1/users/me", {"name": "Somebody Else"}),
        ("POST", "/v1/users/me/email", {"newEmail": "mine@example.in", "password": PASSWORD}),
        ("POST", "/v1/auth/reauthenticate", {"password": PASSWORD}),
    ):
        assert client.call(method, path, json=body, token=token, expect=403).code == "PASSWORD_CHANGE_REQUIRED"
    change = partial(client.post, "/v1/auth/change-password", token=token)
    assert change(json={"currentPassword": PASSWORD, "newPassword": PASSWORD}, expect=422).issues == {
        "body.newPassword": "SAME"
    }
    assert must_change(student) == [True, True]
    changed = change(json={"currentPassword": PASSWORD, "newPassword": NEW}, expect=200).json
    client.get("/v1/users/me", token=changed["accessToken"], expect=200)
    assert must_change(student) == [False, False]


@pytest.mark.rule("USR-11", "AUTH-49")
def test_the_link_of_staff_sets_another_password(
    client: Client, people: People, order: Order, post: Post, cloud: Emulator
) -> None:
    student = people.student()
    client.post("/v1/auth/request-password-reset", json={"email": student.email}, expect=202)
    own = post.link_token(student.email)
    order(people.super_admin(), student)
    theirs = post.link_token(student.email)
    reset = partial(client.post, "/v1/auth/reset-password")
    assert reset(json={"token": own, "newPassword": NEW}, expect=401).code == "RESET_TOKEN_INVALID"
    assert reset(json={"token": theirs, "newPassword": PASSWORD}, expect=422).issues == {"body.newPassword": "SAME"}
    cloud.advance(1)
    reset(json={"token": theirs, "newPassword": NEW}, expect=204)
    assert must_change(student) == [False, False]
    client.post("/v1/auth/login", json={"email": student.email, "password": NEW}, expect=200)


@pytest.mark.rule("USR-11", "AUTH-49")
def test_a_change_makes_the_link_of_staff_void(
    client: Client, people: People, order: Order, post: Post, cloud: Emulator
) -> None:
    student = people.student()
    order(people.super_admin(), student)
    cloud.advance(1)
    token = client.post("/v1/auth/login", json={"email": student.email, "password": PASSWORD}).json["accessToken"]
    body = {"currentPassword": PASSWORD, "newPassword": NEW}
    client.post("/v1/auth/change-password", json=body, token=token, expect=200)
    late = {"token": post.link_token(student.email), "newPassword": "nine herons in Kota"}
    assert client.post("/v1/auth/reset-password", json=late, expect=401).code == "RESET_TOKEN_INVALID"


@pytest.mark.rule("USR-11")
def test_without_a_demand_the_old_password_goes_on(client: Client, people: People, order: Order) -> None:
    student = people.student()
    order(people.admin("ADMIN_SECURITY"), student, requireChange=False)
    assert client.get("/v1/users/me", token=student.token, expect=401).code == "SESSION_REVOKED"
    signing = {"email": student.email, "password": PASSWORD}
    token = client.post("/v1/auth/login", json=signing, expect=200).json["accessToken"]
    client.get("/v1/users/me", token=token, expect=200)


@pytest.mark.rule("USR-11", "ACC-53")
def test_who_may_not(people: People, order: Order, client: Client, kinds: Kinds, post: Post) -> None:
    support, boss, student = people.admin("ADMIN_SUPPORT"), people.super_admin(), people.student()
    deleted = people.student()
    store.update(User, User.place(deleted.id), [User.status.set("DELETED"), User.email.remove()])
    before = {**kinds(), "AuditEntry": 0}
    assert order(support, boss, expect=403).code == "TARGET_OUTRANKS"
    assert order(boss, boss, expect=409).code == "SELF"
    assert order(people.admin("ADMIN_CONTENT"), student, expect=403).code == "FORBIDDEN"
    assert order(student, student, expect=403).code == "WRONG_USER_TYPE"
    assert order(support, deleted, expect=404).code == "USER_NOT_FOUND"
    unknown = f"/v1/admin/users/{'0' * 26}/reset-password"
    assert client.post(unknown, token=support.token, expect=404).code == "USER_NOT_FOUND"
    assert post.all() == []
    assert must_change(boss) == [False, False]
    client.get("/v1/auth/me", token=boss.token, expect=200)
    after = {**kinds(), "AuditEntry": 0}
    for kind in ("AccessCard", "Login", "User", "Session", "KnownDevice"):
        before.pop(kind), after.pop(kind)
    assert before == after


@pytest.mark.rule("USR-11", "AUTH-47")
def test_staff_are_not_held_up_by_who_asks_all_the_time(
    client: Client, people: People, order: Order, post: Post
) -> None:
    student = people.student()
    client.post("/v1/auth/request-password-reset", json={"email": student.email}, expect=202)
    at_once([partial(order, people.super_admin(), student)] * 2)
    assert len(post.all(student.email, "AUTH_RESET")) == 3
    tokens = [post.link_token(student.email)]
    assert store.get(ResetToken, ResetToken.place(tokens[0])) is not None


@pytest.mark.rule("USR-11")
def test_an_address_that_moves_in_the_same_moment_is_not_written_to(people: People, order: Order, post: Post) -> None:
    student = people.student()
    moved = [User.email.set("moved@example.in")]
    with just_before("TransactWriteItems", lambda: store.update(User, User.place(student.id), moved)):
        assert order(people.super_admin(), student, expect=409).code == "CONFLICT"
    assert post.all() == []
    assert must_change(student) == [False, False]


@pytest.mark.rule("USR-11", "ACC-53", "USR-31")
def test_who_was_blocked_or_outranked_in_the_same_moment_resets_nobody(
    people: People, order: Order, post: Post
) -> None:
    boss, target = people.super_admin(), people.admin("ADMIN_CONTENT")
    blocked = [AccessCard.status.set("BLOCKED"), AccessCard.token_version.add(1)]
    with just_before("TransactWriteItems", lambda: store.update(AccessCard, AccessCard.place(boss.id), blocked)):
        assert order(boss, target, expect=403).code == "ACCOUNT_BLOCKED"
    promoted = [AccessCard.roles_version.add(1)]
    other = people.super_admin()
    with just_before("TransactWriteItems", lambda: store.update(AccessCard, AccessCard.place(target.id), promoted)):
        assert order(other, target, expect=409).code == "CONFLICT"
    assert post.all() == []
    assert must_change(target) == [False, False]


@pytest.mark.rule("AUTH-02", "USR-11")
def test_the_function_of_staff_reads_no_login(cloud: Emulator, people: People, order: Order) -> None:
    order(people.super_admin(), people.student())
    touched = [key for call in cloud.calls.of("reset_password_of") for key in call.target.leading_keys]
    assert touched
    assert not [key for key in touched if key.startswith(Login.place("").pk)]
    assert len(Transaction()) == 0
