"""What a viewer reports, and what it is told."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from chalicelib.content.shield.judging import Action, ReportType
from chalicelib.platform.http import Instant, RequestModel, ResponseModel

MOST_EVENTS = 50


class ViewEvent(RequestModel):
    """Something that happened around the viewer; ``at`` by the device's clock."""

    type: ReportType = Field(examples=["PRINT_ATTEMPT"])
    at: Instant = Field(examples=["2026-01-31T10:00:00.000Z"])
    page: Annotated[int, Field(ge=1, le=5_000)] | None = Field(default=None, examples=[12])


class ViewEvents(RequestModel):
    """What a viewer noticed since it last said so; the same event again counts once."""

    events: Annotated[list[ViewEvent], Field(min_length=1, max_length=MOST_EVENTS)]


class ViewEventsAnswer(ResponseModel):
    """What the viewer does now: nothing, warn with ``message``, or blur the page and say so."""

    action: Action = Field(examples=["WARN"])
    watermark_opacity: float = Field(examples=[0.12])
    message: str | None = Field(default=None, examples=["Unauthorized copying was noticed and recorded."])
