"""What happens to notes outside of requests."""

from __future__ import annotations

from chalicelib.content.notes import following
from chalicelib.content.taxonomy import SubjectChanged
from chalicelib.platform.work import Grant, consumer


@consumer(on=[SubjectChanged], grants=[Grant.TABLE_READ, Grant.TABLE_WRITE])
def follow_subject(event: SubjectChanged) -> None:
    """Let the notes of a subject say its name and whether it is active."""
    following.follow_subject(event.subject_id)
