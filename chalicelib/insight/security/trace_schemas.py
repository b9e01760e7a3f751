"""What tracing and verifying watermarks take and answer."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema

from chalicelib.insight.security.ban_schemas import Reason
from chalicelib.platform.http import Characters, Instant, RequestModel, ResponseModel
from chalicelib.platform.http.periods import From, To
from chalicelib.platform.ids import Ulid

_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None, "–": None})
_CODE = re.compile(r"[0-9A-HJKMNP-TV-Z]{4}[0-9A-HJKMNP-TV-Z?]{0,8}")
_HASH = re.compile(r"[0-9A-HJKMNP-TV-Z]{10}")


def _read_code(text: str) -> str:
    """A trace code as it is kept: without hyphens, what looks like a digit is one."""
    code = text.upper().translate(_MISREAD)
    if _CODE.fullmatch(code) is None:
        raise ValueError("must be 4 to 12 characters of a code, ? for those after the fourth that cannot be read")
    return code


def _read_hash(text: str) -> str:
    found = text.upper().translate(_MISREAD)
    if _HASH.fullmatch(found) is None:
        raise ValueError("must be the 10 characters of a user hash")
    return found


TraceCode = Annotated[
    str,
    Characters(4, 24),
    AfterValidator(_read_code),
    WithJsonSchema({"type": "string", "minLength": 4, "maxLength": 24, "examples": ["W7K2-9?QD"]}),
]
UserHashText = Annotated[
    str,
    Characters(10, 20),
    AfterValidator(_read_hash),
    WithJsonSchema({"type": "string", "minLength": 10, "maxLength": 20, "examples": ["7QXK2M4N8P"]}),
]


class TraceRequest(RequestModel):
    """What is known of a watermark; all that is given must fit.

    ``traceCode``: whole, or at least its first four characters, ``?`` for what cannot be read after them. ``noteId``
    by itself needs ``from`` and ``to``, at most 7 days apart.
    """

    model_config = ConfigDict(
        json_schema_extra={"example": {"traceCode": "W7K2-9?QD", "reason": "A page of it was posted in a channel"}}
    )
    trace_code: TraceCode | None = None
    user_hash: UserHashText | None = None
    view_session_id: Ulid | None = None
    note_id: Ulid | None = None
    from_: From | None = Field(default=None, alias="from")
    to: To | None = None
    reason: Reason | None = Field(default=None, examples=["A page of it was posted in a channel"])


class TracedPerson(ResponseModel):
    """Somebody whom a watermark named; of an erased account only the id is left."""

    id: str
    name: str | None
    email: str | None
    phone: str | None


class TracedNote(ResponseModel):
    """The note that was read."""

    id: str
    title: str | None


class Candidate(ResponseModel):
    """A watermark that fits, with who read what from where. ``matched``: by which of the given clues."""

    user: TracedPerson
    note: TracedNote
    view_session_id: str
    trace_code: str = Field(examples=["W7K2-9MQD-X1T5"])
    issued_at: Instant
    session_start: Instant | None
    ip: str | None
    user_agent: str | None
    matched: list[str] = Field(examples=[["traceCode"]])


class Traced(ResponseModel):
    """At most 50, newest first. ``exact``: a whole trace code was given, and there is one."""

    candidates: list[Candidate]
    exact: bool


class VerifyRequest(RequestModel):
    """A watermark's facts as the viewer had them, and their signature."""

    payload: Annotated[dict[Annotated[str, Field(max_length=100)], Any], Field(max_length=50)] = Field(
        examples=[{"traceCode": "W7K2-9MQD-X1T5", "keyId": "k1"}]
    )
    watermark_signature: Annotated[str, Characters(1, 200)] = Field(examples=["n5ZrZ0tYw3mVQ5Zl0K9v0xJ8sJt0H3f5"])
    reason: Reason | None = None


class Verified(ResponseModel):
    """Whether we signed exactly these facts; who, in which session and when only if we did."""

    valid: bool
    key_id: str | None
    user_id: str | None = None
    view_session_id: str | None = None
    issued_at: Instant | None = None
