"""What readers see of their own reading, whether they may still open the notes or not."""

from __future__ import annotations

from chalicelib.content.notes import Note, NoteNotFound
from chalicelib.content.progress import (
    BookmarkRow,
    Bookmarks,
    KeptQuery,
    NoteProgress,
    ProgressAnswer,
    Remark,
    RemarkAnswer,
)
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import plain
from chalicelib.platform.http import Page, cursors
from chalicelib.platform.http.lists import filters_of, page


def progress_in(note_id: str, user_id: str) -> ProgressAnswer:
    """Somebody's progress in a note; of one never read zeros while it is published, else ``NoteNotFound``.

    One batch read.
    """
    note, progress = store.get_many([Note.place(note_id), NoteProgress.place(user_id, note_id)])
    visible = _visible(note)
    began = isinstance(progress, NoteProgress) and progress.last_read_at is not None
    if not visible and not began:
        raise NoteNotFound
    return ProgressAnswer.of(progress, int(note.page_count) if isinstance(note, Note) else 0)


def _visible(note: object) -> bool:
    return isinstance(note, Note) and bool(note.is_published and note.subject_active)


def bookmarks(query: KeptQuery, user_id: str) -> Page[BookmarkRow]:
    """Somebody's bookmarks, newest first. Two round trips: all of them are one item, then the notes of the page."""
    filters = filters_of(query)
    start = cursors.open_("bookmarks", user_id, filters, query.cursor)
    item = store.get(Bookmarks, Bookmarks.place(user_id))
    marks = sorted(((at, *_split(name)) for name, at in plain(item.pages if item else None).items()), reverse=True)
    chosen = [one for one in marks if query.note_id in (None, one[1])]
    if start is not None:
        after = (start["at"], start["noteId"], int(start["page"]))
        chosen = [one for one in chosen if one < after]
    shown = chosen[: query.limit]
    notes = dict(zip(shown, store.get_many([Note.place(one[1]) for one in shown], consistent=False), strict=True))
    last = shown[-1] if len(chosen) > len(shown) else None
    following = {"at": last[0], "noteId": last[1], "page": str(last[2])} if last else None
    return Page(
        items=[_row(*one, notes[one]) for one in shown],
        next_cursor=cursors.seal("bookmarks", user_id, filters, following),
    )


def _split(name: str) -> tuple[str, int]:
    note_id, _, number = name.partition("#")
    return note_id, int(number)


def _row(at: str, note_id: str, number: int, note: object) -> BookmarkRow:
    title = str(note.title) if isinstance(note, Note) and _visible(note) else None
    return BookmarkRow(
        note_id=note_id, page=number, created_at=clock.parse_iso(at), title=title, available=title is not None
    )


def remarks(query: KeptQuery, user_id: str) -> Page[RemarkAnswer]:
    """Somebody's own remarks, by note and page. One round trip."""
    return page("remarks", user_id, query, Remark.of(user_id, query.note_id), RemarkAnswer.of)
