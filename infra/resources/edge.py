"""The edge limits: rate-based rules of a WAF in front of the gateway (HTTP-40). Nothing is written per request.

A class that counts callers has two rules: by the ``Authorization`` header, and by address where there is none (WAF does
not count a request that lacks its key). Preflights are not counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from chalicelib.platform import registry
from chalicelib.platform.http.endpoint import Endpoint
from chalicelib.platform.http.limits import Limit, Limits, Per
from infra.package import names
from infra.package.stages import BadStage, Stage

WINDOWS = (60, 120, 300, 600)
"""What WAF can count over, in seconds."""
MINIMUM = 10
_PLAIN = [{"Priority": 0, "Type": "NONE"}]
_PARAMETER = re.compile(r"\{\w+(\+?)\}")


def classes() -> list[Limit]:
    """The edge classes, the default one last."""
    found = {limit.name: limit for limit in vars(Limits).values() if isinstance(limit, Limit) and limit.edge}
    return sorted(found.values(), key=lambda limit: (limit is Limits.DEFAULT, limit.name))


def path_expression(path: str) -> str:
    """The paths of one endpoint; the gateway may put the stage in front."""
    pattern = re.escape(_PARAMETER.sub(lambda match: "\x00" if match[1] else "\x01", path))
    return "^(/[a-z]+)?" + pattern.replace("\x00", ".+").replace("\x01", "[^/]+") + "$"


def _paths(limit: Limit) -> list[str]:
    return sorted({endpoint.path for endpoint in registry.of(Endpoint) if endpoint.edge.name == limit.name})


def _path_statements(paths: Iterable[str]) -> list[dict[str, Any]]:
    return [
        {
            "RegexMatchStatement": {
                "RegexString": path_expression(path),
                "FieldToMatch": {"UriPath": {}},
                "TextTransformations": _PLAIN,
            }
        }
        for path in paths
    ]


def _any(statements: list[dict[str, Any]]) -> dict[str, Any]:
    return statements[0] if len(statements) == 1 else {"OrStatement": {"Statements": statements}}


def _not(statement: dict[str, Any]) -> dict[str, Any]:
    return {"NotStatement": {"Statement": statement}}


def _method_is(method: str) -> dict[str, Any]:
    return {
        "ByteMatchStatement": {
            "SearchString": method,
            "FieldToMatch": {"Method": {}},
            "PositionalConstraint": "EXACTLY",
            "TextTransformations": _PLAIN,
        }
    }


_SIGNED = {
    "SizeConstraintStatement": {
        "FieldToMatch": {"SingleHeader": {"Name": "authorization"}},
        "ComparisonOperator": "GT",
        "Size": 0,
        "TextTransformations": _PLAIN,
    }
}


def _rate(limit: Limit, stage: Stage) -> tuple[int, int]:
    raw = stage.environment.get(limit.rate.name, limit.rate.default)
    rate = limit.rate.parse(raw)
    if rate is None or rate[1] not in WINDOWS or rate[0] < MINIMUM:
        raise BadStage(f"{limit.rate.name}: the edge counts at least {MINIMUM} requests, over one of {WINDOWS} seconds")
    return rate


def _rule(name: str, stage: Stage, limit: Limit, scope: list[dict[str, Any]], *, by_header: bool) -> dict[str, Any]:
    count, seconds = _rate(limit, stage)
    key: dict[str, Any] = {"AggregateKeyType": "IP"}
    if by_header:
        header = {"Header": {"Name": "authorization", "TextTransformations": _PLAIN}}
        key = {"AggregateKeyType": "CUSTOM_KEYS", "CustomKeys": [header]}
    statement = {"Limit": count, "EvaluationWindowSec": seconds, **key}
    statement["ScopeDownStatement"] = {"AndStatement": {"Statements": scope}} if len(scope) > 1 else scope[0]
    return {
        "Name": name,
        "Statement": {"RateBasedStatement": statement},
        "Action": {"Block": {}},
        "VisibilityConfig": {"CloudWatchMetricsEnabled": True, "MetricName": name, "SampledRequestsEnabled": False},
    }


def rules(stage: Stage) -> list[dict[str, Any]]:
    """The rules of all classes that some endpoint has."""
    found: list[dict[str, Any]] = []
    others = [path for limit in classes() if limit is not Limits.DEFAULT for path in _paths(limit)]
    for limit in classes():
        own = _path_statements(_paths(limit) if limit is not Limits.DEFAULT else others)
        scope = [_not(_method_is("OPTIONS"))]
        if limit is Limits.DEFAULT:
            scope += [_not(_any(own))] if own else []
        elif own:
            scope.append(_any(own))
        else:
            continue
        if limit.per is Per.CALLER:
            found.append(_rule(f"{limit.name}-by-caller", stage, limit, scope, by_header=True))
            scope = [*scope, _not(_SIGNED)]
        found.append(_rule(f"{limit.name}-by-address", stage, limit, scope, by_header=False))
    return [{**rule, "Priority": position} for position, rule in enumerate(found)]


def edge(stage: Stage, api: dict[str, Any]) -> dict[str, Any]:
    """The WAF as resources, in front of the API stage whose ARN is ``api``."""
    name = names.prefixed(stage.name, "edge")
    return {
        "Edge": {
            "Type": "AWS::WAFv2::WebACL",
            "Properties": {
                "Name": name,
                "Scope": "REGIONAL",
                "DefaultAction": {"Allow": {}},
                "Rules": rules(stage),
                "VisibilityConfig": {
                    "CloudWatchMetricsEnabled": True,
                    "MetricName": name,
                    "SampledRequestsEnabled": False,
                },
            },
        },
        "EdgeOfApi": {
            "Type": "AWS::WAFv2::WebACLAssociation",
            "Properties": {"ResourceArn": api, "WebACLArn": {"Fn::GetAtt": ["Edge", "Arn"]}},
        },
    }
