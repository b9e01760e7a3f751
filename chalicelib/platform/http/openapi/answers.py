"""What an operation can answer: its successes, and its errors by status with every code."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from chalicelib.platform.errors import ApiError, Unauthenticated, ValidationFailed
from chalicelib.platform.http.declared import errors_of, statuses_of, takes_version
from chalicelib.platform.http.endpoint import Endpoint
from chalicelib.platform.http.idempotency import Idempotency
from chalicelib.platform.http.openapi.examples import INSTANT, ULID, Examples
from chalicelib.platform.http.openapi.schemas import REFERENCE, Schema, Schemas

Responses = dict[str, dict[str, Any]]
JSON = "application/json"

WAITING = frozenset({"RATE_LIMITED", "MAINTENANCE", "UNAVAILABLE", "IDEMPOTENCY_IN_PROGRESS"})
"""Codes whose answers say in ``Retry-After`` when to come back."""


def _header(description: str, schema: Schema, example: str | int) -> dict[str, Any]:
    return {"description": description, "schema": schema, "example": example}


_TEXT: Schema = {"type": "string", "maxLength": 256}
_COUNT: Schema = {"type": "integer", "minimum": 0}
HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-Id": _header("The request's id: the caller's own if it is a sane one", _TEXT, ULID),
    "Retry-After": _header("Whole seconds after which to try again", {"type": "integer", "minimum": 1}, 12),
    "WWW-Authenticate": _header("The challenge", _TEXT, 'Bearer realm="pathshala", error="invalid_token"'),
    "RateLimit-Limit": _header("Requests that one window of the limit lets pass", _COUNT, 20),
    "RateLimit-Remaining": _header("Requests left in this window", _COUNT, 19),
    "RateLimit-Reset": _header("Whole seconds to the window's end", _COUNT, 42),
    "ETag": _header("What If-Match and If-None-Match take", _TEXT, '"v3"'),
    "Location": _header("Where it is", _TEXT, f"/v1/things/{ULID}"),
    "Idempotent-Replay": _header("`true`: the first answer to this Idempotency-Key again", _TEXT, "true"),
    "Accept-Ranges": _header("Ranges are served", _TEXT, "bytes"),
    "Content-Range": _header("Which bytes of how many these are", _TEXT, "bytes 0-65535/482113"),
    "Deprecation": _header("Since when nobody should begin to use this (RFC 9745)", _TEXT, "@1767225600"),
    "Sunset": _header("When this ends (RFC 8594)", _TEXT, "Wed, 01 Jul 2026 00:00:00 GMT"),
}


def header_refs(*names: str) -> dict[str, Any]:
    """The named headers, as references."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-Id", *names)}


def responses(endpoint: Endpoint, schemas: Schemas, examples: Examples, *, head: bool = False) -> Responses:
    """All answers of an operation by status; those to HEAD have no content."""
    found: Responses = {}
    for status in statuses_of(endpoint):
        found[str(status)] = _success(endpoint, status, schemas, examples)
    by_status: dict[int, list[type[ApiError]]] = {}
    for error in errors_of(endpoint):
        by_status.setdefault(error.status, []).append(error)
    for status, errors in by_status.items():
        known = found.get(str(status))
        if known:
            found[str(status)] = _both(known, refusal(status, errors))
        elif head:
            found[str(status)] = refusal(status, errors)
        else:
            found[str(status)] = {"$ref": f"#/components/responses/{refusal_name(status, errors)}"}
    if head:
        for answer in found.values():
            answer.pop("content", None)
    return dict(sorted(found.items()))


def refusal_name(status: int, errors: list[type[ApiError]]) -> str:
    """What the component of a refusal is called: its code, or its status and a mark of its codes."""
    if len(errors) == 1:
        return errors[0].code
    mark = hashlib.sha256(" ".join(error.code for error in errors).encode()).hexdigest()[:6]
    return f"{HTTPStatus(status).name}-{mark}"


def refusals(endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    """The shared answers over 399 of all operations, by the names that the operations use."""
    found: dict[str, Any] = {}
    for endpoint in endpoints:
        by_status: dict[int, list[type[ApiError]]] = {}
        for error in errors_of(endpoint):
            by_status.setdefault(error.status, []).append(error)
        for status, errors in by_status.items():
            if status not in statuses_of(endpoint):
                found.setdefault(refusal_name(status, errors), refusal(status, errors))
    return dict(sorted(found.items()))


def _both(success: dict[str, Any], refused: dict[str, Any]) -> dict[str, Any]:
    """A status that is declared as an answer of its own and as errors (health's 503): either schema."""
    own, errors = success["content"][JSON], refused["content"][JSON]
    content = {
        "schema": {"anyOf": [own["schema"], errors["schema"]]},
        "examples": {"answer": {"value": own["example"]}, **errors["examples"]},
    }
    return {
        **refused,
        "description": f"{success['description']}, or {refused['description']}",
        "content": {JSON: content},
    }


def _success(endpoint: Endpoint, status: int, schemas: Schemas, examples: Examples) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": HTTPStatus(status).phrase,
        "headers": header_refs(*_success_headers(endpoint, status)),
    }
    if status in {204, 304} or status // 100 == 3:
        return answer
    if endpoint.binary is not None:
        media: dict[str, Any] = {"schema": {"type": "string", "contentMediaType": endpoint.binary}, "example": "…"}
        if endpoint.binary == JSON:
            media = {"schema": {"type": "object"}, "example": {}}
        answer["content"] = {endpoint.binary: media}
    if endpoint.answer_model is not None:
        schema = schemas.reference(endpoint.answer_model, "serialization")
        example = endpoint.examples.get("answer") or examples.of(schema)
        answer.setdefault("content", {})[JSON] = {"schema": schema, "example": example}
    return answer


def _success_headers(endpoint: Endpoint, status: int) -> list[str]:
    names = []
    if status == 201:
        names.append("Location")
    if takes_version(endpoint) or 304 in endpoint.also:
        names.append("ETag")
    if status == 206:
        names.extend(("Accept-Ranges", "Content-Range", "ETag"))
    if endpoint.idempotency is not Idempotency.NONE:
        names.append("Idempotent-Replay")
    if any(limit.per.value != "own" for limit in endpoint.limits):
        names.extend(("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"))
    if endpoint.deprecated is not None:
        names.extend(("Deprecation", "Sunset"))
    return list(dict.fromkeys(names))


def refusal(status: int, errors: list[type[ApiError]]) -> dict[str, Any]:
    """The answer of one status: its codes, each with an example, and the headers they bring."""
    names = []
    if any(issubclass(error, Unauthenticated) for error in errors):
        names.append("WWW-Authenticate")
    if any(error.code in WAITING for error in errors):
        names.append("Retry-After")
    if status == 416:
        names.append("Content-Range")
    codes = [error.code for error in errors]
    return {
        "description": f"{HTTPStatus(status).phrase}: {', '.join(f'`{code}`' for code in codes)}",
        "headers": header_refs(*names),
        "x-codes": codes,
        "content": {
            JSON: {
                "schema": {"$ref": f"{REFERENCE}Error"},
                "examples": {code: {"$ref": f"#/components/examples/{code}"} for code in codes},
            }
        },
    }


def error_example(error: type[ApiError]) -> dict[str, Any]:
    """An error as the component that shows it."""
    value: dict[str, Any] = {"code": error.code, "message": error.message}
    if issubclass(error, ValidationFailed):
        value["details"] = [
            {"field": "body.title", "issue": "STRING_TOO_SHORT", "message": "String should have at least 1 character"}
        ]
    return {"summary": error.message, "value": {**value, "requestId": ULID, "timestamp": INSTANT}}
