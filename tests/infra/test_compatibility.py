"""What breaks clients of the last released document (HTTP-51)."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from infra.package import openapi
from infra.package.compatibility import breaking

BEFORE: dict[str, Any] = {
    "paths": {
        "/v1/things": {
            "get": {
                "parameters": [
                    {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 100}}
                ],
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
                    "404": {"x-codes": ["THING_NOT_FOUND"]},
                },
            },
            "post": {
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/NewThing"}}},
                },
                "responses": {"201": {}},
            },
        },
        "/v1/old": {"get": {"deprecated": True, "responses": {"200": {}}}},
    },
    "components": {
        "schemas": {
            "Thing": {
                "type": "object",
                "properties": {
                    "id": {"type": "string"},
                    "at": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                    "parts": {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer"}}}},
                },
                "required": ["id", "at", "parts"],
            },
            "NewThing": {
                "type": "object",
                "properties": {
                    "title": {"type": "string", "maxLength": 100},
                    "color": {"type": "string", "enum": ["red", "green"]},
                },
                "required": ["title"],
            },
        }
    },
}


def changed(change: Callable[[dict[str, Any]], None]) -> list[str]:
    after = copy.deepcopy(BEFORE)
    change(after)
    return breaking(BEFORE, after)


def thing(document: dict[str, Any]) -> Any:
    return document["components"]["schemas"]["Thing"]


def new_thing(document: dict[str, Any]) -> Any:
    return document["components"]["schemas"]["NewThing"]


def things(document: dict[str, Any], verb: str = "get") -> Any:
    return document["paths"]["/v1/things"][verb]


@pytest.mark.rule("HTTP-51")
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d["paths"].pop("/v1/things"), "GET /v1/things is gone"),
        (lambda d: things(d)["responses"].pop("200"), "answers 200 no longer"),
        (lambda d: things(d)["responses"].update({"202": {}}), "answers 202, which it did not"),
        (lambda d: thing(d)["properties"].pop("id"), "200 has no id any more"),
        (lambda d: thing(d)["properties"]["id"].update(type="integer"), "200.id may now be integer"),
        (lambda d: thing(d)["required"].remove("at"), "200 may lack at now"),
        (lambda d: thing(d)["properties"]["parts"]["items"]["properties"].pop("n"), "200.parts[] has no n any more"),
        (lambda d: new_thing(d)["required"].append("color"), "body needs color"),
        (lambda d: new_thing(d)["properties"].pop("color"), "body takes color no longer"),
        (lambda d: new_thing(d)["properties"]["title"].update(maxLength=50), "body.title has a lower maxLength"),
        (lambda d: new_thing(d)["properties"]["color"].update(enum=["red"]), "body.color takes fewer values"),
        (lambda d: things(d)["parameters"].clear(), "takes query limit no longer"),
        (lambda d: things(d)["parameters"][0].update(required=True), "needs query limit"),
        (lambda d: things(d)["parameters"][0]["schema"].update(maximum=50), "query limit has a lower maximum"),
    ],
)
def test_what_breaks_a_client(change: Callable[[dict[str, Any]], None], said: str) -> None:
    found = changed(change)
    assert any(said in sentence for sentence in found), found


@pytest.mark.rule("HTTP-51")
@pytest.mark.parametrize(
    "change",
    [
        lambda d: None,
        lambda d: thing(d)["properties"].update(more={"type": "string"}),
        lambda d: new_thing(d)["properties"].update(more={"type": "string"}),
        lambda d: new_thing(d)["properties"]["title"].update(maxLength=200),
        lambda d: new_thing(d)["properties"]["color"].update(enum=["red", "green", "blue"]),
        lambda d: things(d)["parameters"].append({"name": "sort", "in": "query", "schema": {"type": "string"}}),
        lambda d: things(d)["responses"].update({"409": {"x-codes": ["CONFLICT"]}}),
        lambda d: d["paths"].pop("/v1/old"),
        lambda d: d["paths"].update({"/v2/things": {"get": {"responses": {"200": {}}}}}),
    ],
)
def test_what_breaks_nobody(change: Callable[[dict[str, Any]], None]) -> None:
    assert changed(change) == []


@pytest.mark.rule("HTTP-51")
def test_clients_of_the_last_release_are_safe() -> None:
    now = json.loads(openapi.text())
    released = json.loads(openapi.RELEASED.read_text("utf-8")) if openapi.RELEASED.is_file() else now
    assert breaking(released, now) == []
