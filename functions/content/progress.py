"""How far readers got in a note."""

from __future__ import annotations

from chalicelib.content.notes.errors import NoteNotFound
from chalicelib.content.notes.items import Note
from chalicelib.content.notes.resources import BROWSED_NOTE
from chalicelib.content.progress.recording import Book, record
from chalicelib.content.progress.schemas import PageRead, ProgressAnswer
from chalicelib.content.reading import looking_back
from chalicelib.platform.errors import Conflict, Forbidden
from chalicelib.platform.http import Actions, Caller, Grant, Request, api


@api.post(
    "/v1/notes/{noteId}/progress",
    action=Actions.NOTES_PROGRESS,
    resource=BROWSED_NOTE,
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_VERIFY],
    raises=[Forbidden, NoteNotFound, Conflict],
)
def record_progress(note: Note, body: PageRead, caller: Caller, request: Request) -> ProgressAnswer:
    """Record a page that was read.

    `furthestPage` only grows; of several devices `lastPageRead` is that of the later `readAt`. Send it when a page is
    turned, at most every ten seconds; the same again changes nothing.
    """
    book = Book(caller.user_id, str(note.id), str(note.subject_id), int(note.page_count), int(note.file_version))
    return record(book, body, request.beside[0])


@api.get(
    "/v1/notes/{noteId}/progress",
    action=Actions.NOTES_PROGRESS_READ,
    grants=[Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY],
    raises=[NoteNotFound],
)
def get_progress(note_id: str, caller: Caller) -> ProgressAnswer:
    """How far the caller got in a note.

    Zeros if it was never opened. It stays when an entitlement ends or the note is taken back.
    """
    return looking_back.progress_in(note_id, caller.user_id)
