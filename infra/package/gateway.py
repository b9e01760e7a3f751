"""The REST API: its definition, the one role by which the gateway invokes functions, and the edge in front.

The complete OpenAPI 3.1 document is the API's documentation; the gateway reads 3.0.1 and needs only paths, methods and
integrations, so this is what it gets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from chalicelib.platform import registry
from chalicelib.platform.http.endpoint import Endpoint
from infra.package import names
from infra.package.stages import Stage
from infra.resources.edge import edge
from infra.resources.gateway_responses import gateway_responses
from infra.resources.workflows import role

GATEWAY_ROLE = "GatewayRole"
INTEGRATION_TIMEOUT_MS = 29_000
_PARAMETER = re.compile(r"\{(\w+)\+?\}")


def _integration(stage: Stage, function: str) -> dict[str, Any]:
    target = names.lambda_arn(stage.name, function)
    invoke = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions"
    return {
        "type": "aws_proxy",
        "httpMethod": "POST",
        "uri": {"Fn::Sub": f"{invoke}/{target}/invocations"},
        "credentials": {"Fn::GetAtt": [GATEWAY_ROLE, "Arn"]},
        "passthroughBehavior": "when_no_match",
        "timeoutInMillis": INTEGRATION_TIMEOUT_MS,
    }


def _operation(stage: Stage, function: str, path: str) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "responses": {"default": {"description": "The function's answer"}},
        "x-amazon-apigateway-integration": _integration(stage, function),
    }
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PARAMETER.findall(path)
    ]
    if parameters:
        operation["parameters"] = parameters
    return operation


def endpoints() -> list[Endpoint]:
    """All endpoints but the one that answers preflights: that one stands on every path."""
    return [endpoint for endpoint in registry.of(Endpoint) if endpoint.method != "OPTIONS"]


def preflight() -> Endpoint | None:
    """The endpoint that answers ``OPTIONS`` on every path (HTTP-05)."""
    return next((endpoint for endpoint in registry.of(Endpoint) if endpoint.method == "OPTIONS"), None)


def paths(stage: Stage) -> dict[str, Any]:
    """Path → method → operation."""
    found: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints():
        operations = found.setdefault(endpoint.path, {})
        for method in endpoint.methods:
            operations[method.lower()] = _operation(stage, endpoint.name, endpoint.path)
    options = preflight()
    if options is not None:
        for path, operations in found.items():
            operations["options"] = _operation(stage, options.name, path)
    return {path: dict(sorted(found[path].items())) for path in sorted(found)}


def path_nodes(every: Iterable[str]) -> int:
    """How many resources the gateway makes of these paths: each segment is one (its quota counts them)."""
    nodes = {"/"}
    for path in every:
        parts = path.strip("/").split("/")
        nodes.update("/" + "/".join(parts[: length + 1]) for length in range(len(parts)))
    return len(nodes)


def definition(stage: Stage) -> dict[str, Any]:
    """The gateway's definition.

    All media types are binary, so that an answer's bytes do not depend on ``Accept`` (HTTP-33). There is no minimum
    compression size: the gateway's compression is off, since it would break byte ranges (HTTP-34).
    """
    return {
        "openapi": "3.0.1",
        "info": {"title": names.table(stage.name), "version": "1"},
        "x-amazon-apigateway-binary-media-types": ["*/*"],
        "x-amazon-apigateway-gateway-responses": gateway_responses(stage),
        "paths": paths(stage),
    }


def _api(stage: Stage) -> dict[str, Any]:
    return {
        "Type": "AWS::Serverless::Api",
        "Properties": {
            "Name": names.table(stage.name),
            "StageName": stage.name,
            "OpenApiVersion": "3.0.1",
            "EndpointConfiguration": {"Type": "REGIONAL"},
            "TracingEnabled": True,
            "MethodSettings": [{"HttpMethod": "*", "ResourcePath": "/*", "MetricsEnabled": True}],
            "DefinitionBody": definition(stage),
        },
    }


def _gateway_role(stage: Stage) -> dict[str, Any]:
    # One role for all: the definition alone says which function a path invokes.
    statement = {
        "Sid": "Functions",
        "Effect": "Allow",
        "Action": "lambda:InvokeFunction",
        "Resource": {"Fn::Sub": names.arn("lambda", f"function:{names.prefixed(stage.name, '*')}")},
    }
    return role("apigateway.amazonaws.com", [statement])


def api_resources(stage: Stage) -> dict[str, Any]:
    """Everything that stands in front of the functions."""
    found: dict[str, Any] = {GATEWAY_ROLE: _gateway_role(stage), "Api": _api(stage)}
    if stage.name not in names.LOCAL_STAGES:
        place = {
            "Fn::Sub": f"arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}::/restapis/${{Api}}/stages/{stage.name}"
        }
        found.update(edge(stage, place))
        found["EdgeOfApi"]["DependsOn"] = [f"Api{stage.name}Stage"]
    return found
