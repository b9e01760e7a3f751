"""Lists and bulk requests of editors, as they are asked for and answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from chalicelib.content.notes.schemas import Named, distinct
from chalicelib.platform.http import Characters, Instant, ListQuery, RequestModel, ResponseModel
from chalicelib.platform.ids import Ulid

MAX_BULK = 50
NoteIds = Annotated[list[Ulid], Field(min_length=1, max_length=MAX_BULK), AfterValidator(distinct)]
_EXAMPLE = ["01M7W40Q13T1PHW4JDV27B5ZA4"]


class StaffNotesQuery(ListQuery):
    """Which notes, last changed first."""

    subject_id: Ulid | None = None
    topic_id: Ulid | None = Field(default=None, description="Notes that name this topic themselves")
    tag_id: Ulid | None = None
    published: bool | None = Field(default=None, description="Only published ones, or only drafts; both without it")
    premium: bool | None = None
    q: Annotated[str, Characters(2, 200)] | None = Field(
        default=None, description="Words to search for; answers SEARCH_UNAVAILABLE as long as there is no index"
    )


class StaffNoteRow(ResponseModel):
    """A note in its editors' list. ``publish_failed``: it did not publish itself when it should have."""

    id: str
    title: str
    subject_id: str
    subject_name: str
    topic_ids: list[str]
    topics: list[Named]
    tag_ids: list[str]
    is_premium: bool
    is_published: bool
    preview_allowed: bool
    page_count: int
    language: str
    order_index: int
    published_at: Instant | None
    updated_at: Instant
    publish_at: Instant | None
    publish_failed: bool

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> StaffNoteRow:
        """From the row of an index list."""
        own = {name: row[name] for name in cls.model_fields}
        own["topics"] = [Named(id=topic["id"], name=topic["name"]) for topic in row["topics"]]
        return cls.model_validate(own)


class BulkPublishing(RequestModel):
    """Notes to publish."""

    note_ids: NoteIds = Field(examples=[_EXAMPLE])


class BulkUnpublishing(RequestModel):
    """Notes to take back, and why."""

    note_ids: NoteIds = Field(examples=[_EXAMPLE])
    reason: Annotated[str, Characters(1, 500)] | None = None


class BulkResult(ResponseModel):
    """How it went with one note; ``code``: the error that a request about it alone would have got."""

    id: str
    ok: bool
    code: str | None = None


class BulkAnswer(ResponseModel):
    """How it went with each, in the order of the request. ``published``: how many are as was asked for."""

    results: list[BulkResult]
    published: int
    failed: int


class BulkUnpublished(ResponseModel):
    """The same of notes that were taken back."""

    results: list[BulkResult]
    unpublished: int
    failed: int
