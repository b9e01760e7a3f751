"""Base models of requests and answers (HTTP-10 … HTTP-16): camelCase outside, strict types, unknown fields refused."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from annotated_types import GroupedMetadata
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel

from chalicelib.platform import clock

T = TypeVar("T")

DEFAULT_LIMIT = 20
MAX_LIMIT = 100
_BIDI_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class RequestModel(BaseModel):
    """The body of a request: strict types, no unknown field."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        strict=True,
        frozen=True,
        populate_by_name=False,
        defer_build=True,
    )


class QueryModel(BaseModel):
    """Query parameters: text is parsed, unknown parameters are refused."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True, defer_build=True)


class ResponseModel(BaseModel):
    """What an endpoint answers."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", defer_build=True)


class Page(ResponseModel, Generic[T]):
    """One page of a list; ``nextCursor`` is null at the end."""

    items: list[T]
    next_cursor: str | None = Field(default=None, max_length=2048)


class ListQuery(QueryModel):
    """What every list takes."""

    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="Items in a page")
    cursor: str | None = Field(
        default=None, min_length=1, max_length=2048, description="`nextCursor` of the page before"
    )


def clean_text(multiline: bool) -> Any:
    """A validator that makes text NFC and trims it, and refuses control characters (HTTP-13)."""

    def clean(value: object) -> object:
        if not isinstance(value, str):
            return value
        text = unicodedata.normalize("NFC", value).strip()
        for character in text:
            if multiline and character in "\n\t":
                continue
            if unicodedata.category(character) in {"Cc", "Cs"} or character in _BIDI_OVERRIDES:
                raise ValueError("must not contain control characters")
        return text

    return clean


class Characters(GroupedMetadata):
    """A text's rule where a type checker looks: ``Annotated[str, Characters(1, 120)]`` is ``text(1, 120)``."""

    def __init__(self, minimum: int, maximum: int, *, multiline: bool = False, pattern: str | None = None) -> None:
        self._constraints = StringConstraints(min_length=minimum, max_length=maximum, pattern=pattern)
        self._cleaning = BeforeValidator(clean_text(multiline))

    def __iter__(self) -> Iterator[Any]:
        yield self._constraints
        yield self._cleaning


def text(minimum: int, maximum: int, *, multiline: bool = False, pattern: str | None = None) -> Any:
    """A text type: NFC, trimmed, without control characters; ``minimum`` to ``maximum`` code points (HTTP-13)."""
    return Annotated[str, Characters(minimum, maximum, multiline=multiline, pattern=pattern)]


def _instant(value: object) -> object:
    if isinstance(value, str):
        try:
            return clock.parse_iso(value)
        except ValueError as error:
            raise ValueError("must be an ISO 8601 instant with Z or an offset") from error
    return value


def _utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


Instant = Annotated[
    datetime,
    BeforeValidator(_instant),
    AfterValidator(_utc),
    PlainSerializer(clock.iso, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-01-31T10:00:00.000Z"]}),
]
"""An instant: UTC with milliseconds and ``Z`` in answers; ``Z`` or an offset required in requests (HTTP-15)."""
