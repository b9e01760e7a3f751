"""One declaration as one operation of the document."""

from __future__ import annotations

from typing import Any

from chalicelib.platform.http.declared import takes_version
from chalicelib.platform.http.endpoint import Endpoint, PathRule, UlidRule
from chalicelib.platform.http.idempotency import Idempotency
from chalicelib.platform.http.limits import Limit
from chalicelib.platform.http.openapi.answers import JSON, responses
from chalicelib.platform.http.openapi.examples import ULID, Examples, candidates
from chalicelib.platform.http.openapi.schemas import Schema, Schemas

Operation = dict[str, Any]


def _parameter(name: str, description: str, schema: Schema, example: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": description, "schema": schema, "example": example}


_ETAG: Schema = {"type": "string", "maxLength": 128}
HEADER_PARAMETERS: dict[str, dict[str, Any]] = {
    "Idempotency-Key": _parameter(
        "Idempotency-Key",
        "A value of your own for this one thing to do: the same request again within 24 hours answers as the first did",
        {"type": "string", "pattern": "^[A-Za-z0-9_-]{16,64}$", "minLength": 16, "maxLength": 64},
        "order-2026-01-31-0001",
    ),
    "If-Match": _parameter("If-Match", "Change it only if it still has this version", _ETAG, '"v3"'),
    "If-None-Match": _parameter("If-None-Match", "Answer 304 if it is still this", _ETAG, '"5d41402abc4b2a76"'),
    "Range": _parameter("Range", "The bytes to send, one range", {"type": "string", "maxLength": 128}, "bytes=0-65535"),
    "If-Range": _parameter("If-Range", "Send the range only if it is still this", _ETAG, '"5d41402abc4b2a76"'),
    "X-View-Token": _parameter(
        "X-View-Token",
        "The token of the view session",
        {"type": "string", "maxLength": 256},
        "Zk3v9Qm2Lr8Xw5Tb7Yc1Nd4H",
    ),
    "X-Device-Hint": _parameter(
        "X-Device-Hint", "What the person calls this device", {"type": "string", "maxLength": 128}, "Asha's phone"
    ),
    "X-CSRF-Token": _parameter(
        "X-CSRF-Token",
        "Needed with cookies: the session's CSRF token",
        {"type": "string", "maxLength": 128},
        "q1w2e3r4t5",
    ),
}


def operation(endpoint: Endpoint, schemas: Schemas, examples: Examples, *, head: bool = False) -> Operation:
    """The operation of an endpoint, or of HEAD at its path."""
    action = endpoint.action
    found: Operation = {
        "operationId": f"{endpoint.name}_head" if head else endpoint.name,
        "summary": endpoint.summary,
        "description": endpoint.description or endpoint.summary,
        "tags": [endpoint.tag],
        "security": _security(endpoint),
        "parameters": [
            *_path_parameters(endpoint),
            *_query_parameters(endpoint, schemas, examples),
            *_headers(endpoint),
        ],
        "responses": responses(endpoint, schemas, examples, head=head),
        "x-action": action.name if action else None,
        "x-permission": [str(name) for name in action.permissions] if action else [],
        "x-limit": [_limit(limit) for limit in (endpoint.edge, *endpoint.limits)],
    }
    if endpoint.body_model is not None:
        found["requestBody"] = _body(endpoint, schemas, examples)
    elif endpoint.raw_body:
        found["requestBody"] = {"required": True, "content": {"*/*": {"schema": {}, "example": {}}}}
    if endpoint.deprecated is not None:
        found["deprecated"] = True
    return found


def _security(endpoint: Endpoint) -> list[dict[str, list[str]]]:
    if not endpoint.signed_in:
        return []
    needed: list[dict[str, list[str]]] = [{"bearer": []}, {"cookie": []}]
    anonymous = endpoint.action is None or endpoint.optional_auth or endpoint.open_when is not None
    return [{}, *needed] if anonymous else needed


def _limit(limit: Limit) -> dict[str, Any]:
    return {
        "class": limit.name,
        "rate": limit.rate.default,
        "per": limit.per.value,
        "counted": "edge" if limit.edge else "exact",
    }


def _path_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    found = []
    for name, rule in endpoint.path_rules.values():
        schema = path_schema(rule)
        example = endpoint.examples.get(name) or next(candidates(schema, name))
        found.append(
            {
                "name": name,
                "in": "path",
                "required": True,
                "description": f"Which {_words(name)}",
                "schema": schema,
                "example": example,
            }
        )
    return found


def path_schema(rule: PathRule) -> Schema:
    """What a path parameter must look like."""
    if isinstance(rule, UlidRule):
        return {
            "type": "string",
            "pattern": "^[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}$",
            "minLength": 26,
            "maxLength": 26,
        }
    return {"type": "string", "pattern": f"^(?:{rule.pattern.pattern})$", "maxLength": 256}


def _words(name: str) -> str:
    """``merchantTransactionId`` → ``merchant transaction``."""
    spaced = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name)
    return spaced.removesuffix(" id").strip()


def _query_parameters(endpoint: Endpoint, schemas: Schemas, examples: Examples) -> list[dict[str, Any]]:
    if endpoint.query_model is None:
        return []
    model = schemas.resolve(schemas.reference(endpoint.query_model, "validation"))
    found = []
    for name, member in model.get("properties", {}).items():
        schema = _without_null(member)
        parameter = {
            "name": name,
            "in": "query",
            "required": name in model.get("required", ()),
            "description": member.get("description") or f"Filter: {_words(name)}",
            "schema": schema,
            "example": endpoint.examples.get(name) or examples.of(schema, name),
        }
        found.append(parameter)
    return found


def _without_null(member: Schema) -> Schema:
    """A parameter that is left out is not null."""
    real = [one for one in member.get("anyOf", ()) if one.get("type") != "null"]
    kept = {key: value for key, value in member.items() if key not in {"anyOf", "description"}}
    if not member.get("anyOf"):
        return kept
    return {**kept, **real[0]} if len(real) == 1 else {**kept, "anyOf": real}


def header_names(endpoint: Endpoint) -> list[tuple[str, bool]]:
    """The request headers that count here, and whether each is required."""
    names = [(name, False) for name in endpoint.headers]
    if endpoint.idempotency is not Idempotency.NONE:
        required = endpoint.idempotency is Idempotency.REQUIRED or _raises(endpoint, "IDEMPOTENCY_KEY_REQUIRED")
        names.append(("Idempotency-Key", required))
    if takes_version(endpoint):
        names.append(("If-Match", False))
    if 304 in endpoint.also:
        names.append(("If-None-Match", False))
    if 206 in (endpoint.status, *endpoint.also):
        names.extend((("Range", False), ("If-Range", False)))
    return list(dict(names).items())


def _raises(endpoint: Endpoint, code: str) -> bool:
    return any(error.code == code for error in endpoint.raises)


def _headers(endpoint: Endpoint) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name, required in header_names(endpoint):
        component = f"{name}-Required" if required else name
        found.append({"$ref": f"#/components/parameters/{component}"})
    return found


def _body(endpoint: Endpoint, schemas: Schemas, examples: Examples) -> dict[str, Any]:
    model = endpoint.body_model
    if model is None:
        return {}
    schema = schemas.reference(model, "validation")
    example = examples.of(schema, given=endpoint.examples)
    return {"required": endpoint.body_required, "content": {JSON: {"schema": schema, "example": example}}}


def request_id_parameter() -> dict[str, Any]:
    """``X-Request-Id``, which every operation takes."""
    schema: Schema = {"type": "string", "pattern": "^[A-Za-z0-9._-]{8,64}$", "minLength": 8, "maxLength": 64}
    return _parameter(
        "X-Request-Id", "An id of your own for this request; it comes back and stands in the log", schema, ULID
    )
