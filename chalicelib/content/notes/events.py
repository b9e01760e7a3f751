"""What changes of notes mean to others (NOTE-30)."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.content.notes.items import Note
from chalicelib.platform.events.changes import Change, translate
from chalicelib.platform.events.domain import DomainEvent


class NoteUpdated(DomainEvent):
    """A note was made, changed in whatever way, or removed. Who reacts reads the note as it is by then."""

    note_id: str
    version: int

    @property
    def key(self) -> str:
        return f"{self.note_id}#{self.version}"


class NotePublished(NoteUpdated):
    """A note became visible to students; told beside NoteUpdated."""


class NoteUnpublished(NoteUpdated):
    """A published note was taken back; told beside NoteUpdated."""


class NoteFileReplaced(NoteUpdated):
    """A note has another file than before; told beside NoteUpdated. ``file_version``: of the new one."""

    file_version: int


@translate(Note)
def note_events(change: Change[Note]) -> Iterator[DomainEvent]:
    """Every change is one; what was published, taken back, or got another file is told beside it."""
    old, new = change.old, change.new
    last = new or old
    if last is None:
        return
    note_id, version = str(last.id), int(last.version) + (new is None)
    yield NoteUpdated(note_id=note_id, version=version)
    was, now = bool(old is not None and old.is_published), bool(new is not None and new.is_published)
    if was != now:
        yield (NotePublished if now else NoteUnpublished)(note_id=note_id, version=version)
    if old is not None and new is not None and old.file_version != new.file_version:
        yield NoteFileReplaced(note_id=note_id, version=version, file_version=int(new.file_version))
