"""People as staff find and see them (USR-07, USR-08, USR-32)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.identity.people.listing import as_stored
from chalicelib.platform import store
from chalicelib.platform.access.card import AccessCard
from infra.local.emulator import Emulator
from tests.identity.conftest import Register
from tests.identity.people.conftest import Items
from tests.support.client import Client
from tests.support.people import People, Person
from tests.support.races import round_trips

Audited = Callable[[], list[str]]
SECRETS = ("hash", "secret", "salt", "token", "recovery", "argon2", "203.0.113")


@pytest.fixture
def support(people: People) -> Person:
    return people.admin("ADMIN_SUPPORT")


def found(client: Client, by: Person, **query: Any) -> list[str]:
    """The names on every page of a search."""
    names: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = client.get("/v1/admin/users", token=by.token, query={**query, **cursor}, expect=200).json
        names += [one["name"] for one in page["items"]]
        if page["nextCursor"] is None:
            return names
        cursor = {"cursor": page["nextCursor"]}


@pytest.fixture
def crowd(cloud: Emulator, register: Register) -> dict[str, str]:
    """Four students: name → id."""
    facts = [
        ("Āśā Verma", "asha@example.in", "9876543210"),
        ("Asharam Das", "das@example.in", "9876000000"),
        ("Usha Rao", "asha.rao@example.org", "+447911123456"),
        ("वेद प्रकाश", "ved@example.in", None),
    ]
    ids = {}
    for name, email, phone in facts:
        cloud.advance(1)
        ids[name] = register(name=name, email=email, **({"phone": phone} if phone else {})).json["user"]["id"]
    return ids


@pytest.mark.rule("USR-07")
@pytest.mark.parametrize(
    ("search", "names"),
    [
        (None, ["वेद प्रकाश", "Usha Rao", "Asharam Das", "Āśā Verma"]),
        ("asa", ["Āśā Verma"]),
        ("ASH", ["Asharam Das"]),
        ("वेद", ["वेद प्रकाश"]),
        ("Asha@", ["Āśā Verma"]),
        ("@example", []),
        ("asha.rao@example.org", ["Usha Rao"]),
        ("98765", ["Āśā Verma"]),
        ("98 76-0", ["Asharam Das"]),
        ("+919876", ["Asharam Das", "Āśā Verma"]),
        ("4479", ["Usha Rao"]),
        ("nobody", []),
    ],
)
def test_what_a_search_finds(
    client: Client, support: Person, crowd: dict[str, str], search: str | None, names: list[str]
) -> None:
    asked = {"search": search} if search else {}
    assert found(client, support, **asked) == names
    assert found(client, support, limit=1, **asked) == names
    assert found(client, support, type="ADMIN", **asked) == ([] if search else ["Person 1"])


@pytest.mark.rule("USR-07")
def test_how_the_beginning_of_a_number_is_read() -> None:
    given = {"98765": "+9198765", "+44": "+44", "4479": "+4479", "9198765432": "+919198765432"}
    assert {number: as_stored(number) for number in [*given, "919876543210"]} == {
        **given,
        "919876543210": "+919876543210",
    }


@pytest.mark.rule("USR-07", "HTTP-17")
def test_a_status_filters_what_is_found(
    cloud: Emulator, client: Client, support: Person, crowd: dict[str, str]
) -> None:
    path = f"/v1/admin/users/{crowd['Asharam Das']}/status"
    client.patch(path, token=support.token, json={"status": "BLOCKED", "reason": "Fraud"}, expect=200)
    for search in ({}, {"search": "asharam"}, {"search": "das@"}, {"search": "+91"}):
        assert found(client, support, status="BLOCKED", limit=1, **search) == ["Asharam Das"]
        assert "Asharam Das" not in found(client, support, status="ACTIVE", **search)
    assert found(client, support, status="DELETED") == []


@pytest.mark.rule("USR-07", "QUAL-01")
def test_a_page_costs_the_same_whatever_it_holds(
    cloud: Emulator, client: Client, support: Person, crowd: dict[str, str]
) -> None:
    for search, trips in ((None, 2), ("a", None), ("ash", 2), ("asha@", 3), ("+9198", 3)):
        cloud.calls.clear()
        asked = {"search": search} if search else {}
        answer = client.get("/v1/admin/users", token=support.token, query=asked, expect=200 if trips else 422)
        if trips:
            # One of them reads the caller's card.
            assert round_trips(cloud.calls.of("list_users")) == trips, search
        else:
            assert list(answer.issues) == ["query.search"]


@pytest.mark.rule("USR-07", "HTTP-16")
def test_a_cursor_is_bound_to_its_search(client: Client, support: Person, crowd: dict[str, str]) -> None:
    first = client.get("/v1/admin/users", token=support.token, query={"limit": 1}, expect=200).json["nextCursor"]
    for other in ({"search": "asha@"}, {"status": "ACTIVE"}, {"type": "ADMIN"}):
        asked = {"limit": 1, "cursor": first, **other}
        assert client.get("/v1/admin/users", token=support.token, query=asked, expect=400).code == "CURSOR_INVALID"


@pytest.mark.rule("USR-08", "AUD-20")
def test_somebody_in_full_and_that_it_was_read(
    cloud: Emulator, client: Client, support: Person, crowd: dict[str, str], audited: Audited, of_kind: Items
) -> None:
    user_id = crowd["Āśā Verma"]
    before = audited()
    cloud.calls.clear()
    answer = client.get(f"/v1/admin/users/{user_id}", token=support.token, expect=200)
    assert round_trips(cloud.calls.of("get_user")) == 2
    shown = answer.json
    assert answer.headers["etag"] == '"v1"'
    assert (shown["email"], shown["phone"], shown["createdVia"]) == ("asha@example.in", "+919876543210", "REGISTER")
    assert (shown["roleKeys"], shown["liveSessions"], shown["block"]) == (["STUDENT"], 1, None)
    assert (shown["mfa"], shown["status"], shown["emailVerified"]) == ({"enrolled": False}, "ACTIVE", False)
    assert audited() == [*before, "user.read"]
    entry = max(of_kind("AuditEntry"), key=lambda one: str(one.id))
    assert (entry.actor_user_id, entry.resource_id) == (support.id, user_id)
    assert "asha@example.in" not in str(entry.to_simple_dict())
    client.get(f"/v1/admin/users/{support.id}", token=support.token, expect=200)
    assert audited() == [*before, "user.read"]
    nobody = "/v1/admin/users/01ARZ3NDEKTSV4RRFFQ69G5FAV"
    assert client.get(nobody, token=support.token, expect=404).code == "USER_NOT_FOUND"
    assert audited() == [*before, "user.read"]


@pytest.mark.rule("USR-08", "ACC-09")
def test_exceptions_and_ended_sessions_of_a_card_are_shown(client: Client, support: Person, people: People) -> None:
    staff = people.admin("ADMIN_CONTENT", grants={"users.read"}, denies={"notes.publish"}, mfa_enrolled=True)
    ended = {"exp": 0, "ended": "LIMIT", "at": 1}
    store.update(AccessCard, AccessCard.place(staff.id), [AccessCard.sessions["01ENDED"].set(ended)])
    shown = client.get(f"/v1/admin/users/{staff.id}", token=support.token, expect=200).json
    assert (shown["grants"], shown["denies"], shown["liveSessions"]) == (["users.read"], ["notes.publish"], 1)
    assert (shown["mfa"], shown["roleKeys"]) == ({"enrolled": True}, ["ADMIN_CONTENT"])


@pytest.mark.rule("USR-32")
def test_nothing_of_how_people_sign_in_is_shown_and_nothing_without_the_permission(
    client: Client, people: People, support: Person, crowd: dict[str, str]
) -> None:
    one = f"/v1/admin/users/{crowd['Usha Rao']}"
    for path in ("/v1/admin/users", one):
        text = client.get(path, token=support.token, expect=200).body.decode().lower()
        assert [word for word in SECRETS if word in text] == []
        for role in ("ADMIN_CONTENT", "ADMIN_TEST", "INSTRUCTOR"):
            refused = client.get(path, token=people.admin(role).token, expect=403)
            assert "asha.rao" not in refused.body.decode()
    student = people.student()
    assert client.get(one, token=student.token, expect=403).code == "WRONG_USER_TYPE"
