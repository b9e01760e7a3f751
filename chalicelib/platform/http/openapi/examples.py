"""Plausible examples, made from the schemas: a field's own example first, then what its name and form suggest."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.platform.http.openapi.schemas import Schema, Schemas

ULID = "01JH8Z6V3N4Q5R6S7T8V9WXYZ0"
INSTANT = "2026-01-31T10:00:00.000Z"
_DEEPEST = 8

_BY_NAME: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"(^id|Id|Ids)$", (ULID,)),
    (r"(?i)email$", ("asha.verma@example.com", "as***@example.com")),
    (r"(?i)(phone|mobile)", ("+919812345678", "9812345678")),
    (r"(?i)password", ("correct horse battery staple",)),
    (r"(?i)otp|^code$", ("482913", "WELCOME10")),
    (r"(?i)token$", ("Zk3v9Qm2Lr8Xw5Tb7Yc1Nd4Hf6Js0Ga",)),
    (r"(?i)cursor$", ("q1w2e3r4t5y6u7i8o9p0",)),
    (r"(?i)(url|uri|href|location)$", ("https://academy.example/notes",)),
    (r"(?i)path$", ("/v1/notes/" + ULID,)),
    (r"(?i)slug$", ("indian-polity",)),
    (r"(?i)title$", ("Fundamental Rights",)),
    (r"(?i)filename$", ("fundamental-rights.pdf",)),
    (r"(?i)(mime|contenttype|mediatype)$", ("application/pdf",)),
    (
        r"(?i)(sha256|checksum|hash)$",
        (
            "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=",
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        ),
    ),
    (r"(?i)(description|summary|reason|note|message)$", ("Articles 12 to 35 with leading cases",)),
    (r"(?i)currency$", ("INR",)),
    (r"(?i)plan", ("notes-yearly",)),
    (r"(?i)rolekeys?$", ("ADMIN_CONTENT",)),
    (r"^key$", ("indian-polity",)),
    (r"^number$", ("PS-25-26-000042",)),
    (r"(?i)merchanttransactionid$", (f"TXN{ULID}", f"PS{ULID}")),
    (r"(?i)(merchantrefundid|creditnote)$", (f"RF{ULID}",)),
    (r"(?i)statecode$", ("27", "MH")),
    (r"(?i)city$", ("Indore",)),
    (r"(?i)(ip|address)$", ("203.0.113.7",)),
    (r"(?i)(user)?type$", ("STUDENT",)),
    (r"(?i)status$", ("ACTIVE",)),
    (r"(?i)useragent|device", ("Firefox on Android",)),
    (r"(?i)permission", ("notes.read",)),
    (r"(?i)role", ("ADMIN_CONTENT",)),
    (r"(?i)action$", ("note.publish",)),
    (r"(?i)(user|full|display|actor|student)name$", ("Asha Verma",)),
)
_BY_FORM = (
    f"TXN{ULID}",
    "27AAPFU0939F1ZV",
    "452001",
    "Indian Polity",
    "asha.verma@example.com",
    "482913",
    "2026-01-31",
    "10:30",
    "indian-polity",
    "ADMIN_CONTENT",
    "notes.read",
    "INR",
    "hi",
    "en-IN",
    "+919812345678",
    "9812345678",
    "#1f6feb",
    "abc",
    ULID,
    INSTANT,
    "Zk3v9Qm2Lr8Xw5Tb7Yc1Nd4Hf6Js0Ga",
    "a" * 64,
)
_BY_FORMAT = {
    "date-time": INSTANT,
    "date": "2026-01-31",
    "time": "10:30:00",
    "email": "asha.verma@example.com",
    "uri": "https://academy.example/notes",
    "uuid": "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
    "ipv4": "203.0.113.7",
    "binary": "…",
}
_PEOPLE = re.compile(r"(?i)user|account|profile|person|actor|register|student|invite|session|caller")
_NUMBERS = (
    ("expiresIn", 900),
    ("paise|amount|price|total", 49900),
    ("percent", 10),
    ("size|bytes|length", 482113),
    ("pages?$", 24),
)


def fits(text: str, schema: Schema) -> bool:
    """Whether a text keeps the schema's length and pattern."""
    if not int(schema.get("minLength", 0)) <= len(text) <= int(schema.get("maxLength", 1_000_000)):
        return False
    return "pattern" not in schema or re.search(str(schema["pattern"]), text) is not None


class Examples:
    """Makes examples against one document's components."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas

    def of(self, schema: Schema, name: str = "", given: Mapping[str, Any] | None = None, depth: int = 0) -> Any:
        """An example of a schema; ``given`` has values for members of the outermost object."""
        given = given or {}
        for key in ("examples", "example", "const", "enum"):
            if key in schema:
                value = schema[key]
                return value[0] if key in {"examples", "enum"} else value
        if "$ref" in schema:
            target = str(schema["$ref"]).rsplit("/", 1)[-1]
            return self.of({**self._schemas.resolve(schema), "of": target}, name, given, depth + 1)
        if schema.get("default") is not None:
            return schema["default"]
        for key in ("anyOf", "oneOf", "allOf"):
            if key in schema:
                return self._choice(schema[key], name, depth)
        return self._typed(schema, name, given, depth)

    def _choice(self, choices: list[Schema], name: str, depth: int) -> Any:
        real = [one for one in choices if one.get("type") != "null"]
        return None if depth > _DEEPEST or not real else self.of(real[0], name, depth=depth + 1)

    def _typed(self, schema: Schema, name: str, given: Mapping[str, Any], depth: int) -> Any:
        kind = schema.get("type")
        if kind == "object" or "properties" in schema:
            return self._object(schema, given, depth)
        if kind == "array":
            return self._array(schema, name, depth)
        if kind == "string":
            return next(candidates(schema, name))
        if kind in {"integer", "number"}:
            return number(schema, name)
        return {"boolean": True, "null": None}.get(str(kind), {})

    def _object(self, schema: Schema, given: Mapping[str, Any], depth: int) -> dict[str, Any]:
        members = schema.get("properties", {})
        whose = {"of": schema["of"]} if "of" in schema else {}
        return {
            name: given[name] if name in given else self.of({**whose, **member}, name, depth=depth + 1)
            for name, member in members.items()
        }

    def _array(self, schema: Schema, name: str, depth: int) -> list[Any]:
        if "prefixItems" in schema:
            return [self.of(item, name, depth=depth + 1) for item in schema["prefixItems"]]
        if depth > _DEEPEST or "items" not in schema:
            return []
        first = self.of(schema["items"], name, depth=depth + 1)
        return [first] * max(1, int(schema.get("minItems", 1)))


def candidates(schema: Schema, name: str) -> Iterator[str]:
    """Texts that could stand in a field, the likeliest first; those that keep its rules come first."""
    found = [_BY_FORMAT[schema["format"]]] if schema.get("format") in _BY_FORMAT else []
    for pattern, texts in _BY_NAME:
        if re.search(pattern, name):
            found.extend(texts)
    if re.search(r"(?i)name$", name):
        found.append("Asha Verma" if _PEOPLE.search(str(schema.get("of", ""))) else "Indian Polity")
    found.extend((INSTANT,) if re.search(r"(At|Until|From|To)$", name) and "pattern" not in schema else ())
    found.extend(_BY_FORM)
    yield from (text for text in found if fits(text, schema))
    shortest = max(int(schema.get("minLength", 1)), 1)
    yield ("Indian Polity " * shortest)[:shortest]


def number(schema: Schema, name: str) -> float | int:
    """A number within the schema's bounds."""
    lowest = schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
    wanted = next((value for pattern, value in _NUMBERS if re.search(pattern, name, re.IGNORECASE)), 1)
    highest = schema.get("maximum", schema.get("exclusiveMaximum", wanted + 2) - 1)
    value = max(lowest, min(highest, wanted))
    return float(value) if schema["type"] == "number" else int(value)
