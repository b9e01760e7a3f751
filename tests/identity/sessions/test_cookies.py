"""Tokens in cookies (AUTH-58)."""

from __future__ import annotations

from http.cookies import SimpleCookie

import pytest

from chalicelib.identity.accounts import User
from chalicelib.platform import store
from infra.local.emulator import Emulator
from tests.support.client import Client, Response
from tests.support.people import People, Person

ORIGIN = "https://app.test.example"


@pytest.fixture(autouse=True)
def _origins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORS_ORIGINS", ORIGIN)


def sign_in(client: Client, person: Person) -> Response:
    return client.post("/v1/auth/login", json={"email": person.email, "password": person.password}, expect=200)


def jar(answer: Response) -> dict[str, str]:
    return {line.partition("=")[0]: SimpleCookie(line)[line.partition("=")[0]].value for line in answer.cookies}


def sent(cookies: dict[str, str], *names: str, **headers: str) -> dict[str, str]:
    return {"Cookie": "; ".join(f"{name}={cookies[name]}" for name in names), **headers}


def name_of(person: Person) -> str:
    user = store.get(User, User.place(person.id))
    assert user is not None
    return str(user.name)


@pytest.mark.rule("AUTH-58")
def test_cookies_of_a_sign_in(client: Client, people: People) -> None:
    answer = sign_in(client, people.student())
    lines = {line.partition("=")[0]: line for line in answer.cookies}
    assert set(lines) == {"ps_access", "ps_refresh", "ps_csrf"}
    assert "; Path=/v1; Max-Age=900; HttpOnly; Secure; SameSite=Lax" in lines["ps_access"]
    assert "; Path=/v1/auth; Max-Age=259" in lines["ps_refresh"]
    assert "HttpOnly" in lines["ps_refresh"]
    assert "HttpOnly" not in lines["ps_csrf"]
    assert jar(answer)["ps_refresh"] == answer.json["refreshToken"]


@pytest.mark.rule("AUTH-58")
def test_reading_by_cookie_needs_nothing_else(client: Client, people: People) -> None:
    cookies = jar(sign_in(client, people.student()))
    client.get("/v1/auth/me", headers=sent(cookies, "ps_access"), expect=200)


@pytest.mark.rule("AUTH-58")
@pytest.mark.parametrize(
    ("origin", "csrf", "code"),
    [
        (None, "own", "ORIGIN_REFUSED"),
        ("https://evil.example", "own", "ORIGIN_REFUSED"),
        ("null", "own", "ORIGIN_REFUSED"),
        (ORIGIN, None, "CSRF_FAILED"),
        (ORIGIN, "others", "CSRF_FAILED"),
        (ORIGIN, "ü", "CSRF_FAILED"),
    ],
)
def test_changing_by_cookie_needs_origin_and_csrf_token(
    client: Client, people: People, origin: str | None, csrf: str | None, code: str
) -> None:
    student = people.student()
    cookies, others = jar(sign_in(client, student)), jar(sign_in(client, people.student()))
    headers = sent(cookies, "ps_access", "ps_refresh", "ps_csrf")
    if origin:
        headers["Origin"] = origin
    if csrf:
        headers["X-CSRF-Token"] = {"own": cookies["ps_csrf"], "others": others["ps_csrf"]}.get(csrf, csrf)
    before = name_of(student)
    refused = client.patch("/v1/users/me", json={"name": "Mallory"}, headers=headers, expect=403)
    assert refused.code == code
    assert name_of(student) == before
    assert client.post("/v1/auth/refresh", headers=headers, expect=403).code == code
    assert client.post("/v1/auth/logout", headers=headers, expect=403).code == code
    client.get("/v1/auth/me", headers=sent(cookies, "ps_access"), expect=200)


@pytest.mark.rule("AUTH-58")
def test_changing_refreshing_and_leaving_by_cookie(cloud: Emulator, client: Client, people: People) -> None:
    student = people.student()
    cookies = jar(sign_in(client, student))
    checked = {"Origin": ORIGIN, "X-CSRF-Token": cookies["ps_csrf"]}
    answer = client.patch(
        "/v1/users/me", json={"name": "Asha"}, headers=sent(cookies, "ps_access", **checked), expect=200
    )
    assert answer.headers["access-control-allow-credentials"] == "true"
    cloud.advance(1_000)
    refreshed = client.post("/v1/auth/refresh", headers=sent(cookies, "ps_refresh", **checked), expect=200)
    cookies = jar(refreshed)
    assert cookies["ps_csrf"] == checked["X-CSRF-Token"]
    cloud.advance(1_000)
    both = sent(cookies, "ps_access", "ps_refresh", **checked)
    client.post("/v1/auth/logout", headers=both, expect=204)
    refused = client.post("/v1/auth/refresh", headers=sent(cookies, "ps_refresh", **checked), expect=401)
    assert refused.code == "REFRESH_INVALID"


@pytest.mark.rule("AUTH-58")
def test_with_both_the_header_counts(client: Client, people: People) -> None:
    first, second = people.student(), people.student()
    cookies = jar(sign_in(client, first))
    me = client.get("/v1/auth/me", token=second.token, headers=sent(cookies, "ps_access"), expect=200).json
    assert me["userId"] == second.id
    client.patch(
        "/v1/users/me", token=second.token, json={"name": "Usha"}, headers=sent(cookies, "ps_access"), expect=200
    )


@pytest.mark.rule("AUTH-58")
def test_delivery_by_body_or_cookie_only(client: Client, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    student = people.student()
    cookies = jar(sign_in(client, student))
    monkeypatch.setenv("AUTH_TOKEN_DELIVERY", "body")
    answer = sign_in(client, student)
    assert answer.cookies == ()
    assert answer.json["refreshToken"]
    assert client.get("/v1/auth/me", headers=sent(cookies, "ps_access"), expect=401).code == "TOKEN_MISSING"
    refused = client.post("/v1/auth/refresh", headers=sent(cookies, "ps_refresh", Origin=ORIGIN), expect=401)
    assert refused.code == "REFRESH_INVALID"

    monkeypatch.setenv("AUTH_TOKEN_DELIVERY", "cookie")
    answer = sign_in(client, student)
    assert answer.json["refreshToken"] is None
    assert jar(answer)["ps_refresh"].startswith("prt1.")
