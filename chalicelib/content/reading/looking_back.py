"""What readers see of their own reading, whether they may still open the notes or not."""

from __future__ import annotations

from chalicelib.content.notes import Note, NoteNotFound
from chalicelib.content.progress import NoteProgress, ProgressAnswer
from chalicelib.platform import store


def progress_in(note_id: str, user_id: str) -> ProgressAnswer:
    """Somebody's progress in a note; of one never read zeros while it is published, else ``NoteNotFound``.

    One batch read.
    """
    note, progress = store.get_many([Note.place(note_id), NoteProgress.place(user_id, note_id)])
    visible = isinstance(note, Note) and bool(note.is_published and note.subject_active)
    began = isinstance(progress, NoteProgress) and progress.last_read_at is not None
    if not visible and not began:
        raise NoteNotFound
    return ProgressAnswer.of(progress, int(note.page_count) if isinstance(note, Note) else 0)
