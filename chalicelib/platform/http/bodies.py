"""Reading what came in: JSON strictly (HTTP-11), models with all problems at once (HTTP-12)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from chalicelib.platform import settings
from chalicelib.platform.errors import (
    BodyRequired,
    BodyTooLarge,
    MalformedJson,
    UnsupportedMediaType,
    ValidationFailed,
    problem,
)
from chalicelib.platform.http.models import QueryModel
from chalicelib.platform.http.request import Request

ModelT = TypeVar("ModelT", bound=BaseModel)

BODY_MAX_BYTES = settings.integer("BODY_MAX_BYTES", default=262_144, minimum=1_024, maximum=6_000_000)
MAX_NESTING = 20


def check_size_and_type(request: Request, *, expects_json: bool) -> None:
    """413 and 415, before anything else is looked at."""
    if len(request.raw_body) > BODY_MAX_BYTES():
        raise BodyTooLarge
    if expects_json and request.raw_body:
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != "application/json":
            raise UnsupportedMediaType


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise MalformedJson
    return members


def _constant(_: str) -> NoReturn:
    raise MalformedJson


def _check_value(value: Any, depth: int = 1) -> None:
    if depth > MAX_NESTING:
        raise MalformedJson
    if isinstance(value, str):
        value.encode("utf-8")
    elif isinstance(value, dict):
        for name, member in value.items():
            name.encode("utf-8")
            _check_value(member, depth + 1)
    elif isinstance(value, list):
        for member in value:
            _check_value(member, depth + 1)


def parse_object(raw: bytes) -> dict[str, Any]:
    """A JSON object without duplicate names, NaN, lone surrogates or more than 20 levels; else ``MalformedJson``."""
    if not raw.strip():
        raise BodyRequired
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_object, parse_constant=_constant)
        if not isinstance(value, dict):
            raise MalformedJson
        _check_value(value)
    except (ValueError, RecursionError) as error:
        raise MalformedJson from error
    return value


def body_of(model: type[ModelT], request: Request) -> ModelT:
    """The body as its model."""
    value = parse_object(request.raw_body)
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise ValidationFailed(problems(error, "body")) from error


def query_of(model: type[ModelT] | None, query: Mapping[str, list[str]]) -> ModelT | None:
    """The query as its model; a parameter that came twice and is no list is a problem of its own."""
    found: list[dict[str, str]] = []
    values: dict[str, Any] = {}
    for name, given in query.items():
        if len(given) > 1:
            found.append(problem(f"query.{name[:64]}", "REPEATED", "must be given once"))
        values[name] = given[-1]
    target: type[BaseModel] = model or _NoQuery
    try:
        parsed = target.model_validate(values)
    except ValidationError as error:
        raise ValidationFailed([*found, *problems(error, "query")]) from error
    if found:
        raise ValidationFailed(found)
    return parsed if model is not None and isinstance(parsed, model) else None


class _NoQuery(QueryModel):
    """An endpoint that takes no query parameters."""


def problems(error: ValidationError, place: str) -> list[dict[str, str]]:
    """All problems that pydantic found, without the input (HTTP-20)."""
    found = []
    for one in error.errors(include_url=False, include_input=False, include_context=False)[:50]:
        path = place
        for part in one["loc"]:
            path += f"[{part}]" if isinstance(part, int) else f".{str(part)[:64]}"
        message = one["msg"].removeprefix("Value error, ")
        found.append(problem(path, one["type"].upper(), message[:200]))
    return found
