"""A plan for many addresses at once (SUB-44): proven ones get it now, others once somebody has proven them."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.commerce.subscriptions import gifts
from chalicelib.commerce.subscriptions.items import Gift, Subscription, gifts_of, subscriptions_of
from chalicelib.identity.accounts import User
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.ids import new_ulid
from infra.local.emulator import Emulator
from tests.commerce.selling import make_plan
from tests.support.client import Client, Response
from tests.support.people import People, Person
from tests.support.races import at_once

PATH = "/v1/admin/subscriptions/batch"
KEY = "winter-camp-of-2026"


@pytest.fixture
def staff(client: Client, people: People) -> Person:
    boss = people.super_admin()
    make_plan(client, boss, "camp")
    return boss


def give(client: Client, by: Person, emails: list[str], key: str = KEY, **more: Any) -> Response:
    body = {"planKey": "camp", "durationDays": 10, "emails": emails, "reason": "The winter camp", **more}
    return client.post(PATH, json=body, token=by.token, headers={"Idempotency-Key": key})


def batch_of(client: Client, by: Person, answer: Response) -> dict[str, Any]:
    path = f"/v1/admin/subscriptions/batches/{answer.json['batchId']}"
    return dict(client.get(path, token=by.token, expect=200).json)


def prove(person: Person) -> Person:
    """The person has answered the mail that went to their address."""
    store.update(User, User.place(person.id), [User.email_verified_at.set(clock.now())])
    return person


def held(person: Person) -> list[Subscription]:
    return store.every(subscriptions_of(person.id))


@pytest.mark.rule("SUB-44", "ENT-23")
def test_proven_addresses_get_it_now_and_others_once_they_are(
    cloud: Emulator, client: Client, people: People, staff: Person
) -> None:
    student, editor = prove(people.student()), prove(people.admin("ADMIN_TEST"))
    awaited = "student.4@example.com"
    answer = give(client, staff, [student.email.upper(), student.email, awaited, editor.email])
    assert (answer.status, answer.json["total"]) == (202, 3)
    assert batch_of(client, staff, answer)["pending"] == 3
    # No address stands in the table in clear but where accounts have theirs.
    own = [raw for raw in cloud.items() if raw["pk"]["S"].startswith(("GIFT", "AUDIT", "IDEM"))]
    assert awaited not in str(own)
    cloud.drain()
    told = batch_of(client, staff, answer)
    assert (told["given"], told["waiting"], told["refused"], told["pending"]) == (1, 1, 1, 0)
    assert {(one["state"], one["email"], one["userId"], one["refusal"]) for one in told["items"]} == {
        ("GIVEN", None, student.id, None),
        ("WAITING", awaited, None, None),
        ("REFUSED", None, editor.id, "NOT_A_STUDENT"),
    }
    (subscription,) = held(student)
    assert (subscription.source, (subscription.ends_at - subscription.starts_at).days) == ("MANUAL", 10)
    newcomer = people.student()
    assert newcomer.email == awaited
    cloud.drain()
    # Anybody may register with an address: until it is proven, nothing is given for it.
    assert held(newcomer) == []
    gifts.verified(newcomer.id)
    assert held(newcomer) == []
    prove(newcomer)
    cloud.drain()
    assert len(held(newcomer)) == 1
    told = batch_of(client, staff, answer)
    assert (told["given"], told["waiting"]) == (2, 0)
    # The same key places nothing again; whatever comes twice gives nothing twice.
    assert give(client, staff, [student.email.upper(), student.email, awaited, editor.email]).json == answer.json
    gifts.verified(newcomer.id)
    for gift in store.every(gifts_of(answer.json["batchId"])):
        gifts.settle(str(gift.batch_id), str(gift.recipient))
    cloud.drain()
    assert [len(one.slices) for one in (*held(student), *held(newcomer))] == [1, 1]


@pytest.mark.rule("SUB-44")
def test_a_run_that_died_is_completed_and_a_full_card_is_told(
    cloud: Emulator, client: Client, people: People, staff: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    student = prove(people.student())
    many = [f"pupil.{number}@example.org" for number in range(120)]
    # After the batch and the first hundred rows.
    cloud.fault("dynamodb", "TransactWriteItems", "InternalServerError", times=50, skip=2)
    assert give(client, staff, many).status == 503
    cloud.faults.clear()
    answer = give(client, staff, many)
    assert (answer.status, answer.json["total"]) == (202, 120)
    assert len(store.every(gifts_of(answer.json["batchId"]))) == 120
    store.update(
        AccessCard, AccessCard.place(student.id), [AccessCard.note_bans.set({new_ulid(): 1 for _ in range(140)})]
    )
    monkeypatch.setenv("CARD_MAX_BYTES", "4096")
    full = give(client, staff, [student.email], key="another-gift-batch")
    (gift,) = store.every(gifts_of(full.json["batchId"]))
    gifts.settle(str(gift.batch_id), str(gift.recipient))
    told = batch_of(client, staff, full)
    assert [(one["state"], one["refusal"]) for one in told["items"]] == [("REFUSED", "ACCESS_CARD_FULL")]
    assert held(student) == []


@pytest.mark.rule("SUB-44")
def test_one_gift_settled_by_many_at_once_is_given_once(client: Client, people: People, staff: Person) -> None:
    student = prove(people.student())
    answer = give(client, staff, [student.email])
    (gift,) = store.every(gifts_of(answer.json["batchId"]))
    at_once([lambda: gifts.settle(str(gift.batch_id), str(gift.recipient)) for _ in range(4)])
    assert [len(one.slices) for one in held(student)] == [1]
    after = store.get(Gift, gift.itself)
    assert after is not None
    assert (after.state, after.sealed) == ("GIVEN", None)


@pytest.mark.rule("SUB-44")
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"planKey": "gone"}, 404, "PLAN_NOT_FOUND"),
        ({"emails": []}, 422, "VALIDATION_FAILED"),
        ({"emails": ["nobody"]}, 422, "VALIDATION_FAILED"),
        ({"emails": [f"p{number}@example.org" for number in range(501)]}, 422, "VALIDATION_FAILED"),
    ],
)
def test_what_cannot_be_given(
    cloud: Emulator, client: Client, staff: Person, body: dict[str, Any], status: int, code: str
) -> None:
    answer = give(client, staff, ["a@example.org"], **body) if "emails" not in body else give(client, staff, **body)
    assert (answer.status, answer.code) == (status, code)
    assert not [raw for raw in cloud.items() if raw["pk"]["S"].startswith("GIFT")]
    unknown = client.get(f"/v1/admin/subscriptions/batches/{new_ulid()}", token=staff.token)
    assert unknown.code == "GIFT_BATCH_NOT_FOUND"
