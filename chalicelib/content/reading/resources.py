"""Notes as viewers load them, with the reader (and the person) in the same batch read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from chalicelib.content.notes import Note, NoteNotFound, reader_entity
from chalicelib.content.progress import Bookmarks
from chalicelib.content.reading import outbox, preview
from chalicelib.content.reading.items import NoteReader
from chalicelib.identity.accounts import User
from chalicelib.platform.access.resources import Resource
from chalicelib.platform.store import Key


def _note(path: Mapping[str, str], _: str) -> Key:
    return Note.place(path["noteId"])


def _reader(path: Mapping[str, str], caller_id: str) -> Key:
    return NoteReader.place(caller_id, path["noteId"])


def _person(_: Mapping[str, str], caller_id: str) -> Key:
    return User.place(caller_id)


READ_NOTE = Resource(
    param="note",
    item=Note,
    key=_note,
    entity=reader_entity,
    missing=NoteNotFound,
    beside=(_reader,),
    refused=partial(outbox.refused_by_ban, outbox.CONTENT),
)
"""``request.beside``: the reader."""

MARKED_NOTE = Resource(
    param="note",
    item=Note,
    key=_note,
    entity=reader_entity,
    missing=NoteNotFound,
    beside=(lambda _, caller_id: Bookmarks.place(caller_id),),
)
"""``request.beside``: the caller's bookmarks."""

PAGED_NOTE = READ_NOTE._replace(refused=partial(outbox.refused_by_ban, outbox.PAGE))
"""``request.beside``: the reader."""

PREVIEWED_NOTE = READ_NOTE._replace(refused=preview.refused)
"""``request.beside``: the reader."""

OPENED_NOTE = Resource(
    param="note", item=Note, key=_note, entity=reader_entity, missing=NoteNotFound, beside=(_reader, _person)
)
"""``request.beside``: the reader and the person."""
