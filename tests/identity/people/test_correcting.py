"""What support corrects of a profile (USR-14), and what is made with a name (USR-33)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chalicelib.identity.accounts import Login, User
from chalicelib.identity.accounts.items import PhoneIndex
from chalicelib.platform import store
from chalicelib.platform.access.card import AccessCard, plain
from chalicelib.platform.messages import Message
from infra.local.emulator import Emulator
from tests.identity.people.conftest import Items, card_of, user_of
from tests.support.client import Client, Response
from tests.support.people import People, Person
from tests.support.races import at_once, just_before

Audited = Callable[[], list[str]]
Mails = Callable[[], list[Message]]
REASON = "The student called"


@pytest.fixture
def support(people: People) -> Person:
    return people.admin("ADMIN_SUPPORT")


def correct(
    client: Client, by: Person, user_id: str, *, headers: dict[str, str] | None = None, **body: object
) -> Response:
    given = {"reason": REASON, **body}
    return client.patch(f"/v1/admin/users/{user_id}", token=by.token, json=given, headers=headers)


@pytest.mark.rule("USR-14")
def test_support_corrects_name_and_phone(
    client: Client, people: People, support: Person, audited: Audited, of_kind: Items
) -> None:
    student = people.student()
    answer = correct(client, support, student.id, name="Asha Verma", phone="9876543210")
    assert answer.status == 200
    assert (answer.json["name"], answer.json["phone"], answer.json["version"]) == ("Asha Verma", "+919876543210", 2)
    client.get("/v1/users/me", token=student.token, expect=200)
    assert (user_of(student.id).gsi2sk or "").startswith("asha verma#")
    assert audited() == ["user.update"]
    entry = next(one for one in of_kind("AuditEntry"))
    assert (entry.actor_user_id, entry.reason) == (support.id, REASON)
    assert "9876543210" not in str(entry.to_simple_dict())

    assert correct(client, support, student.id, name="Asha Verma", phone="9876543210").json["version"] == 2
    assert audited() == ["user.update"]
    assert correct(client, support, student.id, phone=None).json["phone"] is None
    assert store.get(PhoneIndex, PhoneIndex.place(student.id)) is None
    stale = correct(client, support, student.id, name="Usha", headers={"If-Match": '"v1"'})
    assert (stale.status, stale.json["details"]) == (412, {"version": 3})


@pytest.mark.rule("USR-14", "AUTH-55", "AUTH-71")
def test_another_email_is_unverified_ends_all_sessions_and_tells_both_addresses(
    client: Client, people: People, support: Person, audited: Audited, mails: Mails
) -> None:
    student, before = people.student(), people.student().email
    user = user_of(student.id)
    store.update(User, user.itself, [User.email_verified_at.set(user.created_at)])
    answer = correct(client, support, student.id, email=" Asha@Example.IN ", name="Asha")
    assert answer.status == 200, answer.json
    assert (answer.json["email"], answer.json["emailVerified"], answer.json["liveSessions"]) == (
        "asha@example.in",
        False,
        0,
    )
    changed = user_of(student.id)
    assert (changed.email, changed.email_verified_at, plain(changed.row)["email"]) == (
        "asha@example.in",
        None,
        "asha@example.in",
    )
    assert client.get("/v1/auth/me", token=student.token, expect=401).code == "SESSION_REVOKED"
    client.post("/v1/auth/refresh", json={"refreshToken": student.refresh_token}, expect=401)
    old = {"email": student.email, "password": student.password}
    assert client.post("/v1/auth/login", json=old, expect=401).code == "INVALID_CREDENTIALS"
    client.post("/v1/auth/login", json={**old, "email": "asha@example.in"}, expect=200)
    assert sorted(audited()) == ["user.email_changed", "user.update"]
    sent = mails()
    assert {str(one.to) for one in sent} == {student.email, "asha@example.in"}
    assert {str(one.template_key) for one in sent} == {"AUTH_EMAIL_CHANGED"}
    facts = plain(sent[0].payload)
    assert (facts["oldEmailMasked"], facts["newEmailMasked"]) == ("st***@e***.com", "as***@e***.in")
    assert before != student.email


@pytest.mark.rule("USR-14", "AUTH-49")
def test_reset_tokens_of_an_address_stay_void_when_it_comes_back(
    client: Client, people: People, support: Person
) -> None:
    student = people.student()
    first = store.get(Login, Login.place(student.email))
    assert first is not None
    for email in ("asha@example.in", student.email):
        assert correct(client, support, student.id, email=email).status == 200
    again = store.get(Login, Login.place(student.email))
    assert again is not None
    assert (int(again.reset_generation), again.password_hash) == (int(first.reset_generation) + 2, first.password_hash)
    assert store.get(Login, Login.place("asha@example.in")) is None


@pytest.mark.rule("USR-14", "AUTH-59", "ACC-53")
def test_what_is_refused_changes_nothing(
    cloud: Emulator, client: Client, people: People, support: Person, audited: Audited, mails: Mails
) -> None:
    student, other, boss = people.student(), people.student(), people.super_admin()
    taken = correct(client, support, student.id, email=other.email)
    assert (taken.status, taken.code) == (409, "EMAIL_TAKEN")
    assert correct(client, support, boss.id, name="Boss").code == "TARGET_OUTRANKS"
    assert correct(client, support, support.id, email="me@example.in").code == "SELF"
    for body in ({"name": None}, {"email": None}, {"email": "none"}, {"status": "ACTIVE"}, {"type": "ADMIN"}):
        refused = correct(client, support, student.id, **body)
        assert (refused.status, list(refused.issues)) == (422, [f"body.{next(iter(body))}"])
    path = f"/v1/admin/users/{student.id}"
    unexplained = client.patch(path, token=support.token, json={"name": "Asha"}, expect=422)
    assert list(unexplained.issues) == ["body.reason"]
    cloud.advance(601)
    old = correct(client, support, student.id, email="new@example.in")
    assert (old.status, old.code) == (401, "REAUTH_REQUIRED")
    assert correct(client, support, student.id, name="Asha").status == 200
    assert user_of(student.id).email == student.email
    assert card_of(student.id).token_version == 1
    assert (audited(), mails()) == (["user.update"], [])


@pytest.mark.rule("USR-14", "USR-31")
def test_of_two_moves_to_one_address_one_is_made(
    client: Client, people: People, support: Person, audited: Audited
) -> None:
    students = [people.student(), people.student()]
    works = [lambda one=one: correct(client, support, one.id, email="new@example.in").status for one in students]
    assert sorted(at_once(works)) == [200, 409]
    assert audited() == ["user.email_changed"]
    blocked = [AccessCard.status.set("BLOCKED")]
    with just_before("TransactWriteItems", lambda: store.update(AccessCard, AccessCard.place(support.id), blocked)):
        refused = correct(client, support, students[0].id, name="Asha")
    assert (refused.status, refused.code) == (403, "ACCOUNT_BLOCKED")
    assert user_of(students[0].id).name != "Asha"


@pytest.mark.rule("USR-33")
def test_what_was_made_with_a_name_keeps_it(client: Client, people: People, support: Person, mails: Mails) -> None:
    student = people.student()
    client.delete("/v1/users/me", token=student.token, expect=202)
    client.post("/v1/users/me/deletion/cancel", token=student.token, expect=200)
    client.patch("/v1/users/me", token=student.token, json={"name": "Asha Verma"}, expect=200)
    client.delete("/v1/users/me", token=student.token, expect=202)
    assert [plain(one.payload)["userName"] for one in mails()] == ["Person 2", "Asha Verma"]
