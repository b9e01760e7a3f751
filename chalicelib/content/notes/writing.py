"""What every write of a note consists of: the note, its entry in the editors' lists, its schedule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.content import files
from chalicelib.content.notes.errors import NoteNotFound
from chalicelib.content.notes.items import (
    Note,
    NoteDesk,
    NoteSchedule,
    desk_of,
    index_keys,
    row_for,
    schedule_of,
)
from chalicelib.platform import store

TRIES = 5
NOTE_PLACE = "NOTE"
"""What a note is to its file."""


def read(note_id: str) -> Note:
    """The note as it is now."""
    found = store.get(Note, Note.place(note_id))
    if found is None:
        raise NoteNotFound
    return found


def place_of(values: Mapping[str, Any]) -> files.Place:
    """What the file's reference carries of a note."""
    return files.Place(
        NOTE_PLACE,
        values["id"],
        published=values["is_published"],
        subject_id=values["subject_id"],
        topic_ids=values["topic_path_ids"],
    )


def insert(tx: store.Transaction, values: dict[str, Any]) -> Note:
    """Add a new note to the transaction; lost when its id is taken."""
    place = Note.place(values["id"])
    note = Note(place.pk, place.sk, row=row_for(values), **values, **index_keys(values))
    tx.put(note, when=store.absent(Note), name="note")
    tx.put(desk_of(values), name="desk")
    return note


def write_changes(tx: store.Transaction, note: Note, changed: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Add the update of a note to ``values``, of which ``changed`` are new; lost unless it still is as it was read."""
    actions = [
        getattr(Note, name).remove() if value is None else getattr(Note, name).set(value)
        for name, value in changed.items()
    ]
    keys = index_keys(values)
    tx.update(
        Note,
        note.itself,
        [
            *actions,
            *(getattr(Note, name).set(value) for name, value in keys.items()),
            Note.row.set(row_for(values)),
            Note.version.add(1),
        ],
        when=Note.version == note.version,
        name="note",
    )
    tx.put(desk_of(values), name="desk")
    if "publish_at" in changed:
        note_id, publish_at = str(note.id), changed["publish_at"]
        if publish_at is None:
            tx.delete(NoteSchedule, NoteSchedule.place(note_id), name="schedule")
        else:
            tx.put(schedule_of(note_id, publish_at, values["updated_by_user_id"]), name="schedule")


def remove(tx: store.Transaction, note: Note) -> None:
    """Add the removal of a draft; lost unless it still is as it was read. What links to it goes by the stream."""
    note_id = str(note.id)
    unpublished = (Note.version == note.version) & (Note.is_published == False)  # noqa: E712  # builds a condition
    # A preview is put without a new version.
    preview = Note.preview_asset_id
    same = preview.does_not_exist() if note.preview_asset_id is None else (preview == str(note.preview_asset_id))
    tx.delete(Note, note.itself, when=unpublished & same, name="note")
    tx.delete(NoteDesk, NoteDesk.place(note_id), name="desk")
    tx.delete(NoteSchedule, NoteSchedule.place(note_id), name="schedule")
