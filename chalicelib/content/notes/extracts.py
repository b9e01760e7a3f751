"""What is cut of a note's file once it is published: its preview, and single pages (NOTE-32).

Publication does not wait for either. Every run looks at the note as it is by then, so that any number of them, in any
order, leave what the note says last.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from chalicelib.content import files
from chalicelib.content.notes.items import Note, PagesState
from chalicelib.platform import settings, store
from chalicelib.platform.logs import event

PREVIEW_PLACE = "NOTE_PREVIEW"
"""What a note is to the file of its first pages."""

NOTE_PAGES = settings.boolean("NOTE_PAGES", default=False)
"""Whether published notes get a file of each single page."""


def make(note_id: str, remaining: Callable[[], float]) -> None:
    """Make what a published note should have and has not; ``remaining``: seconds that are left.

    Raises ``UpstreamFailed`` when the bucket does not answer; the next run goes on from there.
    """
    note = store.get(Note, Note.place(note_id))
    if note is None or not note.is_published:
        return
    preview, pages = bool(note.preview_allowed), _unsplit(note)
    source = store.get(files.FileAsset, files.FileAsset.place(str(note.file_asset_id))) if preview or pages else None
    if source is None:
        return
    if preview:
        _preview(note, source)
    if pages:
        _pages(note, source, remaining)


def _unsplit(note: Note) -> bool:
    return NOTE_PAGES() and note.pages_state in {PagesState.NONE, PagesState.SPLITTING}


def _preview(note: Note, source: files.FileAsset) -> None:
    wanted = min(int(note.preview_pages), int(source.page_count or 0))
    last = None if note.preview_asset_id is None else files.FileAsset.place(str(note.preview_asset_id))
    made = None if last is None else store.get(files.FileAsset, last)
    if made is not None and made.source_asset_id == source.id and made.page_count == wanted:
        return
    preview = files.make_preview(source, wanted)
    if preview is None:
        event("no preview", noteId=str(note.id))
        return
    tx = store.Transaction()
    files.place_preview(tx, preview, _place(note))
    if made is not None:
        files.retire_preview(tx, str(made.id), PREVIEW_PLACE, str(note.id))
    # Whatever else changes of the note meanwhile: the preview fits if it is of this file and this long.
    same = (Note.file_asset_id == str(source.id)) & (Note.preview_pages == note.preview_pages)
    unseen = Note.preview_asset_id.does_not_exist()
    before = unseen if note.preview_asset_id is None else Note.preview_asset_id == str(note.preview_asset_id)
    tx.update(Note, note.itself, [Note.preview_asset_id.set(str(preview.id))], when=same & before, name="note")
    try:
        tx.commit()
    except store.TransactionLost:
        files.discard_preview(preview)


def _place(note: Note) -> files.Place:
    """How a note uses its preview: never by itself, only through the note."""
    topics = [str(topic) for topic in note.topic_path_ids]
    return files.Place(PREVIEW_PLACE, str(note.id), subject_id=str(note.subject_id), topic_ids=topics)


def _pages(note: Note, source: files.FileAsset, remaining: Callable[[], float]) -> None:
    with contextlib.suppress(store.ConditionFailed):
        _turn(note, PagesState.SPLITTING, PagesState.NONE, PagesState.SPLITTING)
        done = files.split_pages(source, remaining)
        _turn(note, PagesState.READY if done else PagesState.UNAVAILABLE, PagesState.SPLITTING)


def _turn(note: Note, state: PagesState, *before: PagesState) -> None:
    """Let the note say how far its pages are, while it has the file that they are of. Its version is its editors'."""
    unchanged = (Note.file_asset_id == str(note.file_asset_id)) & Note.pages_state.is_in(*before)
    store.update(Note, note.itself, [Note.pages_state.set(state)], when=unchanged)
