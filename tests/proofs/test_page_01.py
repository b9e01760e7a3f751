"""What every endpoint shares."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import requests

from tests.proofs.academy import PASSWORD, Academy, Person, at_once, wanted
from tests.proofs.test_page_05 import pdf_of
from tests.support.log_audit import leaks

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


@pytest.mark.rule("HTTP-16")
def test_paging_while_others_register(academy: Academy) -> None:
    boss = academy.sign_in("ADMIN_SUPER")
    path, first = "/v1/admin/users", {"limit": 1}
    there = {one["id"] for one in _every(academy, boss, path)}
    seen: list[str] = []
    page = academy.ok("GET", path, boss, params=first)
    while page["nextCursor"] and len(seen) < 60:
        seen.extend(one["id"] for one in page["items"])
        if len(seen) % 7 == 0:
            academy.register()
        page = academy.ok("GET", path, boss, params={**first, "cursor": page["nextCursor"]})
    seen.extend(one["id"] for one in page["items"])
    assert len(seen) == len(set(seen))
    assert set(seen) <= there
    assert len(seen) >= min(60, len(there))


@pytest.mark.rule("HTTP-16")
def test_a_cursor_opens_its_own_list_alone(academy: Academy) -> None:
    boss, support = academy.sign_in("ADMIN_SUPER"), academy.sign_in("ADMIN_SUPPORT")
    path = "/v1/admin/users"
    cursor = str(academy.ok("GET", path, boss, params={"limit": 1})["nextCursor"])
    altered = cursor[:9] + ("A" if cursor[9] != "A" else "B") + cursor[10:]
    tries = [
        (path, boss, {"limit": 1, "cursor": altered}),
        ("/v1/admin/payments/orders", boss, {"limit": 1, "cursor": cursor}),
        (path, boss, {"limit": 1, "cursor": cursor, "status": "BLOCKED"}),
        (path, support, {"limit": 1, "cursor": cursor}),
    ]
    for where, person, params in tries:
        answer = academy.call("GET", where, person, params=params)
        assert (answer.status_code, answer.json()["code"]) == (400, "CURSOR_INVALID"), params
    assert academy.call("GET", path, boss, params={"limit": 1, "cursor": cursor}).status_code == 200


def _every(academy: Academy, person: Person, path: str) -> list[dict[str, Any]]:
    found, cursor = [], None
    while True:
        page = academy.ok("GET", path, person, params={"limit": 100, **({"cursor": cursor} if cursor else {})})
        found.extend(page["items"])
        cursor = page["nextCursor"]
        if cursor is None:
            return found


def _login(academy: Academy, email: str, password: str = PASSWORD) -> Callable[[], requests.Response]:
    given = {"email": email, "password": password}
    return partial(academy.call, "POST", "/v1/auth/login", json=given, headers={"X-Forwarded-For": "1.2.3.4"})


@pytest.mark.rule("HTTP-42")
def test_a_class_behind_one_address_signs_in(academy: Academy) -> None:
    people = [academy.register() for _ in range(60)]
    academy.next_window(60)
    assert {answer.status_code for answer in at_once([_login(academy, one.email) for one in people])} == {200}


@pytest.mark.rule("HTTP-41", "HTTP-42", "HTTP-43")
def test_of_fifty_wrong_passwords_of_one_account_ten_are_looked_at(academy: Academy) -> None:
    person = academy.register()
    academy.next_window(60)
    answers = at_once([_login(academy, person.email, "not-the-password")] * 50)
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(401), statuses.count(429)) == (10, 40)
    waits = [int(answer.headers["Retry-After"]) for answer in answers if answer.status_code == 429]
    assert all(1 <= wait <= 60 for wait in waits)


@pytest.mark.rule("HTTP-42")
def test_thirty_wrong_logins_of_thirty_accounts_from_one_address(academy: Academy) -> None:
    people = [academy.register() for _ in range(30)]
    academy.next_window(60)
    statuses = [_login(academy, one.email, "not-the-password")().status_code for one in people]
    assert statuses == [401] * 10 + [429] * 20
    academy.next_window(60)


@pytest.mark.rule("HTTP-35")
def test_two_checkouts_with_one_idempotency_key_have_one_effect(academy: Academy) -> None:
    plan, student = academy.plan(academy.sign_in("ADMIN_FINANCE")), academy.register()
    headers = {"Idempotency-Key": f"proof-key-{student.id}"}
    pay = partial(academy.call, "POST", "/v1/payments/checkout", student, json=wanted(plan), headers=headers)
    answers = at_once([pay, pay])
    again = pay()
    assert again.status_code < 300
    for answer in answers:
        if answer.status_code == 409:
            assert answer.json()["code"] == "IDEMPOTENCY_IN_PROGRESS"
        else:
            assert answer.json()["merchantTransactionId"] == again.json()["merchantTransactionId"]


def _entries(academy: Academy, **filters: str) -> list[dict[str, Any]]:
    academy.drain()
    found: list[dict[str, Any]] = academy.ok(
        "GET", "/v1/admin/audit", academy.sign_in("ADMIN_SUPER"), params={"limit": 100, **filters}
    )["items"]
    return found


@pytest.mark.rule("AUD-21", "AUD-01", "AUD-10")
@pytest.mark.parametrize("after", [True, False])
def test_a_publication_whose_answer_was_lost_is_audited_once(academy: Academy, after: bool) -> None:
    editor = academy.sign_in("ADMIN_CONTENT")
    note = academy.note(editor, pdf_of(40_000))
    academy.ok("POST", f"/v1/admin/notes/{note}/unpublish", editor, json={})
    about = {"resourceType": "note", "resourceId": note, "action": "note.publish"}
    before = len(_entries(academy, **about))
    fault = {"service": "dynamodb", "operation": "TransactWriteItems", "error": "ReadTimeout", "after": after}
    academy.local("POST", "faults", json={**fault, "times": 4, "function": "publish_note"})
    failed = academy.call("POST", f"/v1/admin/notes/{note}/publish", editor)
    academy.local("DELETE", "faults")
    assert failed.status_code in {409, 503} or after
    if not after:
        assert len(_entries(academy, **about)) == before
        assert academy.ok("GET", f"/v1/admin/notes/{note}", editor)["isPublished"] is False
    assert academy.call("POST", f"/v1/admin/notes/{note}/publish", editor).status_code == 200
    assert len(_entries(academy, **about)) == before + 1


@pytest.mark.rule("DEP-09", "QUAL-34")
def test_the_log_of_the_run_names_nobody(academy: Academy) -> None:
    if academy.log is None:
        pytest.skip("the log of a local cloud that was started elsewhere is not known")
    with academy.log.open(encoding="utf-8") as lines:
        logged = [line for line in lines if line.startswith("{")]
    assert len(logged) > 50
    assert list(leaks(iter(logged))) == []
