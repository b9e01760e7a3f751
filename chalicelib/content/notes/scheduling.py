"""Notes that publish themselves at an instant (NOTE-33)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalicelib.content.notes import publishing
from chalicelib.content.notes.errors import NoteIncomplete
from chalicelib.content.notes.items import Note, NoteSchedule, values_of
from chalicelib.content.notes.templates import NOTE_NOT_PUBLISHED
from chalicelib.content.notes.writing import write_changes
from chalicelib.identity.accounts import User
from chalicelib.platform import audit, clock, messages, store
from chalicelib.platform.errors import ApiError
from chalicelib.platform.http import ResponseModel

PUBLISH_FAILED = audit.AuditAction("note.publish_failed", "A note could not publish itself at its instant")

AT_ONCE = 200
RESERVE_SECONDS = 10.0


class Scheduled(ResponseModel):
    """What one run did; ``postponed``: due, and left to the next one."""

    published: int = 0
    failed: int = 0
    postponed: int = 0


def publish_due(remaining: Callable[[], float]) -> Scheduled:
    """Publish the notes whose instant has come, as by NOTE-14, by nobody; a few hundred, the earliest first.

    What lacks something is told to who set the instant, and waits for nothing any more. Coming twice does nothing more.
    """
    done = Scheduled()
    for schedule in store.fetch(NoteSchedule.due(clock.now()), limit=AT_ONCE).items:
        if remaining() < RESERVE_SECONDS:
            done.postponed += 1
            continue
        note_id = str(schedule.pk).removeprefix("NOTE#")
        try:
            outcome = _publish(note_id)
        except ApiError:
            outcome = "postponed"
        if outcome is not None:
            setattr(done, outcome, getattr(done, outcome) + 1)
    return done


def _publish(note_id: str) -> str | None:
    """How it went; None when there is nothing to do: the index told of what is no longer so."""
    note, schedule = store.get_many([Note.place(note_id), NoteSchedule.place(note_id)])
    if not isinstance(note, Note) or not isinstance(schedule, NoteSchedule):
        return None
    try:
        now = publishing.publish(note, audit.SYSTEM, wanted=_due)
    except NoteIncomplete as incomplete:
        details: Any = incomplete.details
        return "failed" if _give_up(note, schedule, list(details["missing"])) else None
    return "published" if now.is_published else None


def _due(note: Note) -> bool:
    """Whether it still is to publish itself: somebody may have set another instant meanwhile."""
    return note.publish_at is not None and bool(note.publish_at <= clock.now())


def _give_up(note: Note, schedule: NoteSchedule, missing: list[str]) -> bool:
    """Keep why, and tell who set the instant; False when somebody changed the note meanwhile."""
    note_id, before = str(note.id), values_of(note)
    changed = {
        "publish_at": None,
        "publish_error": {"code": NoteIncomplete.code, "missing": missing, "at": clock.iso(clock.now())},
    }
    tx = store.Transaction()
    write_changes(tx, note, changed, {**before, **changed})
    audit.write(tx, PUBLISH_FAILED, note_id, meta={"missing": missing})
    editor = store.get(User, User.place(str(schedule.user_id)))
    if editor is not None and editor.email:
        messages.post(
            tx,
            NOTE_NOT_PUBLISHED,
            str(editor.email),
            dedup=f"{NOTE_NOT_PUBLISHED.key}:{note_id}:{int(note.version)}",
            user_id=str(editor.id),
            locale=str(editor.locale or "en-IN"),
            payload={
                "noteTitle": str(note.title),
                "noteId": note_id,
                "publishAt": clock.iso(schedule.publish_at),
                "missing": ", ".join(missing),
                "userName": editor.name,
            },
        )
    try:
        tx.commit()
    except store.TransactionLost:
        return False
    return True
