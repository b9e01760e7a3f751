"""The log: one structured line a request, with what operators need and with nothing personal or secret (DEP-09).

What the whole suite logs is read at its end (``tests/support/log_audit.py``); here is shown that the reading finds what
it is for, and that the main story, whose every secret is known, leaves none of them behind.
"""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.platform import logs
from infra.local.emulator import Emulator
from tests.architecture.world import STUDENT, World
from tests.architecture.world import world as academy
from tests.support.log_audit import SECRETS, found_in, leaks

FIELDS = {
    "requestId",
    "function",
    "callerId",
    "route",
    "status",
    "durationMs",
    "roundTrips",
    "units",
    "timestamp",
    "level",
    "message",
}

_SAMPLES = {
    "an e-mail address": "mail to asha.verma@example.co.in failed",
    "a phone number": "+919812345678 does not answer",
    "a token": "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln",
    "a view or refresh token": "vt1.01JH8Z6V3N4Q5R6S7T8V9WXYZ0.abcdefghijklmnopqrstuvwx",
    "a ticket of a file": f"/v1/assets/x?ticket=01JH8Z6V3N4Q5R6S7T8V9WXYZ0.1.1769853600.{'x' * 43}",
    "a password": 'body {"password": "x"}',
    "a hash of a password": "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
    "a one-time code": '{"otp": "482913"}',
    "a signature": "X-VERIFY " + "0" * 64,
    "a payload of the gateway": '{"merchantOrderId": "TXN1"}',
    "a key of an object": "uploads/01JH8Z6V3N4Q5R6S7T8V9WXYZ0/original.pdf",
}


@pytest.fixture
def heard() -> Iterator[io.StringIO]:
    """What the backend logs from now on, as in production."""
    python_logger = logging.getLogger(logs.logger.name)
    said = io.StringIO()
    handler = logging.StreamHandler(said)
    handler.setFormatter(python_logger.handlers[0].formatter)
    python_logger.addHandler(handler)
    yield said
    python_logger.removeHandler(handler)


@pytest.fixture
def world(emulator: Emulator) -> Iterator[World]:
    with academy(emulator) as made:
        yield made


def _lines(said: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in said.getvalue().splitlines()]


@pytest.mark.rule("QUAL-34")
@pytest.mark.parametrize("name", sorted(SECRETS))
def test_the_reading_finds_what_it_is_for(name: str) -> None:
    assert name in found_in(_SAMPLES[name])


@pytest.mark.rule("QUAL-34")
def test_the_reading_passes_over_what_may_be_logged() -> None:
    line = {
        "requestId": "01JH8Z6V3N4Q5R6S7T8V9WXYZ0",
        "route": "GET /v1/notes/{noteId}",
        "order": "TXN01JH8Z6V3N4Q5R6S7T8V9WXYZ0",
        "durationMs": 12.34,
        "at": 1769853600,
        "atMs": 1769853600123,
        "code": "TOKEN_INVALID",
        "amountPaise": 4990000,
    }
    assert list(leaks(iter([json.dumps(line)]))) == []


@pytest.mark.rule("DEP-09")
def test_a_request_is_one_line_with_its_facts(world: World, heard: io.StringIO) -> None:
    world.client.get(
        "/v1/users/me", token=world.tokens[STUDENT], headers={"X-Request-Id": "from-the-app-1"}, expect=200
    )
    [line] = _lines(heard)
    assert set(line) >= FIELDS
    assert (line["requestId"], line["function"], line["route"]) == ("from-the-app-1", "get_profile", "GET /v1/users/me")
    assert (line["status"], line["callerId"], line["roundTrips"]) == (200, world.persons[STUDENT].id, 1)
    assert line["durationMs"] > 0


@pytest.mark.rule("DEP-09")
def test_a_refused_request_is_one_line_with_its_code(world: World, heard: io.StringIO) -> None:
    world.client.get("/v1/users/me", token="nonsense", expect=401)
    [line] = _lines(heard)
    assert (line["status"], line["code"], line.get("callerId")) == (401, "TOKEN_INVALID", None)


@pytest.mark.rule("DEP-09")
def test_what_runs_without_a_request_is_one_line_too(world: World, heard: io.StringIO) -> None:
    world.cloud.invoke("reconcile_payments")
    lines = [line for line in _lines(heard) if line["message"] == "run"]
    [line] = [line for line in lines if line["function"] == "reconcile_payments"]
    assert set(line) >= {"requestId", "function", "failed", "durationMs", "roundTrips", "units"}


@pytest.mark.rule("QUAL-34")
@pytest.mark.rule("DEP-09")
def test_the_main_story_leaves_no_secret_in_the_log(world: World, heard: io.StringIO) -> None:
    """Registration, sign-in with a wrong and a right password, purchase, webhook, reading."""
    account = {
        "email": "meera.nair@example.com",
        "password": "a long sentence nobody knows",
        "name": "Meera Nair",
        "phone": "+919847012345",
    }
    client, shop = world.client, world.shop
    made = client.post("/v1/auth/register", json={**account, "acceptedTerms": True}, expect=201).json
    sign_in = {"email": account["email"], "password": account["password"]}
    client.post("/v1/auth/login", json={**sign_in, "password": "wrong but nobody else's business"})
    login = client.post("/v1/auth/login", json=sign_in, expect=200).json
    token = login["accessToken"]
    renewed = client.post("/v1/auth/refresh", json={"refreshToken": login["refreshToken"]}, expect=200).json
    wanted = {"planKey": "notes-yearly", "billing": {"state": "KA"}}
    bought = client.post("/v1/payments/checkout", json=wanted, token=token, expect=201).json
    for order in (world.named["merchantTransactionId"], bought["merchantTransactionId"]):
        shop.pay(order)
    world.cloud.drain()
    note = world.named["noteId"]
    opening = {"acceptNotice": 1}
    view = client.post(f"/v1/notes/{note}/view-session", json=opening, token=token, expect=201).json["viewToken"]
    headers = {"X-View-Token": view, "Range": "bytes=0-99"}
    client.get(f"/v1/notes/{note}/content", token=token, headers=headers, expect=206)
    said = heard.getvalue()
    secrets = [
        *account.values(),
        "9847012345",
        "wrong but nobody else's business",
        *(tokens[name] for tokens in (made, login, renewed) for name in ("accessToken", "refreshToken")),
        view,
        bought["redirectUrl"],
        *world.cloud.secrets.values(),
    ]
    assert [secret for secret in secrets if secret and secret in said] == []
    assert list(leaks(iter(said.splitlines()))) == []
    assert len(_lines(heard)) > 10
