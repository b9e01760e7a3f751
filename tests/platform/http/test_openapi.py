"""The OpenAPI document: complete, valid, with examples that keep their schemas (HTTP-50, HTTP-51)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from chalicelib.platform import registry
from chalicelib.platform.errors import Unauthenticated
from chalicelib.platform.http import openapi
from chalicelib.platform.http.declared import codes_of, errors_of, statuses_of
from chalicelib.platform.http.endpoint import Endpoint
from infra.package import openapi as packaged
from tests.platform.http import samples

VERBS = {"get", "post", "put", "patch", "delete", "head"}
FREE_FORMATS = {"date-time", "date", "time", "email", "uuid", "uri"}


@pytest.fixture(scope="module")
def endpoints() -> list[Endpoint]:
    found = registry.load_all().values()
    return [one for one in found if isinstance(one, Endpoint) and one.method != "OPTIONS"]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(packaged.text())
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for verb in VERBS & set(item):
            yield f"{verb.upper()} {path}", item[verb]


def resolved(document: dict[str, Any], thing: dict[str, Any]) -> dict[str, Any]:
    found: Any = thing
    while "$ref" in found:
        place = found["$ref"].removeprefix("#/").split("/")
        found = document
        for part in place:
            found = found[part]
    return dict(found)


def walk(thing: Any, place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(thing, dict):
        yield place, thing
        for name, value in thing.items():
            yield from walk(value, f"{place}/{name}")
    elif isinstance(thing, list):
        for number, value in enumerate(thing):
            yield from walk(value, f"{place}[{number}]")


@pytest.mark.rule("HTTP-50")
def test_it_is_valid_openapi(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    validate(document)


@pytest.mark.rule("HTTP-50")
def test_the_committed_document_is_what_the_declarations_say() -> None:
    assert not packaged.outdated(), "write it anew: make docs"


@pytest.mark.rule("HTTP-50")
def test_every_operation_is_there_and_complete(document: dict[str, Any], endpoints: list[Endpoint]) -> None:
    found = dict(operations(document))
    expected = {f"{method} {one.path}" for one in endpoints for method in one.methods}
    assert set(found) == expected
    named = [operation["operationId"] for operation in found.values()]
    assert len(named) == len(set(named))
    tags = {tag["name"] for tag in document["tags"]}
    for endpoint in endpoints:
        operation = found[f"{endpoint.method} {endpoint.path}"]
        assert operation["operationId"] == endpoint.name
        assert operation["summary"]
        assert operation["description"]
        assert set(operation["tags"]) <= tags
        assert operation["x-action"] == (endpoint.action.name if endpoint.action else None)
        assert operation["x-permission"] == [
            str(one) for one in (endpoint.action.permissions if endpoint.action else ())
        ]
        assert operation["x-limit"][0]["class"] == endpoint.edge.name
        assert {one["class"] for one in operation["x-limit"][1:]} == {one.name for one in endpoint.limits}
        assert bool(operation["security"]) == endpoint.signed_in


@pytest.mark.rule("HTTP-50")
def test_every_status_is_there_with_its_codes(document: dict[str, Any], endpoints: list[Endpoint]) -> None:
    found = dict(operations(document))
    for endpoint in endpoints:
        answers = found[f"{endpoint.method} {endpoint.path}"]["responses"]
        codes = codes_of(endpoint)
        assert set(answers) == {str(status) for status in (*codes, *statuses_of(endpoint))}, endpoint.name
        for status, names in codes.items():
            answer = resolved(document, answers[str(status)])
            assert answer["x-codes"] == list(names)
            shown = {name for media in answer["content"].values() for name in media["examples"]}
            assert set(names) <= shown
            headers = set(answer["headers"])
            assert "X-Request-Id" in headers
            assert ("Retry-After" in headers) >= (status in {429, 503})
            challenged = any(issubclass(one, Unauthenticated) for one in errors_of(endpoint) if one.status == status)
            assert ("WWW-Authenticate" in headers) == challenged


@pytest.mark.rule("HTTP-51")
def test_schemas_are_named_and_closed_only_by_us(document: dict[str, Any]) -> None:
    for place, part in walk(document):
        assert "additionalProperties" not in part, place
    for name, operation in operations(document):
        for media in operation.get("requestBody", {}).get("content", {}).values():
            assert "$ref" in media["schema"] or media["schema"] == {}, name
    for name in document["components"]["schemas"]:
        assert name.isidentifier(), name


def strings(schema: dict[str, Any], place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Schemas of texts and lists."""
    for inner, part in walk(schema, place):
        if part.get("type") in ("string", "array") and "/example" not in inner:
            yield inner, part


@pytest.mark.rule("HTTP-13")
def test_every_text_and_list_of_a_request_has_a_maximum(document: dict[str, Any]) -> None:
    asked: list[tuple[str, dict[str, Any]]] = []
    for name, operation in operations(document):
        parameters = [resolved(document, one) for one in operation.get("parameters", [])]
        asked += [(f"{name} {one['name']}", one["schema"]) for one in parameters]
        for media in operation.get("requestBody", {}).get("content", {}).values():
            seen: set[str] = set()
            asked += list(reached(document, media["schema"], name, seen))
    loose = []
    for place, schema in asked:
        for inner, part in strings(schema, place):
            fixed = {"enum", "const", "maxLength", "maxItems", "prefixItems"} & set(part)
            if not fixed and part.get("format") not in FREE_FORMATS:
                loose.append(inner)
    assert loose == []


def reached(
    document: dict[str, Any], schema: dict[str, Any], place: str, seen: set[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """A schema and all that it refers to."""
    yield place, {name: value for name, value in schema.items() if name != "$ref"}
    for inner, part in walk(schema, place):
        target = part.get("$ref")
        if isinstance(target, str) and target not in seen:
            seen.add(target)
            yield from reached(document, resolved(document, part), inner, seen)


def examples(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Every example with its schema."""
    for name, operation in operations(document):
        for parameter in operation.get("parameters", []):
            one = resolved(document, parameter)
            yield f"{name} {one['name']}", one["schema"], one["example"]
        contents = [("request", operation.get("requestBody", {}).get("content", {}))]
        contents += [
            (status, resolved(document, answer).get("content", {})) for status, answer in operation["responses"].items()
        ]
        for part, content in contents:
            for media in content.values():
                if "example" in media:
                    yield f"{name} {part}", media["schema"], media["example"]
                for code, example in media.get("examples", {}).items():
                    yield f"{name} {part} {code}", media["schema"], resolved(document, example)["value"]


@pytest.mark.rule("HTTP-50")
def test_every_operation_has_examples_and_all_keep_their_schemas(document: dict[str, Any]) -> None:
    checked = 0
    for place, schema, example in examples(document):
        whole = {"$schema": Draft202012Validator.META_SCHEMA["$id"], **schema, "components": document["components"]}
        problems = [error.message for error in Draft202012Validator(whole).iter_errors(example)]
        assert problems == [], f"{place}: {problems[0]} — give the field an example"
        checked += 1
    assert checked > 100
    for name, operation in operations(document):
        for media in operation.get("requestBody", {}).get("content", {}).values():
            assert "example" in media, name


@pytest.mark.rule("HTTP-50")
def test_a_request_that_its_example_shows_is_valid(endpoints: list[Endpoint], document: dict[str, Any]) -> None:
    """The models accept what the document shows: nobody copies an example that is refused."""
    found = dict(operations(document))
    for endpoint in endpoints:
        if endpoint.body_model is not None:
            (media,) = found[f"{endpoint.method} {endpoint.path}"]["requestBody"]["content"].values()
            endpoint.body_model.model_validate_json(json.dumps(media["example"]))


@pytest.mark.rule("HTTP-50")
def test_headers_that_count_are_parameters() -> None:
    found = dict(operations(openapi.document(samples.ENDPOINTS)))

    def headers(place: str) -> set[str]:
        references = [one["$ref"].rsplit("/", 1)[-1] for one in found[place]["parameters"] if "$ref" in one]
        return set(references)

    assert headers("POST /v1/sample-payments") == {"Idempotency-Key-Required"}
    assert headers("POST /v1/samples") == {"Idempotency-Key"}
    assert headers("PATCH /v1/samples/{sampleId}") == {"If-Match"}
    assert headers("GET /v1/samples") == set()


@pytest.mark.rule("HTTP-50")
def test_codes_follow_from_the_declaration() -> None:
    by_name = {one.name: {error.code for error in errors_of(one)} for one in samples.ENDPOINTS}
    assert "CURSOR_INVALID" in by_name["list_samples"]
    assert not {"CURSOR_INVALID", "MALFORMED_JSON", "TOKEN_MISSING"} & by_name["open_sample"]
    assert {"TOKEN_INVALID", "SESSION_REVOKED"} <= by_name["who_sample"]
    assert "TOKEN_MISSING" not in by_name["who_sample"]
    assert {"IDEMPOTENCY_KEY_REQUIRED", "IDEMPOTENCY_IN_PROGRESS", "SAMPLE_REFUSED"} <= by_name["pay_sample"]
    assert "IDEMPOTENCY_KEY_REQUIRED" not in by_name["create_sample"]
    assert {"VERSION_MISMATCH", "HEADER_INVALID", "SAMPLE_NOT_FOUND"} <= by_name["change_sample"]
    assert {"UNSUPPORTED_MEDIA_TYPE", "BODY_REQUIRED"}.isdisjoint(by_name["raw_sample"])
    assert "BODY_REQUIRED" not in by_name["publish_sample"]
    # Who must set up a second factor, or change the password, first, is told so everywhere but where nobody signs in.
    assert {"MFA_REQUIRED", "PASSWORD_CHANGE_REQUIRED"} <= by_name["create_sample"] & by_name["get_sample"]
    assert {"MFA_REQUIRED", "PASSWORD_CHANGE_REQUIRED"}.isdisjoint(by_name["open_sample"])


@pytest.mark.rule("HTTP-51")
def test_deprecated_operations_and_head_are_in_the_document() -> None:
    found = dict(operations(openapi.document(samples.ENDPOINTS)))
    assert found["GET /v1/sample-old"]["deprecated"] is True
    head = found["HEAD /v1/samples/{sampleId}"]
    assert head["operationId"] == "get_sample_head"
    assert all("content" not in answer for answer in head["responses"].values())
    assert {"Deprecation", "Sunset"} <= set(found["GET /v1/sample-old"]["responses"]["200"]["headers"])
