"""Notes follow their subject: its name and whether it is active (TAX-34, within a minute)."""

from __future__ import annotations

import contextlib
from functools import partial

from chalicelib.content.notes.items import DRAFT, PUBLISHED, Note, listed, row_of
from chalicelib.content.taxonomy import Subject
from chalicelib.platform import store
from chalicelib.platform.parallel import together

CHUNK = 25


def follow_subject(subject_id: str) -> int:
    """Let all notes of a subject say what the subject says now; how many there are. Harmless when repeated."""
    subject = store.get(Subject, Subject.place(subject_id))
    if subject is None:
        return 0
    found = [row_of(note) for state in (PUBLISHED, DRAFT) for note in store.every(listed(state, subject_id=subject_id))]
    for first in range(0, len(found), CHUNK):
        together(*(partial(_follow, str(row["id"]), subject) for row in found[first : first + CHUNK]))
    return len(found)


def _follow(note_id: str, subject: Subject) -> None:
    other = (Note.subject_name != subject.name) | (Note.subject_active != subject.is_active)
    # The version grows: an editor who read the note before must not write its old row back.
    with contextlib.suppress(store.ConditionFailed):
        store.update(
            Note,
            Note.place(note_id),
            [
                Note.subject_name.set(str(subject.name)),
                Note.subject_active.set(bool(subject.is_active)),
                Note.row["subject_active"].set(bool(subject.is_active)),
                Note.version.add(1),
            ],
            when=(Note.subject_id == str(subject.id)) & other,
        )
