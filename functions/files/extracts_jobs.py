"""What is cut of the files of published notes."""

from __future__ import annotations

from chalicelib.content.notes import extracts
from chalicelib.content.notes.events import NoteUpdated
from chalicelib.platform import context
from chalicelib.platform.work import Grant, consumer


@consumer(
    on=[NoteUpdated],
    batch=1,
    memory=2048,
    timeout=900,
    storage=4096,
    grants=[
        Grant.TABLE_READ,
        Grant.TABLE_WRITE,
        Grant.FILES_READ,
        Grant.FILES_UPLOAD,
        Grant.FILES_CONFIRM,
        Grant.FILES_REMOVE,
    ],
)
def cut_note(event: NoteUpdated) -> None:
    """Make the preview of a published note and, where a stage wants them, files of its single pages."""
    extracts.make(event.note_id, context.current().remaining)
