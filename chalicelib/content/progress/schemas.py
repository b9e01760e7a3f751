"""What requests about progress take and answer."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from chalicelib.content.progress.items import NoteProgress, Remark
from chalicelib.platform.http import Characters, Instant, ListQuery, RequestModel, ResponseModel
from chalicelib.platform.ids import Ulid

MAX_PAGES = 5_000


class PageRead(RequestModel):
    """A page that was turned to. ``totalPages`` counts only where the note itself has none."""

    last_page_read: Annotated[int, Field(ge=1, le=MAX_PAGES, examples=[12])]
    total_pages: Annotated[int, Field(ge=1, le=MAX_PAGES)] | None = Field(default=None, examples=[52])
    read_at: Instant | None = Field(
        default=None, description="When it was read, at most 30 days ago; the server's time where it is left out"
    )


class NewRemark(RequestModel):
    """What to write down about a page."""

    text: Annotated[str, Characters(1, 2_000, multiline=True)] = Field(examples=["Compare with article 32"])


class RemarkAnswer(ResponseModel):
    """What the caller wrote down about a page; nobody else reads it."""

    note_id: str
    page: int
    text: str
    created_at: Instant
    updated_at: Instant

    @classmethod
    def of(cls, remark: Remark) -> RemarkAnswer:
        """From the item."""
        return cls.model_validate({name: getattr(remark, name) for name in cls.model_fields})


class BookmarkAnswer(ResponseModel):
    """A page that the caller marked."""

    note_id: str
    page: int
    created_at: Instant


class BookmarkRow(BookmarkAnswer):
    """A bookmark in the list. ``available``: the note is published; else ``title`` is null."""

    title: str | None
    available: bool


class KeptQuery(ListQuery):
    """Whose bookmarks or remarks: of one note, or of all."""

    note_id: Ulid | None = None


class ProgressAnswer(ResponseModel):
    """How far the caller got; zeros before the first page."""

    last_page_read: int = 0
    furthest_page: int = 0
    total_pages: int = 0
    percent_complete: float = 0
    last_read_at: Instant | None = None
    completed_at: Instant | None = None

    @classmethod
    def of(cls, progress: object, page_count: int) -> ProgressAnswer:
        """From the item, or from nothing; ``page_count``: the note's, before the first page."""
        if not isinstance(progress, NoteProgress) or progress.last_read_at is None:
            return cls(total_pages=page_count)
        return cls.model_validate({name: getattr(progress, name) for name in cls.model_fields})
