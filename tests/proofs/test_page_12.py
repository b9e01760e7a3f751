"""Payments: money that a gateway took is never lost and never counted twice."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import requests

from tests.proofs.academy import Academy, Person, at_once

DAY = 86_400


@pytest.fixture(scope="module")
def finance(academy: Academy) -> Person:
    return academy.sign_in("ADMIN_FINANCE")


@pytest.fixture(scope="module")
def plan(academy: Academy, finance: Person) -> str:
    return academy.plan(finance)


def order_of(academy: Academy, finance: Person, order: str) -> Any:
    return academy.ok("GET", f"/v1/admin/payments/orders/{order}", finance)


def assert_settled_once(academy: Academy, finance: Person, student: Person, order: str) -> None:
    """One transaction, one subscription of the plan's length, one CAPTURE that balances."""
    seen = order_of(academy, finance, order)
    assert len(seen["transactions"]) == 1
    entries = [entry for entry in seen["ledger"] if entry["entryId"] == "CAPTURE"]
    assert len(entries) == 1
    lines = entries[0]["lines"]
    assert sum(line["debitPaise"] for line in lines) == sum(line["creditPaise"] for line in lines) > 0
    mine = academy.ok("GET", "/v1/me/subscription", student)
    assert mine["activeSubscription"]["remainingDays"] == 30
    assert mine["upcoming"] == []


def test_a_paid_order_is_final_though_the_browser_died(academy: Academy, finance: Person, plan: str) -> None:
    student = academy.register()
    order = str(academy.checkout(student, plan)["merchantTransactionId"])
    academy.press(order)
    academy.drain()
    assert academy.status(student, order)["status"] == "SUCCESS"
    assert_settled_once(academy, finance, student, order)


@pytest.mark.rule("PAY-65", "QUAL-21")
@pytest.mark.parametrize("copies", [20, 200])
def test_the_same_webhook_many_times_while_others_finalize(
    academy: Academy, finance: Person, plan: str, copies: int
) -> None:
    student = academy.register()
    order = str(academy.checkout(student, plan)["merchantTransactionId"])
    academy.local("POST", "phonepe/behaviour", json={"order": order, "webhook": {"copies": copies}})
    finalize = partial(
        academy.call, "POST", f"/v1/admin/payments/orders/{order}/finalize", finance, json={"reason": "asked"}
    )
    poll = partial(academy.call, "GET", f"/v1/payments/orders/{order}/status", student)
    answers = at_once([partial(academy.press, order), finalize, finalize, poll, poll])
    assert all(answer is None or answer.status_code < 500 for answer in answers)
    academy.drain()
    assert academy.status(student, order)["status"] == "SUCCESS"
    assert_settled_once(academy, finance, student, order)
    seen = [one for one in academy.local("GET", "requests")["items"] if one["path"].endswith("/webhook/phonepe")]
    assert seen
    assert {one["status"] for one in seen} == {200}


@pytest.mark.rule("PAY-61")
@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Authorization": "0" * 64}, {"event": "checkout.order.completed", "payload": {"state": "COMPLETED"}}),
        ({"X-VERIFY": f"{'0' * 64}###1"}, {"response": "eyJjb2RlIjoiUEFZTUVOVF9TVUNDRVNTIn0="}),
        ({}, {"event": "checkout.order.completed"}),
    ],
)
def test_a_forged_webhook_is_refused_and_stores_nothing(
    academy: Academy, headers: dict[str, str], body: dict[str, Any]
) -> None:
    answer = academy.call("POST", "/v1/payments/webhook/phonepe", json=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "WEBHOOK_UNAUTHENTICATED")


@pytest.mark.rule("PAY-43", "PAY-45")
def test_ten_checkouts_at_once_are_one_order(academy: Academy, plan: str) -> None:
    for headers in ({"Idempotency-Key": "proof-of-page-12-key"}, {}):
        student = academy.register()
        pay = partial(academy.call, "POST", "/v1/payments/checkout", student, json={"planKey": plan}, headers=headers)
        answers = [*at_once([pay] * 5), pay()]
        orders = {one.json()["merchantTransactionId"] for one in answers if one.status_code < 300}
        assert len(orders) == 1
        others = {one.json()["code"] for one in answers if one.status_code >= 300}
        assert others <= {"CHECKOUT_IN_PROGRESS", "IDEMPOTENCY_IN_PROGRESS", "RATE_LIMITED", "CONFLICT"}
        placed = academy.local("GET", "phonepe/orders")["items"]
        assert len([one for one in placed if one["merchantTransactionId"] in orders]) == 1


@pytest.mark.rule("PAY-70", "PAY-14")
def test_an_amount_that_differs_is_held_for_people(academy: Academy, finance: Person, plan: str) -> None:
    student = academy.register()
    order = str(academy.checkout(student, plan)["merchantTransactionId"])
    academy.local("POST", "phonepe/behaviour", json={"order": order, "amountDelta": -100})
    academy.press(order)
    academy.drain()
    assert order_of(academy, finance, order)["status"] == "REVIEW"
    assert academy.status(student, order)["status"] == "PENDING"
    assert academy.ok("GET", "/v1/me/subscription", student)["activeSubscription"] is None
    given = {"decision": "ACCEPT", "reason": "Paid by hand at the counter"}
    academy.ok("POST", f"/v1/admin/payments/orders/{order}/resolve", finance, json=given)
    assert academy.status(student, order)["status"] == "SUCCESS"


@pytest.mark.rule("HTTP-24")
def test_orders_of_others_are_not_there(academy: Academy, plan: str) -> None:
    student, other = academy.register(), academy.register()
    begun = academy.checkout(student, plan)
    order = str(begun["merchantTransactionId"])
    for path in (f"/v1/payments/orders/{order}", f"/v1/payments/orders/{order}/status"):
        assert academy.call("GET", path, other).status_code == 404
    token = str(begun["statusToken"])
    path = f"/v1/payments/orders/{order}/status"
    assert academy.call("GET", path, params={"token": token}).status_code == 200
    altered = token[:-2] + ("AA" if not token.endswith("AA") else "BB")
    assert academy.call("GET", path, params={"token": altered}).status_code == 401


def test_the_hosted_page_opens(academy: Academy, plan: str) -> None:
    begun = academy.checkout(academy.register(), plan)
    assert begun["flow"] == "REDIRECT"
    page = requests.get(begun["redirectUrl"], timeout=30)
    assert page.status_code == 200
    assert "499" in page.text
