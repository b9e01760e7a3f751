"""The local gateway as a WSGI application, for tools that speak it: the same routes, events and answers, no port."""

from __future__ import annotations

import json
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from chalicelib.platform import registry
from chalicelib.platform.http.endpoint import Endpoint
from chalicelib.platform.http.openapi.document import document
from infra.local.gateway import Gateway
from infra.local.proxy import Incoming, Outgoing

DOCUMENT = "/v1/openapi.json"


class Application:
    """Asks the gateway; before there is one, it can only tell its document."""

    def __init__(self) -> None:
        self.gateway: Gateway | None = None

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        answer = self._document() if self.gateway is None else self.gateway.answer(_incoming(environ))
        status = HTTPStatus(answer.status)
        start_response(f"{answer.status} {status.phrase}", [(name, value) for name, value in answer.headers])
        return [answer.body]

    def _document(self) -> Outgoing:
        registry.load_all()
        told = document(registry.of(Endpoint))
        for operations in told["paths"].values():
            operations["parameters"] = [one for one in operations.get("parameters", ()) if _strict(one)]
            for operation in (one for name, one in operations.items() if name != "parameters"):
                operation["parameters"] = [one for one in operation.get("parameters", ()) if _strict(one)]
        return Outgoing(200, [("Content-Type", "application/json")], json.dumps(told).encode())


LENIENT = frozenset({"X-Request-Id", "If-None-Match", "If-Range", "Range", "X-CSRF-Token"})
"""Headers whose wrong value is passed over: RFC 9110 and HTTP-27 say so, and the last counts beside a cookie alone."""


def _strict(parameter: dict[str, Any]) -> bool:
    return (parameter.get("name") or parameter["$ref"].rsplit("/", 1)[-1]) not in LENIENT


def _incoming(environ: dict[str, Any]) -> Incoming:
    headers = [
        (name.removeprefix("HTTP_").replace("_", "-").title(), value)
        for name, value in environ.items()
        if name.startswith("HTTP_") or (name in ("CONTENT_TYPE", "CONTENT_LENGTH") and value)
    ]
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length) if length else b""
    path = quote(environ["PATH_INFO"].encode("latin-1"), safe="/%:@-._~!$&'()*+,;=")
    return Incoming(environ["REQUEST_METHOD"], path, environ.get("QUERY_STRING", ""), headers, body, "203.0.113.7")
