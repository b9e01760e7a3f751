"""What every endpoint shares."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from tests.proofs.academy import Academy, at_once

ORIGIN = "http://localhost:3000"


def operations(academy: Academy) -> list[tuple[str, str, dict[str, Any]]]:
    document = academy.ok("GET", "/v1/openapi.json")
    return [
        (method.upper(), path.replace("{", "").replace("}", ""), operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in {"get", "post", "put", "patch", "delete"}
    ]


@pytest.mark.rule("HTTP-20", "HTTP-26", "HTTP-27")
def test_every_endpoint_refuses_in_the_envelope(academy: Academy) -> None:
    for method, path, operation in operations(academy):
        answer = academy.call(method, path)
        if operation.get("security"):
            optional = {} in operation["security"]
            assert optional or answer.status_code == 401, f"{method} {path}: {answer.status_code}"
        if answer.status_code >= 400:
            told = answer.json()
            assert {"code", "message", "requestId", "timestamp"} <= set(told), path
            assert told["requestId"] == answer.headers["X-Request-Id"], path


@pytest.mark.rule("HTTP-11")
def test_too_large_and_not_json(academy: Academy) -> None:
    large = academy.call("POST", "/v1/auth/login", json={"email": "x" * 300_000})
    assert (large.status_code, large.json()["code"]) == (413, "BODY_TOO_LARGE")
    plain = academy.call("POST", "/v1/auth/login", data="hello", headers={"Content-Type": "text/plain"})
    assert (plain.status_code, plain.json()["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
    extra = academy.call("POST", "/v1/auth/login", json={"email": "a@b.example", "password": "x", "more": 1})
    assert extra.status_code == 422
    assert [one["field"] for one in extra.json()["details"]] == ["body.more"]


@pytest.mark.rule("HTTP-21", "HTTP-30", "HTTP-60")
@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/nothing"), ("TRACE", "/v1/health")])
def test_unknown_routes_and_methods(academy: Academy, method: str, path: str) -> None:
    for origin, listed in ((ORIGIN, True), ("https://evil.example", False)):
        answer = academy.call(method, path, headers={"Origin": origin})
        assert (answer.status_code, answer.json()["code"]) == (404, "ROUTE_NOT_FOUND")
        assert (answer.headers.get("Access-Control-Allow-Origin") == origin) is listed


@pytest.mark.rule("HTTP-26")
def test_a_student_at_an_admin_endpoint_learns_no_field(academy: Academy) -> None:
    answer = academy.call("POST", "/v1/admin/plans", academy.register(), json={"nonsense": True})
    assert answer.status_code == 403
    assert "nonsense" not in answer.text


@pytest.mark.rule("HTTP-19")
def test_of_two_changes_of_one_version_one_wins(academy: Academy) -> None:
    finance = academy.sign_in("ADMIN_FINANCE")
    path = f"/v1/admin/plans/{academy.plan(finance)}"
    change = partial(academy.call, "PATCH", path, finance, headers={"If-Match": '"v1"'})
    answers = at_once([partial(change, json={"name": "One"}), partial(change, json={"name": "Two"})])
    assert sorted(answer.status_code for answer in answers) == [200, 412]
    assert academy.ok("GET", path, finance)["version"] == 2


@pytest.mark.rule("HTTP-42")
def test_a_class_behind_one_address_signs_in(academy: Academy) -> None:
    people = [academy.register() for _ in range(12)]
    tries = [
        partial(academy.call, "POST", "/v1/auth/login", json={"email": one.email, "password": "lantern-river-92"})
        for one in people
    ]
    assert {answer.status_code for answer in at_once(tries)} == {200}


@pytest.mark.rule("HTTP-41", "HTTP-42", "HTTP-43")
def test_wrong_passwords_of_one_account_are_ten_a_window(academy: Academy) -> None:
    person = academy.register()
    wrong = partial(
        academy.call,
        "POST",
        "/v1/auth/login",
        json={"email": person.email, "password": "not-the-password"},
        headers={"X-Forwarded-For": "1.2.3.4"},
    )
    statuses = [answer.status_code for answer in at_once([wrong] * 30)]
    # A window may end in between: then it is ten of each of two.
    assert 0 < statuses.count(401) <= 20
    assert statuses.count(401) + statuses.count(429) == 30
