"""The client that tests drive endpoints with: a real proxy event in, the proxy response out.

An answer that the declaration does not list fails the test that got it: another status, another code, a body that
does not fit the declared model, a missing security header (HTTP-31).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlencode

from chalicelib.platform.http.endpoint import Endpoint
from chalicelib.platform.http.headers import SECURITY_HEADERS
from infra.local.emulator import Emulator
from infra.local.proxy import Incoming, Match, Outgoing, event, outgoing
from tests.support.declared import errors_of, statuses_of

_NEVER = frozenset({"server", "x-powered-by"})
_OK_BELOW = 400


@dataclass(frozen=True)
class Response:
    """An answer. Header names are lower-case; ``cookies`` are the ``Set-Cookie`` lines."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: tuple[str, ...] = ()
    endpoint: Endpoint | None = field(default=None, repr=False)

    @cached_property
    def json(self) -> Any:
        """The body as JSON; None without a body."""
        return json.loads(self.body) if self.body else None

    @property
    def code(self) -> str | None:
        """The error's code; None for an answer under 400."""
        return str(self.json["code"]) if self.status >= _OK_BELOW and self.body else None

    @property
    def issues(self) -> dict[str, str]:
        """Of a 422: what is wrong, by field."""
        return {one["field"]: one["issue"] for one in self.json.get("details") or []}


class Undeclared(AssertionError):
    """An answer that the endpoint's declaration does not list."""


class Broken(AssertionError):
    """No answer at all: the function raised, or its process ended."""


class Client:
    """Calls endpoints; ``headers`` go with every call."""

    def __init__(self, emulator: Emulator, headers: Mapping[str, str] | None = None) -> None:
        self._emulator = emulator
        self._headers = dict(headers or {})

    def call(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        body: bytes | None = None,
        query: Mapping[str, Any] | None = None,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        source_ip: str = "203.0.113.7",
        expect: int | None = None,
    ) -> Response:
        """One request. ``json`` is sent as JSON; ``body`` as it is. ``token``: bearer. ``expect``: the status it must
        have.

        ``query`` values may be lists: the parameter then comes several times. ``path`` may carry a query string itself.
        """
        incoming = _incoming(
            method, path, self._sent(json, body, token, headers), _content(json, body), query, source_ip
        )
        match = self._emulator.routes.find(method, incoming.path)
        assert match is not None, f"nothing answers to {method} {path}"
        response = self._invoke(incoming, match)
        check(match.endpoint, response)
        if expect is not None:
            assert response.status == expect, f"{method} {path}: {response.status} {response.body[:600]!r}"
        return response

    def get(self, path: str, **more: Any) -> Response:
        return self.call("GET", path, **more)

    def post(self, path: str, **more: Any) -> Response:
        return self.call("POST", path, **more)

    def patch(self, path: str, **more: Any) -> Response:
        return self.call("PATCH", path, **more)

    def put(self, path: str, **more: Any) -> Response:
        return self.call("PUT", path, **more)

    def delete(self, path: str, **more: Any) -> Response:
        return self.call("DELETE", path, **more)

    def _sent(
        self, given: Any, body: bytes | None, token: str | None, headers: Mapping[str, str] | None
    ) -> list[tuple[str, str]]:
        sent = {"User-Agent": "pathshala-tests/1.0", "Accept": "application/json", **self._headers}
        if given is not None or body is not None:
            sent["Content-Type"] = "application/json"
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        sent.update(headers or {})
        return list(sent.items())

    def _invoke(self, incoming: Incoming, match: Match) -> Response:
        given = event(incoming, match, self._emulator.stage)
        outcome = self._emulator.lambdas.invoke(match.endpoint, given)
        if outcome.error is not None:
            raise Broken(f"{match.endpoint.name} raised {outcome.error}")
        return _response(match.endpoint, outgoing(outcome.answer))


def _content(given: Any, body: bytes | None) -> bytes:
    if body is not None:
        return body
    return b"" if given is None else json.dumps(given, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _incoming(
    method: str,
    path: str,
    headers: list[tuple[str, str]],
    body: bytes,
    query: Mapping[str, Any] | None,
    source_ip: str,
) -> Incoming:
    bare, _, own = path.partition("?")
    text = "&".join(part for part in (own, urlencode(query or {}, doseq=True)) if part)
    return Incoming(method, quote(bare, safe="/%:@-._~!$&'()*+,;="), text, headers, body, source_ip)


def _response(endpoint: Endpoint, answer: Outgoing) -> Response:
    headers = {name.lower(): value for name, value in answer.headers if name.lower() != "set-cookie"}
    cookies = tuple(value for name, value in answer.headers if name.lower() == "set-cookie")
    return Response(answer.status, headers, answer.body, cookies, endpoint)


def check(endpoint: Endpoint, response: Response) -> None:
    """Raise ``Undeclared`` unless the declaration lists this answer."""
    own = response.status in statuses_of(endpoint)
    if response.status >= _OK_BELOW and not (own and "code" not in (response.json or {})):
        _check_error(endpoint, response)
    elif not own:
        raise Undeclared(f"{endpoint.place} answered {response.status}, which it does not declare")
    elif endpoint.answer_model is not None and response.body and _is_json(response):
        endpoint.answer_model.model_validate_json(response.body)
    check_headers(response.headers, endpoint.place or endpoint.name)


def _is_json(response: Response) -> bool:
    """Whether it is; an endpoint may answer the same as a sheet."""
    return response.headers.get("content-type", "").startswith("application/json")


def _check_error(endpoint: Endpoint, response: Response) -> None:
    if not response.body:
        if response.endpoint is not None and response.status in {status for status, _ in errors_of(endpoint)}:
            return
        raise Undeclared(f"{endpoint.place} answered {response.status} without a body")
    envelope = response.json
    missing = {"code", "message", "requestId", "timestamp"} - set(envelope)
    if missing:
        raise Undeclared(
            f"{endpoint.place} answered {response.status} without {', '.join(sorted(missing))}: {envelope}"
        )
    if envelope["requestId"] != response.headers.get("x-request-id"):
        raise Undeclared(f"{endpoint.place}: the body's requestId is not the header's")
    if (response.status, envelope["code"]) not in errors_of(endpoint):
        raise Undeclared(f"{endpoint.place} answered {response.status} {envelope['code']}, which it does not declare")


def check_headers(headers: Mapping[str, str], place: str) -> None:
    """Every answer carries the security headers, and none that tell of the server (HTTP-31)."""
    expected = {*(name.lower() for name in SECURITY_HEADERS), "cross-origin-resource-policy", "vary", "x-request-id"}
    missing = expected - set(headers)
    if missing:
        raise Undeclared(f"{place} answered without {', '.join(sorted(missing))}")
    told = _NEVER & set(headers)
    if told:
        raise Undeclared(f"{place} answered with {', '.join(sorted(told))}")
