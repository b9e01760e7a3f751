"""What readers' progress means to others (NOTE-64)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from chalicelib.content.progress.items import NoteProgress
from chalicelib.platform.events.changes import Change, translate
from chalicelib.platform.events.domain import DomainEvent


class NoteProgressed(DomainEvent):
    """Somebody read on: told at most once in 30 seconds of a reader and note. ``percent``: 0 to 100, one decimal."""

    user_id: str
    note_id: str
    subject_id: str
    furthest_page: int
    total_pages: int
    percent: float
    at: datetime

    @property
    def key(self) -> str:
        return f"{self.user_id}#{self.note_id}#{self.at.isoformat()}"


class NoteCompleted(DomainEvent):
    """Somebody read a note to its end, for the first time."""

    user_id: str
    note_id: str
    subject_id: str
    at: datetime

    @property
    def key(self) -> str:
        return f"{self.user_id}#{self.note_id}"


@translate(NoteProgress)
def progress_events(change: Change[NoteProgress]) -> Iterator[DomainEvent]:
    """The item says itself when it is to be told, so that a repeated record tells the same."""
    old, new = change.old, change.new
    if new is None:
        return
    user_id = str(new.pk).partition("#")[2]
    if new.told_at is not None and (old is None or old.told_at != new.told_at):
        yield NoteProgressed(
            user_id=user_id,
            note_id=str(new.note_id),
            subject_id=str(new.subject_id),
            furthest_page=int(new.furthest_page),
            total_pages=int(new.total_pages),
            percent=float(new.percent_complete),
            at=new.told_at,
        )
    if new.completed_at is not None and (old is None or old.completed_at is None):
        yield NoteCompleted(
            user_id=user_id, note_id=str(new.note_id), subject_id=str(new.subject_id), at=new.completed_at
        )
