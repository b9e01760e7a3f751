"""Recording how far a reader got (NOTE-60 … NOTE-64): whichever of several devices is first, the result is the same."""

from __future__ import annotations

from chalicelib.content.progress.items import NoteProgress
from chalicelib.platform import store


def opened(tx: store.Transaction, user_id: str, note_id: str) -> None:
    """Count, in the transaction that opens a note, that it was opened."""
    tx.update(
        NoteProgress,
        NoteProgress.place(user_id, note_id),
        [
            NoteProgress.opens.add(1),
            NoteProgress.kind.set(NoteProgress),
            NoteProgress.note_id.set(note_id),
            NoteProgress.version.add(1),
        ],
    )
