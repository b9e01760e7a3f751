"""Leak cases: what is taken and answered."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from chalicelib.insight.security.items import LeakCase, LeakStatus
from chalicelib.insight.security.naming import Named
from chalicelib.insight.security.trace_schemas import TraceCode
from chalicelib.platform.access.card import plain
from chalicelib.platform.http import Characters, Instant, ListQuery, RequestModel, ResponseModel
from chalicelib.platform.ids import Ulid

Status = Literal["OPEN", "IDENTIFIED", "ACTIONED", "CLOSED"]
ActionType = Literal["BAN", "BLOCK", "NOTICE_SENT", "OTHER"]
MAX_FRAGMENTS = 10
MAX_EVIDENCE = 10


def _distinct(values: list[str]) -> list[str]:
    if len(set(values)) != len(values):
        raise ValueError("must not name anything twice")
    return values


Title = Annotated[str, Characters(3, 200)]
Address = Annotated[str, StringConstraints(min_length=8, max_length=1_000, pattern=r"^https?://[^\s<>\"]+$")]
Evidence = Annotated[list[Ulid], Field(max_length=MAX_EVIDENCE), AfterValidator(_distinct)]
Fragments = Annotated[list[TraceCode], Field(max_length=MAX_FRAGMENTS), AfterValidator(_distinct)]
Remarks = Annotated[str, Characters(1, 5_000, multiline=True)]


class DoneRequest(RequestModel):
    """Something that was done because of a leak."""

    type: ActionType
    note: Annotated[str, Characters(1, 500, multiline=True)] | None = None


Done = Annotated[list[DoneRequest], Field(max_length=10)]


class NewLeakCase(RequestModel):
    """A leak. ``fragments``: trace codes as far as they can be read; they are traced at once."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"title": "Fundamental Rights in a channel", "fragments": ["W7K2-9?QD"]}}
    )
    title: Title = Field(examples=["Fundamental Rights in a channel"])
    source_url: Address | None = Field(default=None, examples=["https://example.com/post/1"])
    evidence_asset_ids: Evidence = Field(default_factory=list)
    note_id: Ulid | None = None
    fragments: Fragments = Field(default_factory=list)
    suspect_user_id: Ulid | None = None
    notes: Remarks | None = None


class LeakCaseChange(RequestModel):
    """What changes. Lists replace the list, but ``actions``, which are added to what was done; null removes."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"status": "ACTIONED", "actions": [{"type": "BAN", "note": "From all notes, for a month"}]}
        }
    )
    title: Title | None = None
    source_url: Address | None = None
    evidence_asset_ids: Evidence | None = None
    note_id: Ulid | None = None
    fragments: Fragments | None = None
    suspect_user_id: Ulid | None = None
    notes: Remarks | None = None
    status: Status | None = None
    actions: Done = Field(default_factory=list)

    def given(self) -> dict[str, Any]:
        """The members that are named, by attribute; ``actions`` apart."""
        always = {"title", "status", "evidence_asset_ids", "fragments"}
        named = {name: getattr(self, name) for name in self.model_fields_set - {"actions"}}
        return {name: value for name, value in named.items() if value is not None or name not in always}


class LeakCasesQuery(ListQuery):
    """Which cases."""

    status: Status | None = None


class LeakCandidate(ResponseModel):
    """A watermark that fits. ``matched``: the fragments that it fits."""

    user_id: str
    user_name: str | None
    note_id: str
    note_title: str | None
    view_session_id: str
    trace_code: str
    issued_at: Instant
    matched: list[str]


class LeakAction(ResponseModel):
    """Something that was done, by whom and when."""

    type: str = Field(examples=["BAN"])
    note: str | None
    at: Instant
    by_user_id: str


class LeakCaseRow(ResponseModel):
    """A case in a list. ``candidates``: how many watermarks fit."""

    id: str
    title: str
    status: LeakStatus
    note_id: str | None
    suspect_user_id: str | None
    candidates: int
    created_by_user_id: str
    created_at: Instant
    updated_at: Instant

    @classmethod
    def of(cls, case: LeakCase) -> LeakCaseRow:
        """A case as lists have it."""
        return cls.model_validate(plain(case.row))


class LeakCaseView(ResponseModel):
    """A leak case in full."""

    id: str
    title: str
    source_url: str | None
    evidence_asset_ids: list[str]
    note_id: str | None
    note_title: str | None
    fragments: list[str]
    candidates: list[LeakCandidate]
    suspect_user_id: str | None
    suspect_name: str | None
    status: LeakStatus
    actions: list[LeakAction]
    notes: str | None
    created_by_user_id: str
    created_at: Instant
    updated_at: Instant
    version: int

    @classmethod
    def named(cls, case: LeakCase, names: Named) -> LeakCaseView:
        """A case with the names of people and notes."""
        own = ("id", "title", "source_url", "note_id", "suspect_user_id", "status", "notes", "created_by_user_id")
        facts = {name: getattr(case, name) for name in (*own, "created_at", "updated_at", "version")}
        candidates = [
            {**one, "user_name": names.name(one["user_id"]), "note_title": names.title(one["note_id"])}
            for one in (plain(one) for one in case.candidates)
        ]
        return cls.model_validate(
            {
                **facts,
                "evidence_asset_ids": list(case.evidence_asset_ids),
                "fragments": list(case.fragments),
                "candidates": candidates,
                "actions": [plain(one) for one in case.actions],
                "note_title": names.title(case.note_id),
                "suspect_name": names.name(case.suspect_user_id),
            }
        )
