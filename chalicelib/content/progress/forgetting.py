"""Readers whose account was erased (USR-40)."""

from __future__ import annotations

from chalicelib.content.progress.items import NoteProgress
from chalicelib.platform import store


def forget_progress(user_id: str) -> int:
    """Remove the progress of somebody whose account was erased; how much there was. Doing it again finds nothing."""
    found = store.every(NoteProgress.of(user_id))
    for progress in found:
        store.delete(NoteProgress, progress.itself)
    return len(found)
