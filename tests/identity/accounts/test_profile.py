"""The caller's own profile (AUTH-06, USR-01, USR-02)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chalicelib.identity.accounts import User
from chalicelib.identity.accounts.items import PhoneIndex
from chalicelib.platform import store
from chalicelib.platform.access.card import plain
from infra.local.emulator import Emulator
from tests.support.client import Client
from tests.support.people import People
from tests.support.races import at_once, round_trips

Kinds = Callable[[], dict[str, int]]


def user_of(user_id: str) -> User:
    user = store.get(User, User.place(user_id))
    assert user is not None
    return user


@pytest.mark.rule("AUTH-06", "AUTH-72")
def test_me_says_what_the_card_says(cloud: Emulator, client: Client, people: People) -> None:
    admin = people.admin("ADMIN_FINANCE", centres={"C1": ["centre.students.read"]}, must_change_password=True)
    cloud.calls.clear()
    me = client.get("/v1/auth/me", token=admin.token, expect=200).json
    assert me["type"] == "ADMIN"
    assert me["roles"] == ["ADMIN_FINANCE"]
    assert "payments.refund" in me["permissions"]
    assert me["mfa"] == {"enrolled": False, "required": False}
    assert me["mustChangePassword"] is True
    assert me["centres"] == [{"centreId": "C1", "permissions": ["centre.students.read"]}]
    assert round_trips(cloud.calls.of("who_am_i")) == 1


@pytest.mark.rule("USR-01")
def test_a_profile_has_a_version(client: Client, people: People) -> None:
    student = people.student()
    answer = client.get("/v1/users/me", token=student.token, expect=200)
    assert answer.json["email"] == student.email
    assert answer.json["locale"] == "en-IN"
    assert answer.headers["etag"] == '"v1"'


@pytest.mark.rule("USR-02")
def test_changing_name_phone_and_language(client: Client, people: People, kinds: Kinds) -> None:
    student = people.student()
    changes = {"name": " Āsha  Verma ", "phone": "9876543210", "locale": "hi-IN"}
    changed = client.patch("/v1/users/me", token=student.token, json=changes, expect=200).json
    assert (changed["name"], changed["phone"], changed["locale"]) == ("Āsha  Verma", "+919876543210", "hi-IN")
    assert changed["version"] == 2
    user = user_of(student.id)
    assert user.gsi2sk == f"asha  verma#{student.id}"
    index = store.get(PhoneIndex, PhoneIndex.place(student.id))
    assert index is not None
    assert (index.phone, index.gsi1sk) == ("+919876543210", f"+919876543210#{student.id}")
    assert kinds()["AuditEntry"] == 1

    cleared = client.patch("/v1/users/me", token=student.token, json={"phone": None}, expect=200).json
    assert cleared["phone"] is None
    assert store.get(PhoneIndex, PhoneIndex.place(student.id)) is None
    row = plain(user_of(student.id).row)
    assert (row["name"], row["phone"]) == ("Āsha  Verma", None)


@pytest.mark.rule("USR-02")
def test_another_phone_counts_as_unverified(client: Client, people: People) -> None:
    student = people.student()
    user = user_of(student.id)
    user.phone, user.phone_verified_at = "+919876543210", user.created_at
    store.put(user)
    client.patch("/v1/users/me", token=student.token, json={"name": "Asha"}, expect=200)
    assert user_of(student.id).phone_verified_at is not None
    client.patch("/v1/users/me", token=student.token, json={"phone": "+447911123456"}, expect=200)
    assert user_of(student.id).phone_verified_at is None


@pytest.mark.rule("USR-02")
@pytest.mark.parametrize(
    "body",
    [
        {"email": "other@example.in"},
        {"type": "ADMIN"},
        {"status": "ACTIVE"},
        {"roles": ["ADMIN_SUPER"]},
        {"name": None},
        {"locale": None},
        {"locale": "fr-FR"},
        {"avatarAssetId": "01ARZ3NDEKTSV4RRFFQ69G5FAV"},
    ],
)
def test_nothing_else_can_be_changed(client: Client, people: People, kinds: Kinds, body: dict[str, object]) -> None:
    student = people.student()
    refused = client.patch("/v1/users/me", token=student.token, json=body, expect=422)
    assert list(refused.issues) == [f"body.{next(iter(body))}"]
    assert user_of(student.id).version == 1
    assert "AuditEntry" not in kinds()


@pytest.mark.rule("USR-02", "HTTP-19")
def test_two_changes_of_one_version(client: Client, people: People, kinds: Kinds) -> None:
    student = people.student()

    def change(name: str) -> int:
        headers = {"If-Match": '"v1"'}
        return client.patch("/v1/users/me", token=student.token, json={"name": name}, headers=headers).status

    assert sorted(at_once([lambda: change("Asha"), lambda: change("Usha")])) == [200, 412]
    assert user_of(student.id).version == 2
    assert kinds()["AuditEntry"] == 1


@pytest.mark.rule("USR-02", "HTTP-61")
def test_parallel_changes_of_other_fields_are_not_lost(client: Client, people: People, kinds: Kinds) -> None:
    student = people.student()

    def change(body: dict[str, str]) -> int:
        return client.patch("/v1/users/me", token=student.token, json=body).status

    bodies = [{"name": "Asha"}, {"phone": "9876543210"}, {"locale": "hi-IN"}]
    assert at_once([lambda body=body: change(body) for body in bodies]) == [200, 200, 200]
    user = user_of(student.id)
    assert (user.name, user.phone, user.locale, user.version) == ("Asha", "+919876543210", "hi-IN", 4)
    assert change({"name": "Asha"}) == 200
    assert user_of(student.id).version == 4
    assert kinds()["AuditEntry"] == 3


@pytest.mark.rule("ACC-34", "ACC-60")
def test_without_a_card_there_is_no_access(client: Client, people: People) -> None:
    from chalicelib.platform.access.card import AccessCard

    student = people.student()
    store.delete(AccessCard, AccessCard.place(student.id))
    assert client.get("/v1/users/me", token=student.token, expect=503).code == "UNAVAILABLE"
