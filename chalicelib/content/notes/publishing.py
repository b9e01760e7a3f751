"""Publishing and unpublishing (NOTE-41): idempotent, exclusive, one audit entry per real change."""

from __future__ import annotations

from typing import Any, cast

from pynamodb.expressions.condition import Condition

from chalicelib.content import files
from chalicelib.content.notes import editing
from chalicelib.content.notes.errors import NoteIncomplete
from chalicelib.content.notes.items import DRAFT, PUBLISHED, Note, values_of
from chalicelib.content.taxonomy import Subject
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.errors import Conflict

PUBLISH = audit.AuditAction("note.publish", "A note was published")
UNPUBLISH = audit.AuditAction("note.unpublish", "A note was taken back")


def publish(note: Note, caller: Caller) -> Note:
    """Make a note visible to students; a published one stays as it is. Raises ``NoteIncomplete``."""
    for _ in range(editing.TRIES):
        if note.is_published:
            return note
        missing = [word for word, there in (("TITLE", note.title), ("PAGE_COUNT", note.page_count)) if not there]
        if missing:
            raise NoteIncomplete({"missing": missing})
        now = clock.now()
        changed = {
            "is_published": True,
            "state": PUBLISHED,
            "subject_active": True,
            "published_at": now,
            "first_published_at": note.first_published_at or now,
        }
        tx = store.Transaction()
        active = cast(Condition, Subject.is_active == True)  # noqa: E712  # builds a condition
        tx.check(Subject, Subject.place(str(note.subject_id)), active, name="subject")
        files.require_usable(tx, str(note.file_asset_id), editing.FILE_PURPOSES)
        changed = _turn(tx, note, changed, caller)
        audit.write(tx, PUBLISH, str(note.id), by=caller, meta={"title": note.title})
        try:
            tx.commit()
        except store.TransactionLost as lost:
            _say_what_is_missing(lost)
            note = editing.read(str(note.id))
        else:
            return store.became(note, changed)
    if note.is_published:
        return note
    raise Conflict


def _say_what_is_missing(lost: store.TransactionLost) -> None:
    if lost.failed("note"):
        return
    words = (("subject", "ACTIVE_SUBJECT"), ("asset", "FILE"))
    missing = [word for name, word in words if lost.failed(name)]
    if missing:
        raise NoteIncomplete({"missing": missing}) from lost


def unpublish(note: Note, caller: Caller, reason: str | None) -> Note:
    """Take a note back; a draft stays as it is. Whoever reads it gets 404 on the next request."""
    for _ in range(editing.TRIES):
        if not note.is_published:
            return note
        tx = store.Transaction()
        changed = _turn(tx, note, {"is_published": False, "state": DRAFT}, caller)
        audit.write(tx, UNPUBLISH, str(note.id), by=caller, meta={"title": note.title}, reason=reason)
        try:
            tx.commit()
        except store.TransactionLost as lost:
            if not lost.failed("note"):
                raise
            note = editing.read(str(note.id))
        else:
            return store.became(note, changed)
    if not note.is_published:
        return note
    raise Conflict


def _turn(tx: store.Transaction, note: Note, changed: dict[str, Any], caller: Caller) -> dict[str, Any]:
    changed = {**changed, "updated_at": clock.now(), "updated_by_user_id": caller.user_id}
    values = {**values_of(note), **changed}
    editing.write_changes(tx, note, changed, values)
    files.follow(tx, values["file_asset_id"], editing.place_of(values))
    return changed
