"""Readers whose account was erased (USR-40)."""

from __future__ import annotations

from chalicelib.content.progress.items import Bookmarks, NoteProgress, Remark
from chalicelib.platform import store

BATCH = 100


def forget_progress(user_id: str) -> int:
    """Remove how far somebody got whose account was erased, their bookmarks and remarks; how much there was.

    Doing it again finds nothing. Remarks may be many: they go page by page.
    """
    found = store.every(NoteProgress.of(user_id))
    for progress in found:
        store.delete(NoteProgress, progress.itself)
    store.delete(Bookmarks, Bookmarks.place(user_id))
    removed = len(found)
    while remarks := store.fetch(Remark.of(user_id), limit=BATCH).items:
        for remark in remarks:
            store.delete(Remark, remark.itself)
        removed += len(remarks)
    return removed
