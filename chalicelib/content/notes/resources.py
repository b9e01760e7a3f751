"""Notes as functions load them and policies see them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.content.notes.errors import NoteNotFound
from chalicelib.content.notes.items import Note
from chalicelib.content.progress import NoteProgress
from chalicelib.platform.access.resources import Entity, Resource, Thing
from chalicelib.platform.store import Key


def _entity(note: Note | Mapping[str, Any], published: bool) -> Entity:
    given = note if isinstance(note, Mapping) else {name: getattr(note, name) for name in _NAMES}
    note_id = str(given["id"])
    attributes = {
        "noteId": note_id,
        "subjectId": str(given["subject_id"]),
        "topicPathIds": [str(topic) for topic in given["topic_path_ids"]],
        "published": published,
        "premium": bool(given["is_premium"]),
        "preview": bool(given["preview_allowed"]),
    }
    return Entity("Note", note_id, attributes)


_NAMES = ("id", "subject_id", "topic_path_ids", "is_premium", "preview_allowed")


def reader_entity(note: Note) -> Entity:
    """A note as readers meet it: published only while its subject is active."""
    return _entity(note, published=bool(note.is_published and note.subject_active))


def row_entity(row: Mapping[str, Any]) -> Entity:
    """The same of a row of an index list."""
    return _entity(row, published=bool(row["is_published"] and row["subject_active"]))


def staff_entity(note: Note) -> Entity:
    """A note as its editors meet it."""
    return _entity(note, published=bool(note.is_published))


def _key(path: Mapping[str, str], _: str) -> Key:
    return Note.place(path["noteId"])


def _progress(path: Mapping[str, str], caller_id: str) -> Key:
    return NoteProgress.place(caller_id, path["noteId"])


BROWSED_NOTE = Resource(
    param="note", item=Note, key=_key, entity=reader_entity, missing=NoteNotFound, beside=(_progress,)
)
"""A published note with the reader's progress beside it."""

EDITED_NOTE = Resource(param="note", item=Note, key=_key, entity=staff_entity, missing=NoteNotFound)
"""Any note, for staff."""

NOTE = Thing(
    "Note", Note, lambda note_id, _: Note.place(note_id), reader_entity, NoteNotFound, staff_entity=staff_entity
)
