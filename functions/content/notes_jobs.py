"""What happens to notes outside of requests."""

from __future__ import annotations

from chalicelib.content.notes import following, projecting
from chalicelib.content.notes.events import NoteUpdated
from chalicelib.content.taxonomy import TagDeleted, TaxonomyChanged
from chalicelib.platform.work import Grant, consumer


@consumer(on=[NoteUpdated], grants=[Grant.TABLE_READ, Grant.TABLE_WRITE])
def link_note(event: NoteUpdated) -> None:
    """Let lists by topic and tag find a note as it is now, and count it there."""
    projecting.reconcile(event.note_id)


@consumer(on=[TaxonomyChanged], grants=[Grant.TABLE_READ, Grant.TABLE_WRITE])
def follow_subject(event: TaxonomyChanged) -> None:
    """Let the notes of a subject say its name, whether it is active, and where their topics lie."""
    following.follow_subject(event.subject_id)


@consumer(on=[TagDeleted], grants=[Grant.TABLE_READ, Grant.TABLE_WRITE])
def let_go_of_tag(event: TagDeleted) -> None:
    """Take a tag that is gone off the notes that carry it."""
    following.let_go_of_tag(event.tag_id)
