"""A trial: free, once for each person, and once for each verified address and number (SUB-45)."""

from __future__ import annotations

import pytest

from chalicelib.identity.accounts import User
from chalicelib.platform import clock, store
from tests.commerce.payments.shop import Shop
from tests.support.people import Person
from tests.support.races import at_once


def newcomer(shop: Shop, *, email: str | None = None, phone: str | None = None) -> Person:
    """A student who has verified what is given."""
    person, actions = shop.people.student(), []
    if email is not None:
        actions += [User.email.set(email), User.email_verified_at.set(clock.now())]
    if phone is not None:
        actions += [User.phone.set(phone), User.phone_verified_at.set(clock.now())]
    if actions:
        store.update(User, User.place(person.id), actions)
    return person


@pytest.fixture
def trial(shop: Shop) -> Shop:
    shop.plan("trial", pricePaise=0, maxPerUser=1, durationDays=7)
    return shop


@pytest.mark.rule("SUB-45")
def test_a_trial_is_taken_once_by_a_person_an_address_and_a_number(trial: Shop) -> None:
    first = newcomer(trial, email="asha.rao@gmail.com", phone="+919812345678")
    body = {"planKey": "trial", "billing": {"state": "KA"}}
    quoted = trial.client.post("/v1/payments/quote", json=body, token=first.token)
    assert quoted.status == 200, quoted.body
    answer = trial.checkout(first, "trial")
    assert answer.status == 201, answer.body
    assert trial.status(first, answer.json["merchantTransactionId"])["status"] == "SUCCESS"
    assert len(trial.periods(first)) == 1
    for again in (
        first,
        newcomer(trial, email="asharao+2@googlemail.com"),
        newcomer(trial, email="somebody@example.org", phone="+919812345678"),
    ):
        before = trial.periods(again)
        refused = trial.checkout(again, "trial", key=f"another-checkout-{again.id}")
        assert (refused.status, refused.code) == (409, "PLAN_LIMIT_REACHED")
        assert trial.periods(again) == before
        assert trial.client.post("/v1/payments/quote", json=body, token=again.token).code == "PLAN_LIMIT_REACHED"
    assert trial.checkout(newcomer(trial, email="asha.rao@example.org"), "trial").status == 201


@pytest.mark.rule("SUB-45")
def test_without_a_verified_address_there_is_no_trial(trial: Shop) -> None:
    stranger = newcomer(trial)
    store.update(User, User.place(stranger.id), [User.phone.set("+919812345679")])
    refused = trial.checkout(stranger, "trial")
    assert (refused.status, refused.code) == (403, "EMAIL_NOT_VERIFIED")
    assert trial.orders(stranger) == []
    boss = trial.people.super_admin()
    body = {"userId": stranger.id, "planKey": "trial"}
    sent = trial.client.post("/v1/admin/payments/links", json=body, token=boss.token)
    assert (sent.status, sent.code) == (403, "EMAIL_NOT_VERIFIED")
    store.update(User, User.place(stranger.id), [User.email_verified_at.set(clock.now())])
    assert trial.client.post("/v1/admin/payments/links", json=body, token=boss.token).status in (201, 422)
    # A plan that is no trial asks for nothing of the kind.
    trial.plan("free", pricePaise=0)
    assert trial.checkout(newcomer(trial), "free").status == 201


@pytest.mark.rule("SUB-45")
def test_two_accounts_of_one_number_at_once_get_one_trial(trial: Shop) -> None:
    people = [newcomer(trial, email=f"p{number}@example.org", phone="+919812345670") for number in range(4)]
    answers = at_once([lambda one=one: trial.checkout(one, "trial") for one in people])
    assert sorted(answer.status for answer in answers) == [201, 409, 409, 409]
    assert sum(len(trial.periods(one)) for one in people) == 1
