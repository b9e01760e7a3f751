"""Questions to the audit trail, and what it answers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from chalicelib.platform.http import Characters, Instant, ResponseModel
from chalicelib.platform.http.periods import From, PeriodQuery, To
from chalicelib.platform.ids import is_ulid

ME = "me"
MAX_LINES = 5_000
_NAME = r"^[a-z][a-zA-Z_]*(\.[a-zA-Z_]+)*$"
_EXAMPLE = "01JH8Z6V3N4Q5R6S7T8V9WXYZ0"

ActorId = Annotated[
    str,
    BeforeValidator(lambda given: given.upper() if isinstance(given, str) and is_ulid(given) else given),
    Field(pattern=r"^(me|SYSTEM|ANONYMOUS|[0-7][0-9A-HJKMNP-TV-Z]{25})$", max_length=26),
    WithJsonSchema({"type": "string", "maxLength": 26, "examples": [_EXAMPLE, ME, "SYSTEM"]}),
]


class AuditQuery(PeriodQuery):
    """Which entries; without dates those of the last 7 days."""

    actor_user_id: ActorId | None = Field(
        default=None, description="Who did it: a user, `me`, `SYSTEM`, or `ANONYMOUS` for nobody signed in"
    )
    action: Annotated[str, Characters(3, 64, pattern=_NAME)] | None = Field(
        default=None, description="What was done", examples=["user.block"]
    )
    resource_type: Annotated[str, Characters(1, 40, pattern=r"^[a-z][a-zA-Z_]*$")] | None = Field(
        default=None, description="To what kind of thing", examples=["user"]
    )
    resource_id: Annotated[str, Characters(1, 128)] | None = Field(
        default=None, description="To which one; needs `resourceType`", examples=[_EXAMPLE]
    )
    outcome: Literal["DONE", "REFUSED"] | None = None


class ExportQuery(AuditQuery):
    """Which entries to export: at most 31 days."""

    from_: From = Field(alias="from", description="From this instant or day on")
    to: To = Field(description="Before this instant, or to the end of this day")
    limit: int = Field(default=MAX_LINES, ge=1, le=MAX_LINES, description="Lines in a page")


class ActorView(ResponseModel):
    """Who did it, as they are called now."""

    id: str
    name: str
    type: str | None


class AuditEntryView(ResponseModel):
    """One entry. Of somebody who deleted the account the id stays; name and address are not shown."""

    id: str
    at: Instant
    actor_user_id: str | None = Field(description="Null for the system and for nobody signed in")
    actor_kind: Literal["USER", "SYSTEM", "ANONYMOUS"]
    actor_user_type: str | None
    actor_roles: list[str]
    actor: ActorView | None
    action: str
    resource_type: str
    resource_id: str
    outcome: Literal["DONE", "REFUSED"]
    reason: str | None
    meta: dict[str, Any] = Field(
        description="What changed: `{changed: {field: [before, after]}}`", examples=[{"changed": {"name": ["A", "B"]}}]
    )
    request_id: str
    session_id: str | None
    ip: str | None
    user_agent: str | None


class AuditActionView(ResponseModel):
    """An action that entries can name."""

    action: str
    resource_type: str
    description: str


class AuditActions(ResponseModel):
    """All of them."""

    items: list[AuditActionView]
