"""The local cloud: races and faults behave as on the real services."""

from __future__ import annotations

from functools import partial

import pytest

from tests.proofs.academy import Academy, Person, at_once


@pytest.mark.rule("LOC-11", "QUAL-20")
def test_a_capture_whose_answer_was_lost_happens_once(academy: Academy) -> None:
    finance, student = academy.sign_in("ADMIN_FINANCE"), academy.register()
    plan = academy.plan(finance)
    order = str(academy.checkout(student, plan)["merchantTransactionId"])
    fault = {"service": "dynamodb", "operation": "TransactWriteItems", "error": "ReadTimeout", "after": True}
    academy.local("POST", "faults", json=fault)
    academy.press(order)
    academy.drain()
    academy.local("DELETE", "faults")
    academy.ok("POST", f"/v1/admin/payments/orders/{order}/finalize", finance, json={})
    seen = academy.ok("GET", f"/v1/admin/payments/orders/{order}", finance)
    assert seen["status"] == "SUCCESS"
    assert len(seen["transactions"]) == 1
    assert academy.ok("GET", "/v1/me/subscription", student)["activeSubscription"]["remainingDays"] == 30


@pytest.mark.rule("LOC-03", "LOC-06")
def test_two_hundred_requests_over_ten_endpoints(academy: Academy) -> None:
    student = academy.register()
    paths = [
        "/v1/health",
        "/v1/plans",
        "/v1/subjects",
        "/v1/notes",
        "/v1/auth/me",
        "/v1/users/me",
        "/v1/me/subscription",
        "/v1/payments/history",
        "/.well-known/jwks.json",
    ]
    reads = [partial(academy.call, "GET", path, student) for path in paths] * 20
    rename = partial(academy.call, "PATCH", "/v1/users/me", student, json={"name": "Kavya Renamed"})
    before = academy.ok("GET", "/v1/users/me", student)["version"]
    answers = at_once([*reads, *[rename] * 20])
    assert {answer.status_code for answer in answers} <= {200, 409}
    renamed = sum(answer.status_code == 200 for answer in answers[len(reads) :])
    after: Person | dict[str, int] = academy.ok("GET", "/v1/users/me", student)
    assert isinstance(after, dict)
    assert before <= after["version"] <= before + renamed
