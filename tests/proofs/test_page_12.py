"""Payments: money that a gateway took is never lost and never counted twice."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import requests
from pypdf import PdfReader

from tests.proofs.academy import Academy, Person, at_once, wanted

DAY = 86_400


@pytest.fixture(scope="module")
def finance(academy: Academy) -> Person:
    return academy.sign_in("ADMIN_FINANCE")


@pytest.fixture(scope="module")
def plan(academy: Academy, finance: Person) -> str:
    return academy.plan(finance)


def order_of(academy: Academy, finance: Person, order: str) -> Any:
    return academy.ok("GET", f"/v1/admin/payments/orders/{order}", finance)


def refund_states(academy: Academy, finance: Person, order: str) -> list[str]:
    """How an order's refunds ended, once the gateway has said so."""
    for _ in range(20):
        academy.drain()
        states = [str(one["state"]) for one in order_of(academy, finance, order)["refunds"]]
        if {"REQUESTED", "PROCESSING"}.isdisjoint(states):
            break
    return states


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
        pay = partial(academy.call, "POST", "/v1/payments/checkout", student, json=wanted(plan), headers=headers)
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


def test_what_others_bought_has_no_invoice_for_me(academy: Academy, plan: str) -> None:
    student, other = academy.register(), academy.register()
    order = academy.bought(student, plan)
    for path in (f"/v1/payments/orders/{order}/invoice", f"/v1/payments/orders/{order}/invoice.pdf"):
        assert academy.call("GET", path, other).status_code == 404
        assert academy.call("GET", path, student).status_code == 200


@pytest.mark.rule("TAXN-02", "TAXN-31")
def test_an_invoice_is_a_pdf_that_says_what_was_paid(academy: Academy, plan: str) -> None:
    student = academy.register()
    order = academy.bought(student, plan)
    invoice = academy.ok("GET", f"/v1/payments/orders/{order}/invoice", student)["invoice"]
    answer = academy.call("GET", f"/v1/payments/orders/{order}/invoice.pdf", student)
    assert answer.headers["Content-Type"] == "application/pdf"
    assert "no-store" in answer.headers["Cache-Control"]
    text = " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages).split())
    for fact in (invoice["number"], order, "499.00", "999293"):
        assert fact in text
    assert len(invoice["number"]) <= 16


def paid_late(academy: Academy, student: Person, plan: str) -> str:
    """An order that lapses before its gateway has the money, 40 minutes after checkout."""
    order = str(academy.checkout(student, plan)["merchantTransactionId"])
    told = {"order": order, "delaySeconds": 40 * 60, "afterExpiry": True, "webhook": {"send": False}}
    academy.local("POST", "phonepe/behaviour", json=told)
    academy.press(order)
    academy.advance(31 * 60)
    academy.local("POST", "jobs/reconcile-payments/run")
    academy.drain()
    assert academy.status(academy.login(student.email), order)["status"] == "EXPIRED"
    return order


@pytest.mark.rule("PAY-71", "PAY-72", "PAY-55")
def test_money_that_comes_after_the_end_counts_and_twice_goes_back(academy: Academy) -> None:
    student, plan = academy.register(), academy.plan(academy.sign_in("ADMIN_FINANCE"))
    late = paid_late(academy, student, plan)
    student = academy.login(student.email)
    again = academy.bought(student, plan)
    academy.advance(10 * 60)
    student = academy.login(student.email)
    boss = academy.sign_in("ADMIN_FINANCE")
    academy.ok("POST", f"/v1/admin/payments/orders/{late}/finalize", boss, json={"reason": "The student says so"})
    academy.drain()
    told = academy.status(student, late)
    assert (told["status"], told["late"]) == ("SUCCESS", True)
    seen = order_of(academy, boss, late)
    assert seen["duplicateOf"] == again
    assert refund_states(academy, boss, late) == ["SUCCEEDED"]
    assert academy.ok("GET", "/v1/me/subscription", student)["activeSubscription"]["remainingDays"] == 30


@pytest.mark.rule("PAY-71", "PAY-120")
def test_late_money_alone_opens_what_it_bought_and_a_mail_says_so(academy: Academy) -> None:
    student, plan = academy.register(), academy.plan(academy.sign_in("ADMIN_FINANCE"))
    order = paid_late(academy, student, plan)
    academy.advance(40 * 60)
    academy.local("POST", "jobs/check-late-payments/run")
    student = academy.login(student.email)
    assert academy.status(student, order)["late"]
    assert academy.ok("GET", "/v1/me/subscription", student)["activeSubscription"]["remainingDays"] == 30
    [receipt] = [mail for mail in academy.mails(student.email) if "late but in full" in mail["subject"]]
    assert order in receipt["text"]


@pytest.mark.rule("PAY-14")
def test_held_money_goes_back_when_staff_say_so(academy: Academy, plan: str) -> None:
    student, finance = academy.register(), academy.sign_in("ADMIN_FINANCE")
    order = str(academy.checkout(student, plan)["merchantTransactionId"])
    academy.local("POST", "phonepe/behaviour", json={"order": order, "amountDelta": -100})
    academy.press(order)
    academy.drain()
    given = {"decision": "REFUND", "reason": "Not the plan's price"}
    academy.ok("POST", f"/v1/admin/payments/orders/{order}/resolve", finance, json=given)
    assert refund_states(academy, finance, order) == ["SUCCEEDED"]
    seen = order_of(academy, finance, order)
    assert (seen["status"], seen["refundState"], seen["refundedPaise"]) == ("FAILED", "FULL", 49_800)
    sums: dict[str, int] = {}
    for line in (line for entry in seen["ledger"] for line in entry["lines"]):
        sums[line["account"]] = sums.get(line["account"], 0) + line["debitPaise"] - line["creditPaise"]
    assert set(sums.values()) == {0}


@pytest.mark.rule("CPN-12", "CPN-13")
def test_a_coupon_of_ten_is_used_ten_times_and_again_where_one_expired(academy: Academy) -> None:
    finance = academy.sign_in("ADMIN_FINANCE")
    plan, code = academy.plan(finance), "PROOF10"
    now = datetime.fromtimestamp(academy.now(), UTC)
    coupon = {
        "code": code,
        "type": "PERCENT",
        "value": 50,
        "startAt": (now - timedelta(days=1)).isoformat(),
        "endAt": (now + timedelta(days=30)).isoformat(),
        "usageLimitTotal": 10,
        "isActive": True,
    }
    academy.ok("POST", "/v1/admin/coupons", finance, json=coupon)
    students = [academy.register() for _ in range(24)]

    def buy(student: Person) -> requests.Response:
        return academy.call("POST", "/v1/payments/checkout", student, json=wanted(plan, couponCode=code))

    answers = at_once([partial(buy, student) for student in students[:16]])
    bought = [answer.json() for answer in answers if answer.status_code == 201]
    assert len(bought) == 10
    assert {one["amountPaise"] for one in bought} == {24_950}
    assert {answer.json()["details"]["reason"] for answer in answers if answer.status_code != 201} == {"LIMIT_TOTAL"}
    for one in bought[:5]:
        academy.press(one["merchantTransactionId"])
    academy.drain()
    academy.advance(31 * 60)
    academy.local("POST", "jobs/reconcile-payments/run")
    academy.drain()
    late = [academy.login(student.email) for student in students[16:]]
    answers = [buy(student) for student in late]
    assert [answer.status_code for answer in answers] == [201] * 5 + [422] * 3
    counted = academy.ok("GET", f"/v1/admin/coupons/{code}", academy.sign_in("ADMIN_FINANCE"))
    assert (counted["usedCount"], counted["redeemedCount"]) == (10, 5)


@pytest.mark.rule("PAY-13", "PAY-80", "PAY-82", "SUB-30")
def test_two_refunds_at_once_are_one_and_a_failed_one_gives_access_back(academy: Academy, plan: str) -> None:
    student, finance = academy.register(), academy.sign_in("ADMIN_FINANCE")
    order = academy.bought(student, plan)
    academy.local("POST", "phonepe/behaviour", json={"order": order, "outcome": "FAILED"})
    path, body = f"/v1/admin/payments/orders/{order}/refund", {"reason": "Bought the wrong plan"}
    keys = ("proof-of-a-refund-1", "proof-of-a-refund-2")
    works = [partial(academy.call, "POST", path, finance, json=body, headers={"Idempotency-Key": key}) for key in keys]
    answers = at_once(works)
    assert sorted(answer.status_code for answer in answers) == [202, 409]
    assert academy.ok("GET", "/v1/me/subscription", student)["activeSubscription"] is None
    assert refund_states(academy, finance, order) == ["FAILED"]
    assert academy.ok("GET", "/v1/me/subscription", student)["activeSubscription"]["remainingDays"] == 30


@pytest.mark.rule("TAXN-10", "TAXN-11", "TAXN-12", "PAY-01")
@pytest.mark.parametrize(
    ("billing", "taxable", "parts"),
    [
        ({"country": "IN", "state": "KA"}, 10_000, {"CGST": 900, "SGST": 900}),
        ({"country": "IN", "state": "KL"}, 10_000, {"IGST": 1_800}),
        ({"country": "US"}, 11_800, {}),
    ],
)
def test_tax_is_that_of_the_place(
    academy: Academy, finance: Person, billing: dict[str, str], taxable: int, parts: dict[str, int]
) -> None:
    plan = academy.plan(academy.sign_in("ADMIN_FINANCE"), price=11_800)
    student = academy.register()
    quoted = academy.ok("POST", "/v1/payments/quote", student, json={"planKey": plan, "billing": billing})
    tax = quoted["tax"]
    assert (quoted["amountPaise"], tax["taxablePaise"]) == (11_800, taxable)
    assert {one["name"]: one["amountPaise"] for one in tax["components"]} == parts
