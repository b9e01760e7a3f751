"""What requests about sent messages take and answer."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from chalicelib.engagement.notifications.catalogue import KINDS
from chalicelib.platform.http import Characters, Instant, PathRule, RequestModel, ResponseModel
from chalicelib.platform.http.periods import PeriodQuery, To
from chalicelib.platform.messages import Channel, Status, key_of

KEYS = tuple(KINDS)
MAX_ID = 400
Address = Annotated[str, StringConstraints(min_length=3, max_length=320)]


class MessageIdRule(PathRule):
    """An id that carries a message's key; anything else names nothing."""

    def __init__(self) -> None:
        super().__init__(rf"[A-Za-z0-9_-]{{43,{MAX_ID}}}")

    def read(self, text: str) -> str | None:
        return text if super().read(text) is not None and key_of(text) is not None else None


class MessagesQuery(PeriodQuery):
    """Which messages; at most 31 days, the last 7 when nothing is said."""

    status: Status | None = None
    channel: Channel | None = None
    to: To | None = Field(default=None, alias="toDate", description="Before this instant, or to the end of this day")
    recipient: Address | None = Field(default=None, alias="to", description="One address, or one phone number")
    template_key: Annotated[str, StringConstraints(max_length=50, pattern=r"^[A-Z][A-Z0-9_]{2,49}$")] | None = None


class Resend(RequestModel):
    """Why a message goes out again."""

    reason: Annotated[str, Characters(1, 300)] | None = None


class MessageRow(ResponseModel):
    """One message in the log; `to` is masked for those who may not read users."""

    id: str
    channel: str
    to: str
    template_key: str
    message_class: str = Field(alias="class")
    status: str
    attempts: int
    error: str | None
    created_at: Instant
    sent_at: Instant | None


class MessageDetail(MessageRow):
    """A message with what was put into it; of codes and other security mails never the text."""

    user_id: str | None
    locale: str
    template_version: int | None = Field(description="Null: the built-in wording")
    subject: str | None
    payload: dict[str, Any]
    rendered_html: str | None
    rendered_text: str | None
    provider_message_id: str | None
    scheduled_at: Instant | None
    next_try_at: Instant | None
    expires_at: Instant | None
    resend_of: str | None
    correlation_id: str
