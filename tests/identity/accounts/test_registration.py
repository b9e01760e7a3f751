"""Registration (AUTH-01)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chalicelib.identity.accounts import User, user_hash
from chalicelib.platform import store
from chalicelib.platform.access.card import AccessCard, plain
from infra.local.emulator import Emulator
from tests.identity.conftest import PASSWORD, Register
from tests.support.client import Client
from tests.support.races import at_once, counted_with_the_first_read, round_trips, to_next_window

Kinds = Callable[[], dict[str, int]]
ONE_ACCOUNT = {
    "AccessCard": 1,
    "AuditEntry": 1,
    "KnownDevice": 1,
    "Login": 1,
    "Message": 1,
    "OtpCode": 1,
    "PhoneIndex": 1,
    "Session": 1,
    "User": 1,
    "UserHash": 1,
}


@pytest.mark.rule("AUTH-01", "AUTH-43", "ACC-60")
def test_registering_creates_a_signed_in_student(client: Client, register: Register, kinds: Kinds) -> None:
    answer = register(email="  Asha@Example.IN ", phone="9876543210", marketingEmail=True).json
    assert answer["tokenType"] == "Bearer"
    assert answer["expiresIn"] == 900
    assert answer["user"]["type"] == "STUDENT"
    assert kinds() == ONE_ACCOUNT

    me = client.get("/v1/auth/me", token=answer["accessToken"], expect=200).json
    assert (me["email"], me["roles"], me["permissions"]) == ("asha@example.in", ["STUDENT"], [])
    assert me["sessionId"] == answer["sessionId"]

    user_id = answer["user"]["id"]
    user = store.get(User, User.place(user_id))
    assert user is not None
    assert (user.phone, user.terms_version, user.marketing_email) == ("+919876543210", "1", True)
    assert user.user_hash == user_hash(user_id)
    assert len(user.user_hash) == 10
    card = store.get(AccessCard, AccessCard.place(user_id))
    assert card is not None
    assert set(plain(card.sessions)) == {answer["sessionId"]}
    assert plain(card.entitlements) == {}


@pytest.mark.rule("AUTH-01")
def test_twenty_registrations_of_one_email_at_once_make_one_account(register: Register, kinds: Kinds) -> None:
    spellings = ["asha@example.in", "ASHA@Example.in"]
    works = [
        lambda turn=turn: register(expect=None, email=spellings[turn % 2], phone="9876543210") for turn in range(20)
    ]
    answers = at_once(works)
    assert sorted(answer.status for answer in answers) == [201] + [409] * 19
    assert {answer.code for answer in answers if answer.status == 409} == {"EMAIL_TAKEN"}
    assert kinds() == ONE_ACCOUNT


@pytest.mark.rule("AUTH-01")
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"acceptedTerms": False}, "body.acceptedTerms"),
        ({"email": "asha"}, "body.email"),
        ({"email": "asha@localhost"}, "body.email"),
        ({"name": "<b>Asha</b>"}, "body.name"),
        ({"name": "12345"}, "body.name"),
        ({"phone": "12345678"}, "body.phone"),
        ({"password": "short"}, "body.password"),
        ({"type": "ADMIN"}, "body.type"),
        ({"roles": ["ADMIN_SUPER"]}, "body.roles"),
        ({"deviceLabel": "x" * 65}, "body.deviceLabel"),
    ],
)
def test_what_breaks_a_rule_is_refused_by_field(
    register: Register, kinds: Kinds, changes: dict[str, object], field: str
) -> None:
    assert field in register(expect=422, **changes).issues
    assert kinds() == {}


@pytest.mark.rule("AUTH-40")
@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("Password1", "COMMON"),
        ("aaaaaaaaaa", "RUN"),
        ("12345678901", "RUN"),
        ("my-asha.verma-99", "PERSONAL"),
        ("Asha Verma 1984", "PERSONAL"),
    ],
)
def test_a_password_that_is_easy_to_guess_is_refused(
    register: Register, kinds: Kinds, password: str, reason: str
) -> None:
    refused = register(expect=422, email="asha.verma@example.in", password=password)
    assert refused.code == "PASSWORD_TOO_WEAK"
    assert refused.issues == {"body.password": reason}
    assert password not in refused.body.decode()
    assert kinds() == {}


@pytest.mark.rule("AUTH-01")
def test_closed_registration(register: Register, kinds: Kinds, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTH_REGISTRATION", "closed")
    assert register(expect=403).code == "REGISTRATION_CLOSED"
    assert kinds() == {}


@pytest.mark.rule("AUTH-42")
def test_denied_domains(register: Register, kinds: Kinds, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMAIL_DOMAIN_DENY", "trash.example, mail.test")
    assert register(expect=422, email="a@sub.trash.example").issues == {"body.email": "EMAIL_DOMAIN_DENIED"}
    assert kinds() == {}
    register(email="a@nottrash.example")


@pytest.mark.rule("AUTH-72")
def test_registering_is_one_round_trip_beside_the_counters(cloud: Emulator, register: Register) -> None:
    cloud.calls.clear()
    register()
    calls = cloud.calls.of("register")
    assert round_trips(calls, counters=False) == 1
    assert counted_with_the_first_read(calls, "TransactWriteItems")


@pytest.mark.rule("HTTP-40", "HTTP-41", "HTTP-44")
def test_an_address_registers_thirty_a_minute(
    cloud: Emulator, register: Register, kinds: Kinds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RATE_REGISTER", "3/60")
    to_next_window(cloud)
    statuses = [register(expect=None, email=f"asha{turn}@example.in").status for turn in range(5)]
    assert statuses == [201, 201, 201, 429, 429]
    refused = register(expect=429, acceptedTerms=False)
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert kinds()["User"] == 3
    register(email="other@example.in", source_ip="198.51.100.9")

    cloud.fault("dynamodb", "UpdateItem", "InternalServerError", times=100)
    register(email="lets.pass@example.in", source_ip="198.51.100.10")


@pytest.mark.rule("AUTH-01", "QUAL-34")
def test_nothing_that_was_typed_is_stored_in_clear(cloud: Emulator, register: Register) -> None:
    tokens = register().json
    stored = str(cloud.items())
    assert PASSWORD not in stored
    assert tokens["refreshToken"] not in stored
    assert tokens["accessToken"] not in stored
    audit = str([item for item in cloud.items() if item["kind"]["S"] == "AuditEntry"])
    assert "asha@example.in" not in audit


@pytest.mark.rule("AUTH-01")
def test_a_registration_becomes_a_domain_event(cloud: Emulator, register: Register) -> None:
    from chalicelib.identity.accounts.events import UserRegistered, user_events
    from chalicelib.platform.events.changes import Change

    user_id = register().json["user"]["id"]
    user = store.get(User, User.place(user_id))
    told = list(user_events(Change(None, user, "1")))
    assert [type(event) for event in told] == [UserRegistered]
    assert told[0].key == f"user-registered#{user_id}"
    assert list(user_events(Change(user, user, "2"))) == []
    cloud.drain()
