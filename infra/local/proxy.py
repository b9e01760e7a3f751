"""API Gateway's REST proxy integration: requests become events, answers come back (LOC-03)."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote
from uuid import uuid4

from chalicelib.platform.http.endpoint import Endpoint

API_ID = "local"
ACCOUNT = "123456789012"
_INVOKED = re.compile(r":function:([A-Za-z0-9-]+)(?::\w+)?/invocations$")
_PARAMETER = re.compile(r"\{(\w+)(\+?)\}")


@dataclass(frozen=True)
class Match:
    """What answers to a method and path: the endpoint, the declared path, and the path's parameters."""

    endpoint: Endpoint
    path: str
    parameters: dict[str, str]


class Routes:
    """The gateway's resources, as its definition has them: path → method → endpoint.

    A literal part beats a parameter, a parameter beats the rest of a path.
    """

    def __init__(self, resources: Mapping[str, Mapping[str, Endpoint]]) -> None:
        ordered = sorted(resources.items(), key=lambda entry: _rank(entry[0]))
        self._routes = [(path, _pattern(path), dict(methods)) for path, methods in ordered]

    def find(self, method: str, path: str) -> Match | None:
        """Who answers this method at this path; None: nobody (HTTP-21)."""
        for declared, pattern, methods in self._routes:
            match = pattern.fullmatch(path)
            if match is not None and method in methods:
                parameters = {name: unquote(value) for name, value in match.groupdict().items()}
                return Match(methods[method], declared, parameters)
        return None


def routes_of(definition: Mapping[str, Any], endpoints: Mapping[str, Endpoint]) -> Routes:
    """The routes of an API definition; ``endpoints`` by their Lambda's name. ``KeyError`` for one that is not there."""
    resources: dict[str, dict[str, Endpoint]] = {}
    for path, operations in definition["paths"].items():
        for method, operation in operations.items():
            uri = str(operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"])
            name = _INVOKED.search(uri)
            if name is None:
                raise KeyError(f"{method} {path} invokes no function")
            resources.setdefault(path, {})[method.upper()] = endpoints[name[1]]
    return Routes(resources)


def _rank(path: str) -> tuple[int, ...]:
    parts = path.strip("/").split("/")
    return tuple(2 if part.endswith("+}") else 1 if part.startswith("{") else 0 for part in parts)


def _pattern(path: str) -> re.Pattern[str]:
    text, last = "", 0
    for match in _PARAMETER.finditer(path):
        text += re.escape(path[last : match.start()])
        text += f"(?P<{match[1]}>{'.+' if match[2] else '[^/]+'})"
        last = match.end()
    return re.compile(text + re.escape(path[last:]))


@dataclass(frozen=True)
class Incoming:
    """A request as it came over HTTP. ``query`` is the raw query string; a header may come several times."""

    method: str
    path: str
    query: str = ""
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    source_ip: str = "127.0.0.1"
    too_large: bool = False
    began: datetime | None = None
    """When its head had come, by the backend's clock; its body may take its time."""

    def first(self, name: str) -> str | None:
        """The first header of that lower-case name."""
        return next((value for known, value in self.headers if known.lower() == name), None)


def event(incoming: Incoming, match: Match, stage: str) -> dict[str, Any]:
    """The proxy event (payload 1.0). Every media type is binary (HTTP-33), so a body always comes as base64."""
    multi_headers = _gathered(incoming.headers)
    multi_query = _gathered(parse_qsl(incoming.query, keep_blank_values=True))
    now = time.time()
    return {
        "resource": match.path,
        "path": unquote(incoming.path),
        "httpMethod": incoming.method,
        "headers": _last(multi_headers),
        "multiValueHeaders": multi_headers or None,
        "queryStringParameters": _last(multi_query),
        "multiValueQueryStringParameters": multi_query or None,
        "pathParameters": match.parameters or None,
        "stageVariables": None,
        "requestContext": _context(incoming, match, stage, now),
        "body": base64.b64encode(incoming.body).decode("ascii") if incoming.body else None,
        "isBase64Encoded": bool(incoming.body),
    }


def _context(incoming: Incoming, match: Match, stage: str, now: float) -> dict[str, Any]:
    agent = next((value for name, value in incoming.headers if name.lower() == "user-agent"), None)
    return {
        "resourceId": "local",
        "resourcePath": match.path,
        "httpMethod": incoming.method,
        "extendedRequestId": uuid4().hex[:16],
        "requestTime": datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "path": f"/{stage}{incoming.path}",
        "accountId": ACCOUNT,
        "protocol": "HTTP/1.1",
        "stage": stage,
        "domainPrefix": API_ID,
        "requestTimeEpoch": int(now * 1000),
        "requestId": str(uuid4()),
        "identity": {
            "sourceIp": incoming.source_ip,
            "userAgent": agent,
            "accountId": None,
            "apiKey": None,
            "caller": None,
            "user": None,
        },
        "domainName": f"{API_ID}.execute-api.local",
        "apiId": API_ID,
    }


def _gathered(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Values by name; header names keep the form they first came in."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def _last(multi: Mapping[str, list[str]]) -> dict[str, str] | None:
    return {name: values[-1] for name, values in multi.items()} or None


@dataclass
class Outgoing:
    """An answer as it goes over HTTP."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""


class BadProxyResponse(Exception):
    """What a function returned is no proxy response: the gateway answers 502."""


def outgoing(answer: Any) -> Outgoing:
    """The HTTP answer of a proxy response. Raises ``BadProxyResponse`` for what the gateway does not take."""
    if not isinstance(answer, dict) or not isinstance(answer.get("statusCode"), int):
        raise BadProxyResponse("no statusCode")
    body = answer.get("body") or ""
    if not isinstance(body, str):
        raise BadProxyResponse("the body is no text")
    headers: list[tuple[str, str]] = []
    multi = answer.get("multiValueHeaders") or {}
    for name, values in multi.items():
        headers.extend((name, str(value)) for value in values)
    for name, value in (answer.get("headers") or {}).items():
        if name not in multi:
            headers.append((name, str(value)))
    content = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode("utf-8")
    return Outgoing(answer["statusCode"], headers, content)
