"""``chalice local`` serves the registry: same functions, same events, same answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

import pytest
from chalice.app import Chalice
from chalice.config import Config
from chalice.local import LocalGateway

from chalicelib.platform import registry
from chalicelib.platform.http.endpoint import Endpoint
from infra.package import stages


@pytest.fixture(scope="module")
def application() -> Chalice:
    from app import app

    return app


Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def ask(application: Chalice) -> Ask:
    """Asks the local gateway; what a function leaves in its context stays there."""
    gateway = LocalGateway(application, Config(chalice_stage="local"))

    def asked(method: str, path: str, headers: dict[str, str]) -> dict[str, Any]:
        answer: dict[str, Any] = copy_context().run(gateway.handle_request, method, path, headers, b"")
        return answer

    return asked


@pytest.mark.rule("DEP-02")
def test_every_endpoint_is_mounted_once(application: Chalice) -> None:
    for endpoint in registry.of(Endpoint):
        if endpoint.method == "OPTIONS":
            continue
        for method in endpoint.methods:
            assert application.routes[endpoint.path][method].view_name == endpoint.name
        assert "OPTIONS" in application.routes[endpoint.path]


def test_a_request_gets_the_functions_own_answer(ask: Ask) -> None:
    answer = ask("GET", "/v1/health", {"X-Request-Id": "from-the-caller"})
    assert answer["statusCode"] == 200
    assert json.loads(answer["body"])["status"] == "ok"
    assert answer["headers"]["X-Request-Id"] == "from-the-caller"
    assert answer["headers"]["Content-Type"] == "application/json"


@pytest.mark.rule("HTTP-05")
def test_a_preflight_is_answered_without_body(ask: Ask) -> None:
    answer = ask("OPTIONS", "/v1/health", {"Origin": "https://nobody.example"})
    assert answer["statusCode"] == 204
    assert not answer["body"]
    assert "Access-Control-Allow-Origin" not in answer["headers"]


@pytest.mark.rule("DEP-06")
def test_the_stages_stand_in_chalices_configuration() -> None:
    assert set(stages.names()) >= {"local", "test", "dev", "prod"}
    with pytest.raises(stages.BadStage, match="qa is no stage; there are dev, local, prod, test"):
        stages.load("qa")
