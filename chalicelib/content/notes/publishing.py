"""Publishing and unpublishing (NOTE-41): idempotent, exclusive, one audit entry per real change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from pynamodb.expressions.condition import Condition

from chalicelib.content import files
from chalicelib.content.notes.editing import FILE_PURPOSES
from chalicelib.content.notes.errors import NoteIncomplete
from chalicelib.content.notes.items import DRAFT, PUBLISHED, Note, values_of
from chalicelib.content.notes.writing import NOTE_PLACE, TRIES, place_of, read, write_changes
from chalicelib.content.taxonomy import Subject
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.errors import Conflict

PUBLISH = audit.AuditAction("note.publish", "A note was published")
UNPUBLISH = audit.AuditAction("note.unpublish", "A note was taken back")

WITHDRAWN = "the file was found infected"

By = Caller | audit.Actor
"""Who does it: a person, or the system on somebody's behalf."""


def publish(note: Note, by: By, *, wanted: Callable[[Note], bool] = lambda _: True) -> Note:
    """Make a note visible to students; a published one stays as it is. Raises ``NoteIncomplete``.

    An instant at which it was to publish itself is over with it. One that is not ``wanted`` as it is by then stays too.
    """
    for _ in range(TRIES):
        if note.is_published or not wanted(note):
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
            "publish_at": None,
            "publish_error": None,
        }
        tx = store.Transaction()
        active = cast(Condition, Subject.is_active == True)  # noqa: E712  # builds a condition
        tx.check(Subject, Subject.place(str(note.subject_id)), active, name="subject")
        files.require_usable(tx, str(note.file_asset_id), FILE_PURPOSES)
        changed = _turn(tx, note, changed, by)
        audit.write(tx, PUBLISH, str(note.id), by=by, meta={"title": note.title})
        try:
            tx.commit()
        except store.TransactionLost as lost:
            _say_what_is_missing(lost)
            note = read(str(note.id))
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


def unpublish(note: Note, by: By, reason: str | None) -> Note:
    """Take a note back; a draft stays as it is. Whoever reads it gets 404 on the next request."""
    for _ in range(TRIES):
        if not note.is_published:
            return note
        tx = store.Transaction()
        changed = _turn(tx, note, {"is_published": False, "state": DRAFT}, by)
        audit.write(tx, UNPUBLISH, str(note.id), by=by, meta={"title": note.title}, reason=reason)
        try:
            tx.commit()
        except store.TransactionLost as lost:
            if not lost.failed("note"):
                raise
            note = read(str(note.id))
        else:
            return store.became(note, changed)
    if not note.is_published:
        return note
    raise Conflict


def withdraw(file_asset_id: str) -> int:
    """Take back the notes of a file that turned out to be infected (FILE-21); how many used it. Harmless when repeated.

    Their readers get 404 on the next request; publishing needs a usable file, so that nobody brings them back with it.
    """
    used_by = files.places_of(file_asset_id, NOTE_PLACE)
    for note_id in used_by:
        note = store.get(Note, Note.place(note_id))
        if note is not None:
            unpublish(note, audit.SYSTEM, WITHDRAWN)
    return len(used_by)


def _turn(tx: store.Transaction, note: Note, changed: dict[str, Any], by: By) -> dict[str, Any]:
    before = values_of(note)
    changed = {**changed, "updated_at": clock.now()}
    if isinstance(by, Caller):
        changed["updated_by_user_id"] = by.user_id
    values = {**before, **changed}
    changed = {name: value for name, value in changed.items() if value != before[name]}
    write_changes(tx, note, changed, values)
    files.follow(tx, values["file_asset_id"], place_of(values))
    return changed
