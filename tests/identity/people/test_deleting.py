"""The end of an account: asked for, cancelled, carried out (USR-05, USR-06, USR-20, USR-40)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.identity.accounts import Login, User
from chalicelib.identity.accounts.events import UserDeleted, user_events
from chalicelib.identity.factors import MfaFactor
from chalicelib.identity.people import DeletionDue, erasure
from chalicelib.identity.people.deleting import is_entitled
from chalicelib.platform import clock, messages, store
from chalicelib.platform.access.card import AccessCard, plain
from chalicelib.platform.access.catalogue import Actions
from chalicelib.platform.access.identities import ExternalIdentity
from chalicelib.platform.events.changes import Change
from chalicelib.platform.http.endpoint import Endpoint
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.messages import Message
from infra.local.emulator import Emulator
from tests.identity.conftest import PASSWORD, Register
from tests.identity.people.conftest import Items, card_of, user_of
from tests.support.client import Client
from tests.support.people import People, Person
from tests.support.races import at_once, just_before, round_trips, to_next_window

Audited = Callable[[], list[str]]
Mails = Callable[[], list[Message]]
Kinds = Callable[[], dict[str, int]]
DAY = 86_400
ME, CANCEL = "/v1/users/me", "/v1/users/me/deletion/cancel"
RUNNING: dict[str, Any] = {"kind": "NOTES", "startsAt": 1, "endsAt": 4_000_000_000}


def run(cloud: Emulator) -> Any:
    outcome = cloud.invoke("erase_accounts")
    assert outcome.error is None
    return outcome.answer


@pytest.mark.rule("USR-05", "USR-06", "USR-40")
def test_an_account_that_is_to_end_works_until_then_and_can_be_kept(
    cloud: Emulator, client: Client, people: People, audited: Audited, mails: Mails
) -> None:
    student = people.student()
    cloud.calls.clear()
    scheduled = client.delete(ME, token=student.token, json={"reason": "I passed"}, expect=202).json
    assert round_trips(cloud.calls.of("delete_account"), counters=False) == 2
    due = clock.parse_iso(scheduled["deletionDueAt"])
    assert timedelta(days=7) - timedelta(minutes=1) < due - clock.now() <= timedelta(days=7)
    assert [(one.template_key, one.to) for one in mails()] == [("USER_DELETION_DUE", student.email)]
    assert plain(mails()[0].payload)["deletionDueAt"] == scheduled["deletionDueAt"]
    assert client.delete(ME, token=student.token, expect=202).json == scheduled
    assert client.get(ME, token=student.token, expect=200).json["deletionDueAt"] == scheduled["deletionDueAt"]
    client.post("/v1/auth/login", json={"email": student.email, "password": student.password}, expect=200)
    assert run(cloud) == {"erased": 0, "failed": 0}

    kept = client.post(CANCEL, token=student.token, expect=200)
    assert (kept.json["deletionDueAt"], kept.headers["etag"]) == (None, f'"v{kept.json["version"]}"')
    assert client.post(CANCEL, token=student.token, expect=200).json == kept.json
    assert store.get(DeletionDue, DeletionDue.place(student.id)) is None
    assert audited() == ["user.delete", "user.deletion_cancelled"]
    cloud.advance(8 * DAY)
    assert run(cloud) == {"erased": 0, "failed": 0}
    assert user_of(student.id).status == "ACTIVE"


@pytest.mark.rule("USR-05", "USR-40")
def test_what_must_be_so_before_an_account_may_end(
    cloud: Emulator, client: Client, people: People, audited: Audited, mails: Mails
) -> None:
    for role in ("ADMIN_SUPER", "ADMIN_CONTENT", "CENTRE_OWNER"):
        staff = people.admin(role)
        assert client.delete(ME, token=staff.token, expect=409).code == "ASK_A_SUPER_ADMIN"
    buyer = people.student(entitlements={"E1": RUNNING}, entitled_until=RUNNING["endsAt"])
    for wish in (None, {"acceptLoss": False}):
        assert client.delete(ME, token=buyer.token, json=wish, expect=409).code == "SUBSCRIPTION_ACTIVE"
    student = people.student()
    for body, field in (({"acceptLoss": "yes"}, "acceptLoss"), ({"why": "x"}, "why"), ({"reason": ""}, "reason")):
        assert list(client.delete(ME, token=student.token, json=body, expect=422).issues) == [f"body.{field}"]
    assert (audited(), mails()) == ([], [])
    assert user_of(buyer.id).version == 1
    client.delete(ME, token=buyer.token, json={"acceptLoss": True}, expect=202)
    cloud.advance(601)
    assert client.delete(ME, token=student.token, expect=401).code == "REAUTH_REQUIRED"
    assert audited() == ["user.delete"]


@pytest.mark.rule("USR-05", "AUTH-59", "HTTP-42")
def test_the_password_does_where_the_session_is_old(
    cloud: Emulator, client: Client, people: People, audited: Audited
) -> None:
    student = people.student()
    cloud.advance(601)
    to_next_window(cloud)
    wrong = {"password": "not the password at all"}
    for _ in range(9):
        refused = client.delete(ME, token=student.token, json=wrong, expect=401)
        assert refused.code == "INVALID_CREDENTIALS"
    assert (audited(), user_of(student.id).version) == ([], 1)
    assert client.delete(ME, token=student.token, json={}, expect=401).code == "REAUTH_REQUIRED"
    right = {"password": student.password}
    client.delete(ME, token=student.token, json=right, expect=202)
    assert audited() == ["user.delete"]
    assert client.delete(ME, token=student.token, json=right, expect=429).code == "RATE_LIMITED"


@pytest.mark.rule("USR-05", "USR-40")
@pytest.mark.parametrize(
    ("card", "entitled"),
    [
        ({}, False),
        ({"entitlements": {"E": {**RUNNING, "endsAt": 1}}}, False),
        ({"entitlements": {"E": {**RUNNING, "startsAt": 3_900_000_000}}}, True),
        ({"subscriptions": {"F": {"v": 1, "periods": [{"startsAt": 1, "endsAt": 2}]}}}, False),
        ({"subscriptions": {"F": {"v": 1, "periods": [{"startsAt": 1, "endsAt": 4_000_000_000}]}}}, True),
    ],
)
def test_what_counts_as_paid_for_and_still_running(people: People, card: dict[str, Any], entitled: bool) -> None:
    assert is_entitled(card_of(people.student(**card).id)) is entitled


@pytest.mark.rule("USR-05", "USR-40")
def test_a_purchase_meanwhile_must_be_given_up_too(client: Client, people: People, audited: Audited) -> None:
    student = people.student()
    bought = [AccessCard.entitlements["E1"].set(RUNNING), AccessCard.entitled_until.set(RUNNING["endsAt"])]
    with just_before("TransactWriteItems", lambda: store.update(AccessCard, AccessCard.place(student.id), bought)):
        assert client.delete(ME, token=student.token, expect=409).code == "SUBSCRIPTION_ACTIVE"
    assert audited() == []


@pytest.mark.rule("USR-05", "HTTP-61")
def test_asked_for_ten_times_at_once_it_ends_once(
    client: Client, people: People, audited: Audited, mails: Mails
) -> None:
    student = people.student()
    answers = at_once([lambda: client.delete(ME, token=student.token)] * 6)
    assert {one.status for one in answers} == {202}
    assert len({one.json["deletionDueAt"] for one in answers}) == 1
    assert (audited(), len(mails())) == (["user.delete"], 1)


def _signed_up(register: Register, client: Client) -> Person:
    tokens = register(phone="9876543210").json
    own = Person(
        tokens["user"]["id"],
        "asha@example.in",
        PASSWORD,
        tokens["accessToken"],
        tokens["refreshToken"],
        tokens["sessionId"],
        "STUDENT",
        "STUDENT",
    )
    now = clock.now()
    store.put(MfaFactor(*MfaFactor.place(own.id), user_id=own.id, secret="sealed", created_at=now))
    for issuer in ("https://one.example", "https://two.example"):
        identity = ExternalIdentity(
            *ExternalIdentity.place(issuer, "subject"),
            issuer=issuer,
            subject="subject",
            user_id=own.id,
            email=own.email,
            linked_at=now,
        )
        identity.index()
        store.put(identity)
    return own


@pytest.mark.rule("USR-20", "USR-40", "AUTH-33", "AUD-30")
def test_what_is_left_of_an_account_that_was_erased(
    cloud: Emulator,
    client: Client,
    people: People,
    register: Register,
    kinds: Kinds,
    audited: Audited,
    of_kind: Items,
) -> None:
    own = _signed_up(register, client)
    client.post("/v1/auth/login", json={"email": own.email, "password": PASSWORD}, expect=200)
    entitled = [AccessCard.entitlements["E1"].set(RUNNING), AccessCard.note_bans["*"].set(4_000_000_000)]
    store.update(AccessCard, AccessCard.place(own.id), entitled)
    client.delete(ME, token=own.token, json={"acceptLoss": True}, expect=202)
    before = user_of(own.id)
    cloud.advance(7 * DAY - 60)
    assert run(cloud) == {"erased": 0, "failed": 0}
    cloud.advance(120)
    assert client.post(CANCEL, token=people.token(own.id, own.session_id, "STUDENT"), expect=409).code == "DELETION_DUE"
    assert run(cloud) == {"erased": 1, "failed": 0}
    assert run(cloud) == {"erased": 0, "failed": 0}
    after, card = user_of(own.id), card_of(own.id)
    assert (after.status, after.name, after.email, after.phone) == ("DELETED", "Deleted user", None, None)
    assert (after.user_hash, after.locale, after.deletion_due_at, after.last_login_at) == (None, None, None, None)
    assert (card.status, card.role_keys, card.permissions) == ("DELETED", [], None)
    assert [plain(one) for one in (card.sessions, card.entitlements, card.note_bans)] == [{}, {}, {}]
    gone = {"Login", "PhoneIndex", "MfaFactor", "ExternalIdentity", "UserHash", "DeletionDue"}
    assert gone.isdisjoint(kinds())
    told = list(user_events(Change(before, after, "1")))
    assert [type(one).__name__ for one in told] == ["UserDeleted"]
    assert isinstance(told[0], UserDeleted)
    assert told[0].recipients == [messages.recipient("EMAIL", own.email)]
    assert audited()[-1] == "user.erase"
    cloud.drain()
    assert "Session" not in kinds()
    kept = [item for item in cloud.items() if item["kind"]["S"] not in {"Message", "RateWindow"}]
    for word in ("asha@example.in", "Asha Verma", "9876543210", before.user_hash):
        assert word not in str(kept)
    for entry in of_kind("AuditEntry"):
        assert entry.actor_user_id in (own.id, None)


@pytest.mark.rule("USR-40", "AUTH-55")
def test_an_address_is_free_again_for_an_account_that_inherits_nothing(
    cloud: Emulator, client: Client, people: People, register: Register
) -> None:
    own = _signed_up(register, client)
    assert register(expect=409).code == "EMAIL_TAKEN"
    client.delete(ME, token=own.token, expect=202)
    cloud.advance(8 * DAY)
    run(cloud)
    stale = people.token(own.id, own.session_id, "STUDENT")
    assert client.get("/v1/auth/me", token=stale, expect=401).code == "SESSION_REVOKED"
    assert client.post("/v1/auth/refresh", json={"refreshToken": own.refresh_token}, expect=401)
    given = {"email": own.email, "password": PASSWORD}
    assert client.post("/v1/auth/login", json=given, expect=401).code == "INVALID_CREDENTIALS"
    again = register().json["user"]["id"]
    assert again != own.id
    assert user_of(again).email == own.email
    assert erasure.erase(own.id) is False
    cloud.drain()
    client.post("/v1/auth/login", json=given, expect=200)


@pytest.mark.rule("USR-40", "AUTH-45")
def test_a_code_that_was_asked_for_before_signs_nobody_in_after(
    cloud: Emulator, client: Client, people: People, mails: Mails
) -> None:
    student = people.student()
    client.delete(ME, token=student.token, expect=202)
    cloud.advance(7 * DAY + 1)
    asked = client.post("/v1/auth/request-otp", json={"email": student.email}, expect=202).json
    code = messages.unsealed(mails()[-1])["code"]
    assert run(cloud) == {"erased": 1, "failed": 0}
    given = {"email": student.email, "code": code, "challengeId": asked["challengeId"]}
    assert client.post("/v1/auth/verify-otp", json=given, expect=401).code == "OTP_INVALID"


@pytest.mark.rule("USR-07", "USR-08", "USR-09", "USR-14", "AUD-30")
def test_a_deleted_account_as_staff_see_it(cloud: Emulator, client: Client, people: People, register: Register) -> None:
    own = _signed_up(register, client)
    client.delete(ME, token=own.token, expect=202)
    cloud.advance(8 * DAY)
    run(cloud)
    support = people.admin("ADMIN_SUPPORT")
    path = f"/v1/admin/users/{own.id}"
    shown = client.get(path, token=support.token, expect=200).json
    assert (shown["status"], shown["name"], shown["email"], shown["liveSessions"]) == (
        "DELETED",
        "Deleted user",
        None,
        0,
    )
    listed = client.get("/v1/admin/users", token=support.token, query={"status": "DELETED"}, expect=200).json["items"]
    assert [(one["id"], one["name"], one["email"]) for one in listed] == [(own.id, "Deleted user", None)]
    for search in ("asha", "asha@", "+9198", "deleted"):
        assert not client.get("/v1/admin/users", token=support.token, query={"search": search}).json["items"]
    boss, bodies = people.super_admin(), {"set_user_status": {"status": "ACTIVE"}}
    # What somebody bought stays and can be looked at, under the id alone (PAY-113).
    acting = [
        one for one in _of_a_user(cloud) if one.name != "get_user" and one.action != Actions.SUBSCRIPTIONS_INSPECT
    ]
    assert len(acting) > 2
    for one in acting:
        place = one.path.replace("{userId}", own.id).replace("{sessionId}", own.session_id)
        place = place.replace("{subscriptionId}", own.session_id)
        body = bodies.get(one.name, one.examples) if one.takes_json else None
        once = {"Idempotency-Key": "K" * 20} if one.method == "POST" else {}
        answer = client.call(one.method, place, token=boss.token, json=body, headers=once, expect=404)
        assert answer.code == "USER_NOT_FOUND"


def _of_a_user(cloud: Emulator) -> list[Endpoint]:
    """Every endpoint of staff that is about one person."""
    every = [one for one in cloud.lambdas.functions.values() if isinstance(one, Endpoint)]
    return [one for one in every if one.path.startswith("/v1/admin/users/{userId}")]


@pytest.mark.rule("USR-20", "USR-40")
def test_a_cancellation_and_the_run_at_the_same_moment(
    cloud: Emulator, client: Client, people: People, audited: Audited
) -> None:
    for first in ("cancellation", "run"):
        student = people.student()
        client.delete(ME, token=student.token, expect=202)
        cloud.advance(7 * DAY - 1)
        token = people.token(student.id, student.session_id, "STUDENT")

        def at_the_last_second(token: str = token) -> None:
            cloud.advance(-5)
            client.post(CANCEL, token=token, expect=200)
            cloud.advance(5)

        def when_it_is_due() -> None:
            cloud.advance(2)
            assert run(cloud) == {"erased": 1, "failed": 0}

        if first == "cancellation":
            cloud.advance(2)
            with just_before("TransactWriteItems", at_the_last_second):
                assert run(cloud) == {"erased": 0, "failed": 0}
            assert (user_of(student.id).status, card_of(student.id).status) == ("ACTIVE", "ACTIVE")
        else:
            with just_before("TransactWriteItems", when_it_is_due):
                assert client.post(CANCEL, token=token, expect=404).code == "USER_NOT_FOUND"
            assert (user_of(student.id).status, card_of(student.id).status) == ("DELETED", "DELETED")
    assert audited() == ["user.delete", "user.deletion_cancelled", "user.delete", "user.erase"]


@pytest.mark.rule("USR-20", "USR-40")
def test_a_change_of_the_profile_during_the_run_is_read_again(
    cloud: Emulator, client: Client, people: People, kinds: Kinds
) -> None:
    student, support = people.student(), people.admin("ADMIN_SUPPORT")
    client.delete(ME, token=student.token, expect=202)
    cloud.advance(8 * DAY)
    entry = {"exp": clock.epoch() + DAY, "authAt": clock.epoch(), "mfa": False}
    store.update(AccessCard, AccessCard.place(support.id), [AccessCard.sessions[support.session_id].set(entry)])
    token = people.token(support.id, support.session_id, "ADMIN")

    def move() -> None:
        given = {"email": "new@example.in", "reason": "The student called"}
        client.patch(f"/v1/admin/users/{student.id}", token=token, json=given, expect=200)

    with just_before("TransactWriteItems", move):
        assert run(cloud) == {"erased": 1, "failed": 0}
    assert store.get(Login, Login.place("new@example.in")) is None
    assert kinds()["Login"] == 1


@pytest.mark.rule("USR-20")
def test_many_are_erased_in_one_run_and_a_fault_holds_up_nobody_else(cloud: Emulator, people: People) -> None:
    due = clock.now() - timedelta(hours=1)
    students = [people.student() for _ in range(30)]
    for one in students:
        store.update(User, User.place(one.id), [User.deletion_due_at.set(due)])
        store.put(DeletionDue.of(one.id, due))
    store.put(DeletionDue.of(new_ulid(), due))
    cloud.fault("dynamodb", "TransactWriteItems", "InternalServerError", times=4)
    assert run(cloud) == {"erased": 29, "failed": 1}
    assert run(cloud) == {"erased": 1, "failed": 0}
    assert {user_of(one.id).status for one in students} == {"DELETED"}
