"""Signing out (AUTH-04)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.identity.sessions import Session, refresh_tokens
from chalicelib.platform import store
from chalicelib.platform.access.card import AccessCard, plain
from infra.local.emulator import Emulator
from tests.support.client import Client
from tests.support.people import People, Person
from tests.support.races import round_trips

Kinds = Callable[[], dict[str, int]]


def entries(person: Person) -> dict[str, Any]:
    card = store.get(AccessCard, AccessCard.place(person.id))
    assert card is not None
    return plain(card.sessions)


@pytest.mark.rule("AUTH-04", "AUTH-55")
def test_signing_out_counts_from_the_next_request(
    cloud: Emulator, client: Client, people: People, kinds: Kinds
) -> None:
    student, other = people.student(), people.student()
    cloud.calls.clear()
    answer = client.post("/v1/auth/logout", token=student.token, expect=204)
    assert round_trips(cloud.calls.of("logout")) == 2
    assert all("Max-Age=0" in cookie for cookie in answer.cookies)
    assert client.get("/v1/auth/me", token=student.token, expect=401).code == "SESSION_REVOKED"
    refused = client.post("/v1/auth/refresh", json={"refreshToken": student.refresh_token}, expect=401)
    assert refused.code == "REFRESH_INVALID"
    assert entries(student) == {}
    client.get("/v1/auth/me", token=other.token, expect=200)
    assert kinds()["AuditEntry"] == 1

    client.post("/v1/auth/logout", token=student.token, expect=204)
    assert kinds()["AuditEntry"] == 1


@pytest.mark.rule("AUTH-04")
def test_an_expired_access_token_with_a_refresh_token(cloud: Emulator, client: Client, people: People) -> None:
    student, other = people.student(), people.student()
    cloud.advance(1_000)
    assert client.post("/v1/auth/logout", token=student.token, expect=401).code == "TOKEN_EXPIRED"
    assert set(entries(student)) == {student.session_id}
    forged = refresh_tokens.render(student.id, student.session_id, 1, bytes(32))
    refused = client.post("/v1/auth/logout", token=student.token, json={"refreshToken": forged}, expect=401)
    assert refused.code == "REFRESH_INVALID"
    assert set(entries(student)) == {student.session_id}
    client.post("/v1/auth/logout", token=student.token, json={"refreshToken": student.refresh_token}, expect=204)
    assert entries(student) == {}
    session = store.get(Session, Session.place(student.id, student.session_id))
    assert session is not None
    assert session.revoked_reason == "LOGOUT"
    client.post("/v1/auth/logout", json={"refreshToken": other.refresh_token}, expect=204)
    assert entries(other) == {}


@pytest.mark.rule("AUTH-04")
def test_who_is_nobody_signs_nobody_out(client: Client, people: People, kinds: Kinds) -> None:
    student = people.student()
    assert client.post("/v1/auth/logout", expect=401).code == "TOKEN_MISSING"
    assert client.post("/v1/auth/logout", token="rubbish", expect=401).code == "TOKEN_INVALID"
    store.update(AccessCard, AccessCard.place(student.id), [AccessCard.status.set("BLOCKED")])
    assert client.post("/v1/auth/logout", token=student.token, expect=403).code == "ACCOUNT_BLOCKED"
    assert set(entries(student)) == {student.session_id}
    assert "AuditEntry" not in kinds()


@pytest.mark.rule("AUTH-04", "ACC-60")
def test_a_session_without_its_item_ends_too(client: Client, people: People, kinds: Kinds) -> None:
    student = people.student()
    store.delete(Session, Session.place(student.id, student.session_id))
    client.post("/v1/auth/logout", token=student.token, expect=204)
    assert entries(student) == {}
    client.get("/v1/auth/me", token=student.token, expect=401)
    assert "AuditEntry" not in kinds()


@pytest.mark.rule("AUTH-04")
def test_an_older_refresh_token_of_the_session_ends_it_too(client: Client, people: People) -> None:
    """A phone that lost the answer of its refresh has only the one before."""
    student = people.student()
    client.post("/v1/auth/refresh", json={"refreshToken": student.refresh_token}, expect=200)
    forged = refresh_tokens.render(student.id, student.session_id, 1, bytes(32))
    assert client.post("/v1/auth/logout", json={"refreshToken": forged}, expect=401).code == "REFRESH_INVALID"
    assert set(entries(student)) == {student.session_id}
    client.post("/v1/auth/logout", json={"refreshToken": student.refresh_token}, expect=204)
    assert entries(student) == {}
