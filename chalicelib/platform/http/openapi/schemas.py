"""Named, shared schemas of everything that requests and answers carry."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from chalicelib.platform.http.endpoint import Endpoint
from chalicelib.platform.registry import BadDeclaration

Schema = dict[str, Any]
Mode = Literal["validation", "serialization"]
ModelKey = tuple[type[BaseModel], Mode]

REFERENCE = "#/components/schemas/"
_GENERIC = re.compile(r"(\w+?)_(\w+?)_$")
_DROPPED = frozenset({"additionalProperties", "title"})

ERROR: Schema = {
    "type": "object",
    "description": "Every answer over 399.",
    "properties": {
        "code": {
            "type": "string",
            "pattern": "^[A-Z][A-Z0-9_]*$",
            "maxLength": 64,
            "description": "Stable; act on this",
        },
        "message": {"type": "string", "maxLength": 500, "description": "One sentence for a person"},
        "details": {
            "description": "The fields that break a rule, or an object that the operation describes",
            "anyOf": [
                {"type": "array", "maxItems": 100, "items": {"$ref": f"{REFERENCE}Problem"}},
                {"type": "object"},
            ],
        },
        "requestId": {"type": "string", "maxLength": 64, "description": "Equal to the header X-Request-Id"},
        "timestamp": {"type": "string", "format": "date-time"},
    },
    "required": ["code", "message", "requestId", "timestamp"],
}
PROBLEM: Schema = {
    "type": "object",
    "description": "One field that breaks a rule.",
    "properties": {
        "field": {"type": "string", "maxLength": 512, "examples": ["body.topicIds[2]"]},
        "issue": {"type": "string", "maxLength": 64, "examples": ["TOO_LONG"]},
        "message": {"type": "string", "maxLength": 500, "examples": ["must have at most 120 characters"]},
    },
    "required": ["field", "issue", "message"],
}


class Schemas:
    """All components of the document's schemas, and where each model's is."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        keys = list(dict.fromkeys(_models(endpoints)))
        places, whole = models_json_schema(list(keys), by_alias=True, ref_template=REFERENCE + "{model}")
        raw: dict[str, Schema] = whole.get("$defs", {})
        names = {name: _plain_name(name) for name in raw}
        doubled = sorted({name for name in names.values() if list(names.values()).count(name) > 1})
        if doubled:
            raise BadDeclaration(f"two models are called {', '.join(doubled)}")
        self.components: dict[str, Schema] = {
            names[name]: _clean(schema, names) for name, schema in sorted(raw.items())
        }
        self.components["Error"], self.components["Problem"] = ERROR, PROBLEM
        self._places: dict[Any, Schema] = {key: _clean(place, names) for key, place in places.items()}

    def reference(self, model: type[BaseModel], mode: Mode) -> Schema:
        """``{"$ref": …}`` of a model as it is read or written."""
        return self._places[model, mode]

    def resolve(self, schema: Schema) -> Schema:
        """The schema that a reference names; any other schema is itself."""
        place = schema.get("$ref")
        return self.components[str(place).removeprefix(REFERENCE)] if place else schema


def _models(endpoints: Iterable[Endpoint]) -> Iterator[ModelKey]:
    for endpoint in endpoints:
        if endpoint.body_model is not None:
            yield endpoint.body_model, "validation"
        if endpoint.query_model is not None:
            yield endpoint.query_model, "validation"
        if endpoint.answer_model is not None:
            yield endpoint.answer_model, "serialization"


def _plain_name(name: str) -> str:
    """``Page_NoteRow_`` → ``NoteRowPage``; ``Plan-Input`` → ``PlanInput``; a full path → its last part."""
    last = name.rsplit("__", 1)[-1] if "__" in name else name
    generic = _GENERIC.fullmatch(last)
    if generic:
        last = f"{generic[2]}{generic[1]}"
    return last.replace("-", "")


def _clean(schema: Any, names: dict[str, str], *, named: bool = False) -> Any:
    """Without titles and ``additionalProperties``, with our names; ``named``: the keys are names of fields."""
    if isinstance(schema, list):
        return [_clean(one, names) for one in schema]
    if not isinstance(schema, dict):
        return schema
    cleaned = {}
    for key, value in schema.items():
        if not named and (key in _DROPPED or (key == "default" and value is None)):
            # A null default only tells that the field may be left out, which `required` says.
            continue
        if key == "$ref" and isinstance(value, str):
            cleaned[key] = REFERENCE + names[value.removeprefix(REFERENCE)]
        elif key in {"examples", "example", "default", "const", "enum"} and not named:
            cleaned[key] = value
        else:
            cleaned[key] = _clean(value, names, named=key == "properties" and not named)
    return cleaned
