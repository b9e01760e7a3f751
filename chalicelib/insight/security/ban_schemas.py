"""What banning takes and answers."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema, model_validator

from chalicelib.insight.security.items import ALL_NOTES, Ban, Banned
from chalicelib.insight.security.naming import Named
from chalicelib.platform.access.card import plain
from chalicelib.platform.http import Characters, Instant, ListQuery, PathRule, QueryModel, RequestModel, ResponseModel
from chalicelib.platform.ids import Ulid, is_ulid

MAX_HOURS = 8_760
_DEVICE = "[0-9a-f]{32}"


class NoteOrAll(PathRule):
    """A note's id in either case, or ``*``."""

    def __init__(self) -> None:
        super().__init__(r"\*|[0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{26}")

    def read(self, text: str) -> str | None:
        return text.upper() if text == ALL_NOTES or is_ulid(text) else None


def _note_or_all(text: str) -> str:
    read = NoteOrAll().read(text)
    if read is None:
        raise ValueError("must be a note's id, or *")
    return read


NotesId = Annotated[
    str,
    Characters(1, 26),
    AfterValidator(_note_or_all),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^(\*|[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25})$",
            "minLength": 1,
            "maxLength": 26,
            "examples": ["*"],
        }
    ),
]
Hours = Annotated[int, Field(ge=1, le=MAX_HOURS, examples=[48])]
Reason = Annotated[str, Characters(3, 500, multiline=True)]
Device = Annotated[str, Characters(32, 32, pattern=f"^{_DEVICE}$")]


class NoteBanRequest(RequestModel):
    """From which note (``*``: from all), for how long, and why."""

    note_id: NotesId = Field(description="A note's id, or `*` for every note")
    duration_hours: Hours
    reason: Reason = Field(examples=["Pages of this note were found in a channel"])


class LiftQuery(QueryModel):
    """Why a ban is lifted."""

    reason: Reason = Field(examples=["The student explained"])


def _one_device(view_session_id: str | None, user_agent_hash: str | None) -> None:
    if (view_session_id is None) == (user_agent_hash is None):
        raise ValueError("name either viewSessionId or userAgentHash")


class DeviceBanRequest(RequestModel):
    """Which device: that of a view session, or by its user-agent hash."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "userAgentHash": "0123456789abcdef0123456789abcdef",
                "durationHours": 48,
                "reason": "A script reads under this user agent",
            }
        }
    )
    view_session_id: Ulid | None = None
    user_agent_hash: Device | None = Field(default=None, examples=["0123456789abcdef0123456789abcdef"])
    duration_hours: Hours
    reason: Reason = Field(examples=["A script reads under this user agent"])

    @model_validator(mode="after")
    def _names_one(self) -> DeviceBanRequest:
        _one_device(self.view_session_id, self.user_agent_hash)
        return self


class DeviceLiftQuery(LiftQuery):
    """Which device's ban is lifted, and why."""

    view_session_id: Ulid | None = None
    user_agent_hash: Device | None = Field(default=None, examples=["0123456789abcdef0123456789abcdef"])

    @model_validator(mode="after")
    def _names_one(self) -> DeviceLiftQuery:
        _one_device(self.view_session_id, self.user_agent_hash)
        return self


class BansQuery(ListQuery):
    """Whose bans; with ``active`` those that run."""

    user_id: Ulid | None = None
    active: bool = Field(default=True, description="Whether to leave out those that are over or were lifted")


class BanView(ResponseModel):
    """A ban. ``noteId``: the note, or `*` for all; ``userAgentHash``: the device of one of a device."""

    user_id: str
    what: Banned
    note_id: str | None
    user_agent_hash: str | None
    starts_at: Instant
    ends_at: Instant
    reason: str
    created_by_user_id: str
    lifted_at: Instant | None = None
    lifted_by_user_id: str | None = None

    @classmethod
    def of(cls, ban: Ban) -> BanView:
        """A ban, from wherever it was read."""
        return cls.model_validate(_shown(ban))


class BanRow(BanView):
    """A ban in a list, with the names of whom and what it is about."""

    user_name: str | None
    note_title: str | None
    created_by_name: str | None

    @classmethod
    def named(cls, ban: Ban, names: Named) -> BanRow:
        """A ban and what is called how."""
        row = _shown(ban)
        own = {
            "userName": names.name(row["userId"]),
            "noteTitle": names.title(row["noteId"]),
            "createdByName": names.name(row["createdByUserId"]),
        }
        return cls.model_validate({**row, **own})


def _shown(ban: Ban) -> dict[str, Any]:
    row = plain(ban.row)
    target = row.pop("target")
    of_note = row["what"] == Banned.NOTE
    return {**row, "noteId": target if of_note else None, "userAgentHash": None if of_note else target}
