"""The API's definition: routes, binary answers, and what the gateway answers by itself."""

from __future__ import annotations

import json
import re

import pytest

from chalicelib.platform import errors, registry
from chalicelib.platform.http.endpoint import Endpoint
from chalicelib.platform.http.headers import SECURITY_HEADERS
from infra.package import names, stages
from infra.package.gateway import GATEWAY_ROLE, definition, endpoints, path_nodes, paths, preflight
from infra.package.templates import Templates
from infra.resources.edge import path_expression, rules
from infra.resources.gateway_responses import RESPONSES, gateway_responses
from tests.infra.conftest import Resources, of_type

PATH_NODE_LIMIT = 300
"""Resources of one REST API unless AWS raises the quota."""


@pytest.fixture(autouse=True)
def _loaded(templates: dict[str, Templates]) -> None:
    """All endpoints are declared."""


@pytest.mark.rule("DEP-02")
def test_every_endpoint_has_its_route_to_its_own_lambda() -> None:
    found = paths(stages.load("dev"))
    for endpoint in endpoints():
        for method in endpoint.methods:
            integration = found[endpoint.path][method.lower()]["x-amazon-apigateway-integration"]
            target = integration["uri"]["Fn::Sub"]
            assert f":function:{names.lambda_name('dev', endpoint.name)}/invocations" in target
            assert integration["type"] == "aws_proxy"
            assert integration["credentials"] == {"Fn::GetAtt": [GATEWAY_ROLE, "Arn"]}
    routes = sum(len(operations) for operations in found.values())
    own = sum(len(endpoint.methods) for endpoint in endpoints())
    assert routes == own + len(found)


@pytest.mark.rule("HTTP-05")
def test_preflights_of_every_path_go_to_the_one_function_that_asks_nobody() -> None:
    options = preflight()
    assert options is not None
    assert options.public
    assert not options.limits
    assert not options.grants
    for operations in paths(stages.load("dev")).values():
        assert names.lambda_name("dev", options.name) in str(operations["options"])


@pytest.mark.rule("DEP-03")
def test_paths_fit_into_one_api() -> None:
    assert path_nodes(paths(stages.load("prod"))) <= PATH_NODE_LIMIT


def test_path_nodes_are_counted_once() -> None:
    assert path_nodes(["/v1/notes", "/v1/notes/{noteId}", "/v1/notes/{noteId}/content"]) == 5


@pytest.mark.rule("HTTP-33")
def test_every_media_type_is_binary() -> None:
    assert definition(stages.load("prod"))["x-amazon-apigateway-binary-media-types"] == ["*/*"]


@pytest.mark.rule("HTTP-34")
def test_the_gateway_compresses_nothing(expanded: dict[str, dict[str, Resources]]) -> None:
    for stacks in expanded.values():
        (api,) = of_type(stacks, "AWS::ApiGateway::RestApi").values()
        assert "MinimumCompressionSize" not in api
        assert "x-amazon-apigateway-minimum-compression-size" not in api["Body"]
        assert api["Name"]


@pytest.mark.rule("HTTP-21")
def test_the_gateways_own_answers_have_our_envelope_and_headers() -> None:
    made = gateway_responses(stages.load("prod"))
    for kind, error in RESPONSES.items():
        answer = made[kind]
        body = json.loads(answer["responseTemplates"]["application/json"])
        assert (body["code"], body["message"], answer["statusCode"]) == (error.code, error.message, str(error.status))
        assert set(body) == {"code", "message", "requestId", "timestamp"}
        given = answer["responseParameters"]
        for name, value in SECURITY_HEADERS.items():
            assert given[f"gatewayresponse.header.{name}"] == f"'{value}'"
        assert "gatewayresponse.header.Access-Control-Allow-Origin" in given
        assert given["gatewayresponse.header.Vary"] == "'Origin'"


@pytest.mark.rule("HTTP-21")
@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("MISSING_AUTHENTICATION_TOKEN", errors.RouteNotFound),
        ("INVALID_SIGNATURE", errors.RouteNotFound),
        ("REQUEST_TOO_LARGE", errors.BodyTooLarge),
        ("INTEGRATION_FAILURE", errors.UpstreamFailed),
        ("INTEGRATION_TIMEOUT", errors.TimedOut),
        ("WAF_FILTERED", errors.RateLimited),
    ],
)
def test_the_gateways_errors_are_ours(kind: str, error: type[errors.ApiError]) -> None:
    assert RESPONSES[kind] is error


@pytest.mark.rule("HTTP-21")
def test_the_edge_limiter_does_not_know_the_request() -> None:
    answer = gateway_responses(stages.load("prod"))["WAF_FILTERED"]
    assert json.loads(answer["responseTemplates"]["application/json"])["requestId"] == "edge"
    assert answer["statusCode"] == "429"
    assert answer["responseParameters"]["gatewayresponse.header.Retry-After"] == "'60'"


@pytest.mark.rule("HTTP-30")
def test_strangers_never_get_credentials_from_the_gateway() -> None:
    for kind, answer in gateway_responses(stages.load("prod")).items():
        given = answer["responseParameters"]
        if given["gatewayresponse.header.Access-Control-Allow-Origin"].startswith("method."):
            assert "gatewayresponse.header.Access-Control-Allow-Credentials" not in given, kind
        assert "*" not in given["gatewayresponse.header.Access-Control-Allow-Origin"]


@pytest.mark.rule("HTTP-40")
def test_each_endpoint_is_counted_by_exactly_one_edge_class() -> None:
    """The scope of every rule, as WAF would match it."""
    made = {rule["Name"]: rule["Statement"]["RateBasedStatement"] for rule in rules(stages.load("prod"))}
    for endpoint in registry.of(Endpoint):
        if endpoint.method == "OPTIONS":
            continue
        path = re.sub(r"\{\w+\+?\}", "01ARZ3NDEKTSV4RRFFQ69G5FAV", endpoint.path)
        for asked in (path, f"/prod{path}"):
            counted = {name.rsplit("-by-", 1)[0] for name, one in made.items() if _matches(one, asked)}
            assert counted == {endpoint.edge.name}, asked


def _matches(statement: dict[str, object], path: str) -> bool:
    return _holds(statement["ScopeDownStatement"], path)


def _holds(statement: object, path: str) -> bool:
    assert isinstance(statement, dict)
    ((kind, given),) = statement.items()
    if kind == "AndStatement":
        return all(_holds(one, path) for one in given["Statements"])
    if kind == "OrStatement":
        return any(_holds(one, path) for one in given["Statements"])
    if kind == "NotStatement":
        return not _holds(given["Statement"], path)
    if kind == "RegexMatchStatement":
        return re.search(given["RegexString"], path) is not None
    if kind == "ByteMatchStatement":
        return bool(given["SearchString"] == "GET")
    # The size of the Authorization header: these requests have none.
    assert kind == "SizeConstraintStatement"
    return False


@pytest.mark.rule("HTTP-40")
def test_a_caller_is_counted_by_token_else_by_address() -> None:
    made = {rule["Name"]: rule["Statement"]["RateBasedStatement"] for rule in rules(stages.load("prod"))}
    assert made["default-by-caller"]["AggregateKeyType"] == "CUSTOM_KEYS"
    assert made["default-by-caller"]["CustomKeys"][0]["Header"]["Name"] == "authorization"
    assert made["default-by-address"]["AggregateKeyType"] == "IP"
    assert (made["default-by-caller"]["Limit"], made["default-by-caller"]["EvaluationWindowSec"]) == (120, 60)


def test_path_expressions_fit_into_a_rule() -> None:
    assert re.search(path_expression("/v1/docs/{asset}"), "/v1/docs/reader.js")
    assert not re.search(path_expression("/v1/docs/{asset}"), "/v1/docs/a/b")
    for endpoint in registry.of(Endpoint):
        assert len(path_expression(endpoint.path)) <= 512
