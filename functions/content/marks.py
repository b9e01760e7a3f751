"""What readers keep beside notes: bookmarks and remarks."""

from __future__ import annotations

from chalicelib.content.notes.errors import NoteNotFound
from chalicelib.content.notes.items import Note
from chalicelib.content.notes.resources import BROWSED_NOTE
from chalicelib.content.progress import keeping
from chalicelib.content.progress.errors import PageNotFound, TooManyBookmarks
from chalicelib.content.progress.schemas import BookmarkAnswer, BookmarkRow, KeptQuery, NewRemark, RemarkAnswer
from chalicelib.content.reading import looking_back
from chalicelib.content.reading.resources import MARKED_NOTE
from chalicelib.platform.errors import Conflict, Forbidden, VersionMismatch
from chalicelib.platform.http import Actions, Answer, Caller, Grant, Page, Request, api

_WRITES = (Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_VERIFY)
_LISTS = (Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY, Grant.SECRET_CURSOR)


@api.put(
    "/v1/notes/{noteId}/bookmarks/{page}",
    action=Actions.NOTES_PROGRESS,
    resource=MARKED_NOTE,
    grants=_WRITES,
    raises=[Forbidden, NoteNotFound, PageNotFound, TooManyBookmarks, Conflict],
)
def set_bookmark(note: Note, page: str, caller: Caller, request: Request) -> BookmarkAnswer:
    """Mark a page of a note that one may read.

    A page that is marked stays as it is. At most 500 in all.
    """
    number = keeping.number_of(page, int(note.page_count))
    return keeping.set_bookmark(caller.user_id, str(note.id), number, request.beside[0])


@api.delete(
    "/v1/notes/{noteId}/bookmarks/{page}",
    action=Actions.NOTES_PROGRESS_READ,
    status=204,
    grants=_WRITES,
    raises=[PageNotFound],
)
def remove_bookmark(note_id: str, page: str, caller: Caller) -> None:
    """Take a bookmark off, also of a note that one may not read any more."""
    keeping.remove_bookmark(caller.user_id, note_id, keeping.number_of(page))


@api.get("/v1/notes/bookmarks", action=Actions.NOTES_PROGRESS_READ, grants=_LISTS)
def list_bookmarks(query: KeptQuery, caller: Caller) -> Page[BookmarkRow]:
    """The caller's own bookmarks, newest first, of one note or of all."""
    return looking_back.bookmarks(query, caller.user_id)


@api.put(
    "/v1/notes/{noteId}/remarks/{page}",
    action=Actions.NOTES_PROGRESS,
    resource=BROWSED_NOTE,
    grants=_WRITES,
    raises=[Forbidden, NoteNotFound, PageNotFound, VersionMismatch],
)
def write_remark(note: Note, page: str, body: NewRemark, caller: Caller, request: Request) -> Answer[RemarkAnswer]:
    """Write down something about a page, in place of what was there.

    Nobody else reads it. With `If-Match` only if the remark still has that version.
    """
    number = keeping.number_of(page, int(note.page_count))
    remark = keeping.write_remark(caller.user_id, str(note.id), number, body.text, request.if_match())
    return Answer(RemarkAnswer.of(remark), version=int(remark.version))


@api.delete(
    "/v1/notes/{noteId}/remarks/{page}",
    action=Actions.NOTES_PROGRESS_READ,
    status=204,
    grants=_WRITES,
    raises=[PageNotFound],
)
def remove_remark(note_id: str, page: str, caller: Caller) -> None:
    """Remove a remark, also on a note that one may not read any more."""
    keeping.remove_remark(caller.user_id, note_id, keeping.number_of(page))


@api.get("/v1/notes/remarks", action=Actions.NOTES_PROGRESS_READ, grants=_LISTS)
def list_remarks(query: KeptQuery, caller: Caller) -> Page[RemarkAnswer]:
    """All of the caller's own remarks in full, by note and page, of one note or of all."""
    return looking_back.remarks(query, caller.user_id)
