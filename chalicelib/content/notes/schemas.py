"""What requests about notes take and answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from chalicelib.content.notes.items import Note, PagesState, values_of
from chalicelib.content.progress import ProgressAnswer
from chalicelib.platform import clock
from chalicelib.platform.access.decisions import Decision
from chalicelib.platform.http import Characters, Instant, ListQuery, RequestModel, ResponseModel
from chalicelib.platform.ids import Ulid


def distinct(values: list[str]) -> list[str]:
    """A list in which nothing stands twice."""
    if len(set(values)) != len(values):
        raise ValueError("must not repeat one")
    return values


Title = Annotated[str, Characters(3, 200)]
Description = Annotated[str, Characters(0, 5000, multiline=True)]
Language = Annotated[str, Characters(2, 35, pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
Ids = Annotated[list[Ulid], Field(max_length=10), AfterValidator(distinct)]
PreviewPages = Annotated[int, Field(ge=1, le=10)]
OrderIndex = Annotated[int, Field(ge=0, le=999_999)]

UNGIVEN: Any = None
"""The default of a member that may be left out of a change, but not be ``null``."""


class NewNote(RequestModel):
    """A note to create, as a draft."""

    subject_id: Ulid
    title: Title = Field(examples=["Fundamental Rights"])
    description: Description | None = None
    is_premium: bool
    file_asset_id: Ulid
    topic_ids: Ids = Field(default_factory=list)
    tag_ids: Ids = Field(default_factory=list)
    language: Language = "en"
    preview_allowed: bool = False
    preview_pages: PreviewPages = 3
    order_index: OrderIndex = 0


class NoteChange(RequestModel):
    """What to change of a note: only the members that are given; ``topicIds`` and ``tagIds`` replace the set."""

    subject_id: Ulid = UNGIVEN
    title: Title = UNGIVEN
    description: Description | None = None
    is_premium: bool = UNGIVEN
    file_asset_id: Ulid = UNGIVEN
    topic_ids: Ids = UNGIVEN
    tag_ids: Ids = UNGIVEN
    language: Language = UNGIVEN
    preview_allowed: bool = UNGIVEN
    preview_pages: PreviewPages = UNGIVEN
    order_index: OrderIndex = UNGIVEN
    publish_at: Instant | None = Field(
        default=None, description="When a draft publishes itself; null: not by itself", examples=[None]
    )

    def given(self) -> dict[str, Any]:
        """The members that the request named, by their names inside; instants as the table keeps them."""
        named = {name: getattr(self, name) for name in self.model_fields_set}
        if self.publish_at is not None:
            named["publish_at"] = clock.parse_iso(clock.iso(self.publish_at))
        return named


class Unpublishing(RequestModel):
    """Why a note is taken back."""

    reason: Annotated[str, Characters(1, 500)] | None = None


class NotesQuery(ListQuery):
    """Which notes, newest first."""

    subject_id: Ulid | None = None
    topic_id: Ulid | None = None
    include_subtopics: bool = False
    tag_id: Ulid | None = None
    premium: bool | None = None
    language: Language | None = None
    q: Annotated[str, Characters(2, 200)] | None = Field(
        default=None, description="Words to search for; answers SEARCH_UNAVAILABLE as long as there is no index"
    )
    include: Literal["progress"] | None = None


def locks(decision: Decision) -> dict[str, Any]:
    """``locked`` and ``deny_reason`` of a thing in a list (ENT-30)."""
    return {"locked": not decision.allowed, "deny_reason": None if decision.allowed else decision.reason}


class NoteRow(ResponseModel):
    """A published note in a list. ``locked``: the caller may not open it, for the reason ``denyReason``. ``progress``
    only where it was asked for.
    """

    id: str
    title: str
    description_snippet: str
    subject_id: str
    topic_ids: list[str]
    tag_ids: list[str]
    is_premium: bool
    preview_allowed: bool
    locked: bool
    deny_reason: str | None = Field(default=None, examples=["NO_ENTITLEMENT"])
    page_count: int
    language: str
    published_at: Instant | None
    progress: ProgressAnswer | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any], decision: Decision, progress: ProgressAnswer | None = None) -> NoteRow:
        """From the row of an index list, and whether the caller may open it."""
        own = {name: row[name] for name in cls.model_fields if name in row}
        return cls.model_validate(
            {**own, **locks(decision), "description_snippet": row["snippet"] or "", "progress": progress}
        )


class Named(ResponseModel):
    """Something with a name."""

    id: str
    name: str


class TopicOfNote(Named):
    """A topic with the names on the way to it, from the top."""

    path: list[str]

    @classmethod
    def of(cls, topic: Mapping[str, Any]) -> TopicOfNote:
        """From what the note keeps of it."""
        return cls(id=topic["id"], name=topic["name"], path=topic["path"])


class NoteAccess(ResponseModel):
    """Whether the caller may open the note, and why (not)."""

    allowed: bool
    reason: str


class ViewerFacts(ResponseModel):
    """What a viewer must know."""

    max_range_bytes: int


class PracticeFacts(ResponseModel):
    """How much there is to practise on the note's topics."""

    questions: int


class NoteAnswer(NoteRow):
    """A published note's metadata."""

    description: str
    subject: Named
    topics: list[TopicOfNote]
    tags: list[Named]
    updated_at: Instant
    access: NoteAccess
    practice: PracticeFacts | None
    viewer: ViewerFacts


class NoteFile(ResponseModel):
    """The file of a note, for staff."""

    file_asset_id: str
    file_name: str
    size_bytes: int
    page_count: int


class EarlierFile(ResponseModel):
    """A file that a note had before."""

    file_asset_id: str
    file_version: int
    replaced_at: Instant
    by_user_id: str


class NoteCounts(ResponseModel):
    """How much hangs on a note."""

    topics: int
    tags: int
    earlier_files: int


class PublishError(ResponseModel):
    """Why a note did not publish itself at its instant; ``missing`` as in NOTE_INCOMPLETE."""

    code: str
    missing: list[str]
    at: Instant


class StaffNote(ResponseModel):
    """A note as its editors see it."""

    id: str
    subject_id: str
    subject_name: str
    subject_active: bool
    title: str
    description: str | None
    is_premium: bool
    is_published: bool
    preview_allowed: bool
    preview_pages: int
    file: NoteFile
    page_count: int
    file_version: int
    file_history: list[EarlierFile]
    topic_ids: list[str]
    topics: list[TopicOfNote]
    tag_ids: list[str]
    tags: list[Named]
    language: str
    order_index: int
    counts: NoteCounts
    pages_state: PagesState
    preview_asset_id: str | None
    publish_at: Instant | None
    publish_error: PublishError | None
    published_at: Instant | None
    first_published_at: Instant | None
    created_by_user_id: str
    updated_by_user_id: str
    created_at: Instant
    updated_at: Instant
    version: int
    warnings: list[Literal["NO_TOPICS"]]

    @classmethod
    def of(cls, note: Note) -> StaffNote:
        """From the item."""
        values = values_of(note)
        file = values["file"]
        shown = {
            "file_asset_id": values["file_asset_id"],
            "file_name": file["file_name"],
            "size_bytes": file["size_bytes"],
            "page_count": values["page_count"],
        }
        counts = {
            "topics": len(values["topic_ids"]),
            "tags": len(values["tag_ids"]),
            "earlier_files": len(values["file_history"]),
        }
        own = {name: values[name] for name in cls.model_fields if name in values}
        own["topics"] = [TopicOfNote.of(topic) for topic in values["topics"]]
        warnings = [] if values["topic_ids"] else ["NO_TOPICS"]
        return cls.model_validate(
            {**own, "file": shown, "counts": counts, "version": note.version, "warnings": warnings}
        )
