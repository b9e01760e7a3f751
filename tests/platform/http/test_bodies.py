"""What comes in is read strictly: JSON, fields, texts (HTTP-11 … HTTP-13, HTTP-15)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.platform.errors import BodyRequired, MalformedJson, ValidationFailed
from chalicelib.platform.http.bodies import MAX_NESTING, body_of, parse_object
from chalicelib.platform.http.request import Request
from tests.platform.http.samples import NewSample
from tests.support.client import Client
from tests.support.people import People


def request_of(raw: bytes) -> Request:
    return Request("POST", "/v1/x", {}, {}, {}, raw, "203.0.113.7", "request-1")


def read(value: Any) -> NewSample:
    return body_of(NewSample, request_of(json.dumps(value).encode("utf-8", "surrogatepass")))


def nested(levels: int) -> bytes:
    """An object with lists inside each other, so many levels in all, with a number in the middle."""
    return b'{"a":' + b"[" * (levels - 1) + b"1" + b"]" * (levels - 1) + b"}"


@pytest.mark.rule("HTTP-11")
@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"[]",
        b'"text"',
        b"null",
        b"1",
        b'{"a":1,"a":2}',
        b'{"a":{"b":1,"b":1}}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        b'{"a":1e999}',
        b'{"a":"\xff"}',
        b'{"a":"\\ud800"}',
        b'{"\\udc00":1}',
        b"\xef\xbb\xbf{}",
        b'{"a":1} {"b":2}',
        b"{'a':1}",
        b'{"a":' + b"9" * 5000 + b"}",
        nested(MAX_NESTING + 1),
        b'{"a":' + b"[" * 100_000,
    ],
)
def test_what_is_no_proper_object_is_malformed(raw: bytes) -> None:
    with pytest.raises(MalformedJson):
        parse_object(raw)


@pytest.mark.rule("HTTP-11")
def test_a_missing_body_is_said_to_be_missing() -> None:
    for raw in (b"", b"  \n"):
        with pytest.raises(BodyRequired):
            parse_object(raw)


@pytest.mark.rule("HTTP-11")
def test_twenty_levels_and_surrogate_pairs_are_fine() -> None:
    assert parse_object(nested(MAX_NESTING))
    assert parse_object(b'{"a":"\\ud83d\\ude00"}') == {"a": "😀"}


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.rule("HTTP-11")
@given(st.dictionaries(st.text(max_size=8), values, max_size=4))
@settings(max_examples=80, deadline=None)
def test_every_object_comes_through_as_it_is(value: dict[str, Any]) -> None:
    assert parse_object(json.dumps(value).encode()) == value


@pytest.mark.rule("HTTP-11")
@given(st.binary(max_size=60) | st.text(alphabet='{}[]":,\\ut019eE+-. ', max_size=40).map(str.encode))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_an_object_or_a_declared_refusal(raw: bytes) -> None:
    try:
        found: object = parse_object(raw)
    except (MalformedJson, BodyRequired):
        return
    assert isinstance(found, dict)


@pytest.mark.rule("HTTP-11")
def test_media_type_size_and_missing_body_over_http(samples: Client, people: People) -> None:
    token = people.admin("ADMIN_CONTENT").token
    plain = samples.post("/v1/samples", body=b'{"title":"x"}', token=token, headers={"Content-Type": "text/plain"})
    assert (plain.status, plain.code) == (415, "UNSUPPORTED_MEDIA_TYPE")
    charset = {"Content-Type": "application/json; charset=utf-8"}
    assert samples.post("/v1/samples", body=b'{"title":"x"}', token=token, headers=charset).status == 201
    large = b'{"title":"' + b"x" * 262_144 + b'"}'
    # Before the token is looked at, and before parsing.
    assert samples.post("/v1/samples", body=large).code == "BODY_TOO_LARGE"
    assert samples.post("/v1/samples", body=b"{" * 300_000, token=token).code == "BODY_TOO_LARGE"
    assert samples.post("/v1/samples", body=b"", token=token).code == "BODY_REQUIRED"
    exact = json.dumps({"title": "x"}).encode().ljust(262_144)
    assert samples.post("/v1/samples", body=exact, token=token).status == 201


@pytest.mark.rule("HTTP-11")
def test_bodies_where_none_is_taken(samples: Client, people: People) -> None:
    admin = people.admin("ADMIN_CONTENT")
    place = "/v1/samples/01JH8Z6V3N4Q5R6S7T8V9WXYZ0"
    nothing = {"Content-Type": "text/plain"}
    assert samples.delete(place, body=b"not json", token=admin.token, headers=nothing).status == 204
    assert samples.get("/v1/sample-open", body=b"not json", headers=nothing).status == 200
    assert samples.post(f"{place}/publish", token=admin.token).status == 204
    assert samples.post(f"{place}/publish", json={}, token=admin.token).status == 204
    assert samples.post(f"{place}/publish", json={"force": True}, token=admin.token).issues == {
        "body.force": "EXTRA_FORBIDDEN"
    }
    assert samples.post(f"{place}/publish", body=b"x", token=admin.token, headers=nothing).status == 415
    assert samples.post("/v1/sample-raw", body=b"\xff\x00", headers=nothing).json == {"seen": "\xff\x00"}


@pytest.mark.rule("HTTP-12")
def test_types_are_strict_and_all_problems_come_at_once(samples: Client, people: People) -> None:
    token = people.admin("ADMIN_CONTENT").token
    body = {"title": 5, "count": "5", "tags": ["a", "b", "c", "d"], "colour": "red", "color": "blue"}
    answer = samples.post("/v1/samples", json=body, query={"dry": "1"}, token=token)
    assert (answer.status, answer.code) == (422, "VALIDATION_FAILED")
    assert set(answer.issues) == {"query.dry", "body.title", "body.count", "body.tags", "body.colour", "body.color"}
    assert samples.post("/v1/samples", json={"title": "x", "count": True}, token=token).status == 422
    assert samples.post("/v1/samples", json={"title": "x", "count": 1.0}, token=token).status == 422


@pytest.mark.rule("HTTP-12")
def test_query_parameters(samples: Client, people: People) -> None:
    token = people.student().token
    assert samples.get("/v1/samples?color=red&color=green", token=token).issues == {"query.color": "REPEATED"}
    assert set(samples.get("/v1/samples?colour=red", token=token).issues) == {"query.colour"}
    assert set(samples.get("/v1/samples?limit=x&color=blue", token=token).issues) == {"query.limit", "query.color"}
    assert samples.get("/v1/samples?limit=5", token=token).status == 200
    several = samples.get("/v1/sample-large?size=1&names=a&names=b")
    assert several.headers["x-names"] == "a,b"


@pytest.mark.rule("HTTP-12")
def test_the_answer_does_not_repeat_the_input(samples: Client, people: People) -> None:
    answer = samples.post("/v1/samples", json={"title": "secret-input " * 9}, token=people.admin("ADMIN_CONTENT").token)
    assert answer.status == 422
    assert b"secret-input" not in answer.body


@pytest.mark.rule("HTTP-13")
def test_text_is_normalized_and_trimmed_before_it_is_measured() -> None:
    decomposed = "é"
    assert read({"title": f"  {decomposed * 20} "}).title == "é" * 20
    assert read({"title": "😀" * 20}).title == "😀" * 20
    for wrong in ("", "   ", "x" * 21):
        with pytest.raises(ValidationFailed):
            read({"title": wrong})


@pytest.mark.rule("HTTP-13")
@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\u202e", "\u2066", "\n", "\t"])
def test_controls_are_refused_in_single_lines(character: str) -> None:
    with pytest.raises(ValidationFailed):
        read({"title": f"a{character}b"})


@pytest.mark.rule("HTTP-13")
def test_lines_and_tabs_are_fine_where_there_are_several_lines() -> None:
    assert read({"title": "x", "about": "one\n\ttwo"}).about == "one\n\ttwo"
    for wrong in ("a\rb", "a\x00b", "a\u202eb"):
        with pytest.raises(ValidationFailed):
            read({"title": "x", "about": wrong})


@pytest.mark.rule("HTTP-13")
@given(st.text(max_size=40))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_text_is_clean_or_refused(text: str) -> None:
    try:
        found = read({"title": text}).title
    except (ValidationFailed, MalformedJson):
        return
    assert found == found.strip()
    assert 1 <= len(found) <= 20
    assert not any(ord(one) < 32 or 127 <= ord(one) < 160 for one in found)


@pytest.mark.rule("HTTP-15")
def test_instants_need_an_offset_and_come_back_as_utc(samples: Client, people: People) -> None:
    token = people.admin("ADMIN_CONTENT").token
    sent = {"title": "x", "at": "2026-01-31T15:30:00+05:30"}
    assert samples.post("/v1/samples", json=sent, token=token).json["at"] == "2026-01-31T10:00:00.000Z"
    assert read({"title": "x", "at": "2026-01-31T10:00:00.1239Z"}).at == datetime(2026, 1, 31, 10, 0, 0, 123900, UTC)
    outside = ("2026-01-31T10:00:00", "2026-01-31", "yesterday", 1_700_000_000, "0001-01-01T00:00:00+05:30")
    for wrong in (*outside, "9999-12-31T23:59:59-05:00"):
        with pytest.raises(ValidationFailed):
            read({"title": "x", "at": wrong})


@pytest.mark.rule("HTTP-12")
def test_days_and_ids_are_read_from_text_in_strict_models() -> None:
    found = read({"title": "x", "day": "2026-01-31", "parentId": "01jh8z6v3n4q5r6s7t8v9wxyz0"})
    assert found.day is not None
    assert found.day.isoformat() == "2026-01-31"
    assert found.parent_id == "01JH8Z6V3N4Q5R6S7T8V9WXYZ0"
    for wrong in ({"day": "2026-02-30"}, {"day": 20_000}, {"parentId": "8" * 26}, {"parentId": "x"}):
        with pytest.raises(ValidationFailed):
            read({"title": "x", **wrong})
