"""Staff who look at people's sessions and end them (USR-10, USR-12, USR-13, ACC-53)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chalicelib.platform import store
from chalicelib.platform.access.card import AccessCard, plain
from chalicelib.platform.ids import new_ulid
from infra.local.emulator import Emulator
from tests.support.client import Client
from tests.support.people import People, Person
from tests.support.races import round_trips

Kinds = Callable[[], dict[str, int]]


def path(person: Person, *parts: str) -> str:
    return "/".join((f"/v1/admin/users/{person.id}", *parts))


def live(person: Person) -> set[str]:
    card = store.get(AccessCard, AccessCard.place(person.id))
    assert card is not None
    return {sid for sid, entry in plain(card.sessions).items() if entry["exp"]}


@pytest.mark.rule("USR-10", "AUTH-55")
def test_staff_sign_somebody_out_everywhere(cloud: Emulator, client: Client, people: People) -> None:
    student, support = people.student(), people.admin("ADMIN_SUPPORT")
    login = {"email": student.email, "password": student.password}
    other = client.post("/v1/auth/login", json=login, expect=200).json
    cloud.calls.clear()
    body = {"reason": "Their phone was stolen"}
    client.post(path(student, "force-logout"), json=body, token=support.token, expect=204)
    calls = cloud.calls.of("force_logout_user")
    assert round_trips(calls) == 2
    written = [call for call in calls if call.operation == "TransactWriteItems"]
    assert len(written) == 1
    for token in (student.token, other["accessToken"]):
        answer = client.get("/v1/auth/me", token=token, expect=401)
        assert (answer.code, answer.json["details"]) == ("SESSION_REVOKED", {"reason": "ADMIN"})
    client.post("/v1/auth/refresh", json={"refreshToken": other["refreshToken"]}, expect=401)
    entry = next(item for item in cloud.items() if item["kind"]["S"] == "AuditEntry")
    assert (entry["action"]["S"], entry["resource_id"]["S"], entry["reason"]["S"], entry["actor_user_id"]["S"]) == (
        "user.force_logout",
        student.id,
        "Their phone was stolen",
        support.id,
    )
    client.post(path(student, "force-logout"), token=support.token, expect=204)
    client.post("/v1/auth/login", json=login, expect=200)


@pytest.mark.rule("AUTH-55")
def test_after_a_block_is_lifted_the_old_session_is_told_why_it_ended(client: Client, people: People) -> None:
    student, support = people.student(), people.admin("ADMIN_SUPPORT")
    for wish in ({"status": "BLOCKED", "reason": "Shared the account"}, {"status": "ACTIVE"}):
        client.patch(path(student, "status"), json=wish, token=support.token, expect=200)
    answer = client.get("/v1/auth/me", token=student.token, expect=401)
    assert (answer.code, answer.json["details"]) == ("SESSION_REVOKED", {"reason": "BLOCKED"})


@pytest.mark.rule("USR-12", "USR-13", "AUTH-55")
def test_staff_see_sessions_and_end_one(cloud: Emulator, client: Client, people: People) -> None:
    student, other, support = people.student(), people.student(), people.admin("ADMIN_SUPPORT")
    items = client.get(path(student, "sessions"), token=support.token, expect=200).json["items"]
    assert [(one["id"], one["current"]) for one in items] == [(student.session_id, False)]
    gone = client.delete(path(student, "sessions", other.session_id), token=support.token, expect=404)
    assert gone.code == "SESSION_NOT_FOUND"
    client.delete(path(student, "sessions", student.session_id), token=support.token, expect=204)
    answer = client.get("/v1/auth/me", token=student.token, expect=401)
    assert (answer.code, answer.json["details"]) == ("SESSION_REVOKED", {"reason": "ADMIN"})
    assert client.get(path(student, "sessions"), token=support.token, expect=200).json == {"items": []}
    assert live(other) == {other.session_id}
    entry = next(item for item in cloud.items() if item["kind"]["S"] == "AuditEntry")
    assert (entry["action"]["S"], entry["actor_user_id"]["S"]) == ("session.revoke", support.id)


@pytest.mark.rule("USR-10", "USR-13", "ACC-53")
def test_nobody_signs_out_the_mightier(client: Client, people: People, kinds: Kinds) -> None:
    boss, support, editor = people.super_admin(), people.admin("ADMIN_SUPPORT"), people.admin("ADMIN_CONTENT")
    before = kinds()
    for method, where in (("POST", path(boss, "force-logout")), ("DELETE", path(boss, "sessions", boss.session_id))):
        assert client.call(method, where, token=support.token, expect=403).code == "TARGET_OUTRANKS"
    for token in (editor.token, boss.token):
        unknown = client.post(f"/v1/admin/users/{new_ulid()}/force-logout", token=token)
        assert unknown.code == ("USER_NOT_FOUND" if token == boss.token else "FORBIDDEN")
    assert live(boss) == {boss.session_id}
    assert {kind: count for kind, count in kinds().items() if kind != "AuditEntry"} == {
        kind: count for kind, count in before.items() if kind != "AuditEntry"
    }
    client.post(path(support, "force-logout"), token=boss.token, expect=204)
    assert live(support) == set()
