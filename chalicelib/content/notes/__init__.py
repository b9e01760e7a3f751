"""PDF notes: what editors write and students find."""

from chalicelib.content.notes.errors import NoteNotFound
from chalicelib.content.notes.events import NoteFileReplaced, NotePublished, NoteUnpublished, NoteUpdated
from chalicelib.content.notes.items import Note, PagesState
from chalicelib.content.notes.resources import reader_entity
from chalicelib.content.notes.viewer import NOTE_MAX_RANGE_BYTES, recommended_chunk

__all__ = [
    "NOTE_MAX_RANGE_BYTES",
    "Note",
    "NoteFileReplaced",
    "NoteNotFound",
    "NotePublished",
    "NoteUnpublished",
    "NoteUpdated",
    "PagesState",
    "reader_entity",
    "recommended_chunk",
]
