"""What strangers look for first (HTTP-63)."""

from __future__ import annotations

import re
from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chalicelib.platform import settings
from infra.local.control import Control
from infra.local.emulator import Emulator
from infra.local.proxy import Incoming
from infra.local.running import Running
from infra.package import stages
from tests.support.client import Client


@pytest.mark.rule("HTTP-63", "HTTP-10")
def test_the_root_says_where_docs_and_health_are(cloud: Emulator, client: Client) -> None:
    answer = client.get("/", expect=200, headers={"Accept": "text/html"})
    assert answer.json == {"docs": "/v1/docs", "openapi": "/v1/openapi.json", "health": "/v1/health"}
    for path in answer.json.values():
        client.get(path, expect=200)


@pytest.mark.rule("HTTP-63")
def test_security_txt_names_contacts_and_until_when(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECURITY_CONTACT", "mailto:security@academy.example, https://academy.example/report")
    monkeypatch.setenv("SECURITY_EXPIRES", "2027-01-31T00:00:00+05:30")
    answer = client.get("/.well-known/security.txt", expect=200)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=86400"
    assert answer.body.decode().splitlines() == [
        "Contact: mailto:security@academy.example",
        "Contact: https://academy.example/report",
        "Expires: 2027-01-30T18:30:00.000Z",
        "Preferred-Languages: en, hi",
    ]


@pytest.mark.rule("HTTP-63")
@pytest.mark.parametrize("missing", ["SECURITY_CONTACT", "SECURITY_EXPIRES"])
def test_a_stage_without_a_contact_has_none(client: Client, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.setenv("SECURITY_CONTACT", "mailto:security@academy.example")
    monkeypatch.setenv("SECURITY_EXPIRES", "2027-01-31T00:00:00Z")
    monkeypatch.delenv(missing)
    assert client.get("/.well-known/security.txt", expect=404).code == "ROUTE_NOT_FOUND"


@pytest.mark.rule("HTTP-63")
@pytest.mark.parametrize("stage", stages.names())
def test_every_stage_names_a_contact(stage: str) -> None:
    given = stages.load(stage).environment
    assert re.match(r"(mailto|https):", given["SECURITY_CONTACT"])
    parse = settings.declared()["SECURITY_EXPIRES"].parse
    assert isinstance(parse(given["SECURITY_EXPIRES"]), datetime)


@pytest.mark.rule("HTTP-63", "LOC-10")
def test_locally_browsers_get_the_console_and_programs_the_api() -> None:
    running: Any = SimpleNamespace()
    control = Control(cast(Running, running))

    def takes(method: str, path: str, *accept: str) -> bool:
        return control.takes(Incoming(method, path, headers=[("Accept", one) for one in accept]))

    assert takes("GET", "/", "text/html,application/xhtml+xml,*/*;q=0.8")
    assert not takes("GET", "/", "*/*")
    assert not takes("GET", "/")
    assert not takes("POST", "/", "text/html")
    assert takes("GET", "/console/console.js", "*/*")
