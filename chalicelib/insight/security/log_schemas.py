"""The access log: what is asked of it, and its lines."""

from __future__ import annotations

from pydantic import Field

from chalicelib.platform.http import Instant, ResponseModel
from chalicelib.platform.http.periods import PeriodQuery
from chalicelib.platform.ids import Ulid


class AccessLogQuery(PeriodQuery):
    """Which lines; without dates those of the last 24 hours, at most 31 days."""

    user_id: Ulid | None = None
    note_id: Ulid | None = None
    view_session_id: Ulid | None = None


class AccessLogLine(ResponseModel):
    """One request for a note's bytes. Who may not look into security sees neither address nor user agent."""

    id: str
    user_id: str | None = Field(description="Of an account that was erased: null")
    user_name: str | None
    note_id: str
    note_title: str | None
    view_session_id: str | None
    kind: str = Field(examples=["CONTENT"])
    status: int = Field(examples=[206])
    range_start: int | None
    range_end: int | None
    page: int | None
    bytes_served: int
    ip: str | None
    user_agent: str | None
    request_id: str | None
    created_at: Instant
