"""The table of contents of a note (NOTE-77): part of what a viewer shows, and of what a buyer sees before."""

from __future__ import annotations

from pydantic import Field

from chalicelib.content import files
from chalicelib.content.notes.items import Note
from chalicelib.platform.http import ResponseModel


class OutlineEntry(ResponseModel):
    """One heading; ``page`` counts from 1, null where it is unknown; ``level`` counts from 1."""

    title: str
    page: int | None
    level: int


class NoteOutline(ResponseModel):
    """The headings of a note's file in their order; none where the file has no table of contents."""

    page_count: int
    items: list[OutlineEntry] = Field(max_length=1_000)


def outline(note: Note) -> NoteOutline:
    """The table of contents of the file that a note has now. One round trip."""
    pages = int(note.page_count)
    entries = [OutlineEntry.model_validate(entry) for entry in files.outline_of(str(note.file_asset_id))]
    return NoteOutline(page_count=pages, items=entries)
