"""What reading takes and answers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from chalicelib.platform.http import Characters, Instant, RequestModel, ResponseModel


class Opening(RequestModel):
    """How a view session is opened. ``acceptNotice``: the version of the notice that the reader agrees to."""

    device_hint: Annotated[str, Characters(1, 64)] | None = Field(default=None, examples=["Android 15, app 4.2"])
    accept_notice: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


class Notice(ResponseModel):
    """What readers are told before their first page. Another text has another version."""

    version: int
    text: str


class WatermarkDisplay(ResponseModel):
    """How it is drawn: opacity 0 to 1, angle in degrees, spacing in CSS pixels, offsets in per cent of the spacing."""

    opacity: float
    strict_opacity: float
    angle_deg: int
    spacing: int
    offset_x: int
    offset_y: int
    shift_every_seconds: int
    texts: list[str]


class Watermark(ResponseModel):
    """Who reads what, to be drawn over every page.

    `watermarkSignature` is an HMAC-SHA256 over all other members in the canonical form of RFC 8785, base64url.
    """

    display_name: str
    masked_email: str
    masked_phone: str | None
    user_hash: str
    note_id: str
    note_title: str
    subject_name: str
    topic_names: list[str]
    view_session_id: str
    trace_code: str
    watermark_seed: str
    forensic_seed: str
    issued_at: Instant
    rotate_after_seconds: int
    display: WatermarkDisplay
    key_id: str
    watermark_signature: str


class OwnWatermark(ResponseModel):
    """Who is signed in, to be drawn as a banner over questions, practice and tests; signed as `Watermark` is."""

    display_name: str
    masked_email: str
    user_hash: str
    issued_at: Instant
    key_id: str
    watermark_signature: str


class Renewal(ResponseModel):
    """A view session that goes on, under a new token."""

    view_token: str
    expires_at: Instant
    renew_after_seconds: int
    watermark: Watermark


class ViewSessionAnswer(ResponseModel):
    """A view session: all that a viewer needs to ask for ranges.

    `pagesAvailable`: single pages can be asked for too. `notice`: what the reader has agreed to.
    """

    view_session_id: str
    view_token: str
    expires_at: Instant
    renew_after_seconds: int
    content_length: int
    page_count: int
    etag: str
    max_range_bytes: int
    recommended_chunk_bytes: int
    pages_available: bool
    watermark: Watermark
    notice: Notice
