"""Reading what came in: JSON strictly (HTTP-11), models with all problems at once (HTTP-12)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, NoReturn, TypeVar, get_args, get_origin

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
from chalicelib.platform.http.models import QueryModel, RequestModel
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


def _number(text: str) -> float:
    """A number with a fraction or exponent; ``1e999`` would be infinite, and JSON has no such thing."""
    value = float(text)
    if not math.isfinite(value):
        raise MalformedJson
    return value


def _check_value(value: Any, depth: int = 1) -> None:
    """No lone surrogates anywhere, and no more than ``MAX_NESTING`` objects and lists inside each other."""
    if isinstance(value, str):
        value.encode("utf-8")
    elif isinstance(value, (dict, list)):
        if depth > MAX_NESTING:
            raise MalformedJson
        for member in value:
            if isinstance(value, dict):
                member.encode("utf-8")
                _check_value(value[member], depth + 1)
            else:
                _check_value(member, depth + 1)


def parse_object(raw: bytes) -> dict[str, Any]:
    """A JSON object without duplicate names, NaN, lone surrogates or more than 20 levels; else ``MalformedJson``."""
    if not raw.strip():
        raise BodyRequired
    try:
        value = json.loads(
            raw.decode("utf-8"), object_pairs_hook=_object, parse_constant=_constant, parse_float=_number
        )
        if not isinstance(value, dict):
            raise MalformedJson
        _check_value(value)
    except (ValueError, RecursionError) as error:
        raise MalformedJson from error
    return value


def body_of(model: type[ModelT], request: Request) -> ModelT:
    """The body as its model; ``BodyRequired`` when there is none."""
    parse_object(request.raw_body)
    try:
        # As JSON, not as the parsed value: strict models then still read dates, enums and tuples from text and lists.
        return model.model_validate_json(request.raw_body)
    except ValidationError as error:
        raise ValidationFailed(problems(error, "body")) from error


def check_no_body(request: Request) -> None:
    """The body of a request that takes none: nothing, or an object without members (HTTP-12)."""
    if request.raw_body.strip():
        body_of(_NoBody, request)


def _is_list(model: type[BaseModel], name: str) -> bool:
    for field_name, field in model.model_fields.items():
        if name == (field.alias or field_name):
            shapes = (field.annotation, *get_args(field.annotation))
            return any((get_origin(shape) or shape) in (list, tuple, set, frozenset) for shape in shapes)
    return False


def query_of(model: type[ModelT] | None, query: Mapping[str, list[str]]) -> ModelT | None:
    """The query as its model; a parameter that came twice and is no list is a problem of its own."""
    target: type[BaseModel] = model or _NoQuery
    found: list[dict[str, str]] = []
    values: dict[str, Any] = {}
    for name, given in query.items():
        if _is_list(target, name):
            values[name] = list(given)
            continue
        if len(given) > 1:
            found.append(problem(f"query.{name[:64]}", "REPEATED", "must be given once"))
        values[name] = given[-1]
    try:
        parsed = target.model_validate(values)
    except ValidationError as error:
        raise ValidationFailed([*found, *problems(error, "query")]) from error
    if found:
        raise ValidationFailed(found)
    return parsed if model is not None and isinstance(parsed, model) else None


class _NoQuery(QueryModel):
    """An endpoint that takes no query parameters."""


class _NoBody(RequestModel):
    """An endpoint that takes no body."""


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
