"""Creating, changing and deleting notes (NOTE-10, NOTE-11, NOTE-18)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from chalicelib.content import files
from chalicelib.content.notes.errors import NoteIsPublished
from chalicelib.content.notes.extracts import PREVIEW_PLACE
from chalicelib.content.notes.items import MAX_FILE_HISTORY, Note, PagesState, values_of
from chalicelib.content.notes.links import Links, belong
from chalicelib.content.notes.resources import staff_entity
from chalicelib.content.notes.schemas import NewNote, NoteChange
from chalicelib.content.notes.writing import NOTE_PLACE, TRIES, insert, place_of, read, remove, write_changes
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.catalogue import Actions
from chalicelib.platform.access.decisions import require
from chalicelib.platform.errors import Conflict, VersionMismatch, invalid
from chalicelib.platform.ids import new_ulid

CREATE = audit.AuditAction("note.create", "A note was created")
UPDATE = audit.AuditAction("note.update", "A note was changed")
REPLACE_FILE = audit.AuditAction("note.replace_file", "A note got another file")
DELETE = audit.AuditAction("note.delete", "A draft of a note was deleted")

FILE_PURPOSES = (files.NOTES_PDF.name,)
_COPIED = ("title", "description", "is_premium", "language", "preview_allowed", "preview_pages", "order_index")
_EDITABLE = (*_COPIED, "subject_id", "file_asset_id", "topic_ids", "tag_ids", "publish_at")
_LINKED = ("subject_id", "topic_ids", "tag_ids")


def create(body: NewNote, caller: Caller) -> Note:
    """Create a draft. Raises ``AssetUnusable``, ``TopicNotInSubject``, or 422 for an unknown subject or tag.

    Two round trips: everything it names at once, then the transaction.
    """
    note_id, now = new_ulid(), clock.now()
    for _ in range(TRIES):
        links = Links.read(body.subject_id, body.topic_ids, body.tag_ids, file_asset_id=body.file_asset_id)
        values: dict[str, Any] = {
            **values_of(Note()),
            **{name: getattr(body, name) for name in _COPIED},
            **links.values(),
            **links.file_values(),
            "id": note_id,
            "file_version": 1,
            "created_by_user_id": caller.user_id,
            "updated_by_user_id": caller.user_id,
            "created_at": now,
            "updated_at": now,
        }
        tx = store.Transaction()
        note = insert(tx, values)
        links.check(tx)
        files.take(tx, body.file_asset_id, place_of(values), FILE_PURPOSES)
        audit.write(tx, CREATE, note_id, by=caller, meta={"title": body.title, "subjectId": body.subject_id})
        try:
            tx.commit()
        except store.TransactionLost as lost:
            belong(lost)
            continue
        return note
    raise Conflict


def change(note: Note, body: NoteChange, caller: Caller, expected: int | None) -> Note:
    """Change what the request names and answer the note as it is then.

    ``expected`` is the version of ``If-Match``: raises ``VersionMismatch``. Without it a change that others overtook is
    applied to what they left, up to five times, then ``Conflict``. Other errors as ``create``.
    """
    given = body.given()
    for _ in range(TRIES):
        if expected is not None and expected != note.version:
            raise VersionMismatch({"version": int(note.version)})
        before = values_of(note)
        differs = {name: given[name] for name in _EDITABLE if name in given and given[name] != before[name]}
        if not differs:
            return note
        _check(note, differs, given, caller)
        try:
            return _commit(note, before, differs, caller)
        except store.TransactionLost as lost:
            belong(lost)
            note = read(str(note.id))
            # It may have been published meanwhile, and that is another right (ACC-64).
            require(caller, Actions.NOTES_WRITE, staff_entity(note))
    raise Conflict


def _check(note: Note, differs: dict[str, Any], given: dict[str, Any], caller: Caller) -> None:
    """What a change must not be, whatever it hangs on."""
    if "subject_id" in differs and "topic_ids" not in given:
        raise invalid("body.topicIds", "REQUIRED", "must name topics of the new subject, or none")
    if "publish_at" not in differs:
        return
    # Who sets the instant publishes: that is another right than writing.
    require(caller, Actions.NOTES_PUBLISH, staff_entity(note))
    at = differs["publish_at"]
    if at is None:
        return
    if note.is_published:
        raise invalid("body.publishAt", "ALREADY_PUBLISHED", "the note is published already")
    if at <= clock.now():
        raise invalid("body.publishAt", "NOT_IN_FUTURE", "must be in the future")


def delete(note: Note, caller: Caller) -> None:
    """Delete a draft with its references; what readers did with it stays. Raises ``NoteIsPublished``."""
    for _ in range(TRIES):
        if note.is_published:
            raise NoteIsPublished
        values = values_of(note)
        tx = store.Transaction()
        remove(tx, note)
        files.release(tx, values["file_asset_id"], NOTE_PLACE, values["id"])
        if values["preview_asset_id"]:
            files.retire_preview(tx, values["preview_asset_id"], PREVIEW_PLACE, values["id"])
        audit.write(tx, DELETE, values["id"], by=caller, meta={"title": values["title"]})
        try:
            tx.commit()
        except store.TransactionLost:
            note = read(values["id"])
        else:
            return
    raise Conflict


def _commit(note: Note, before: dict[str, Any], differs: dict[str, Any], caller: Caller) -> Note:
    new_file = "file_asset_id" in differs
    relinked = any(name in differs for name in _LINKED)
    values = {**before, **differs, "updated_at": clock.now(), "updated_by_user_id": caller.user_id}
    if "publish_at" in differs:
        values["publish_error"] = None
    tx = store.Transaction()
    if new_file or relinked:
        links = Links.read(
            values["subject_id"],
            values["topic_ids"],
            values["tag_ids"],
            file_asset_id=values["file_asset_id"] if new_file else None,
        )
        values.update(links.values())
        if new_file:
            values.update(links.file_values(), **_replacing(before, caller))
        links.check(tx)
    if new_file:
        files.release(tx, before["file_asset_id"], NOTE_PLACE, before["id"])
        files.take(tx, values["file_asset_id"], place_of(values), FILE_PURPOSES)
    elif relinked:
        files.follow(tx, values["file_asset_id"], place_of(values))
    changed = {name: value for name, value in values.items() if value != before[name]}
    write_changes(tx, note, changed, values)
    meta = {"changed": audit.changed(_told(before, differs), _told(differs, differs))}
    audit.write(tx, UPDATE, before["id"], by=caller, meta=meta)
    if new_file:
        audit.write(tx, REPLACE_FILE, before["id"], by=caller, meta={"fileVersion": values["file_version"]})
    tx.commit()
    return store.became(note, changed)


def _told(values: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """What the audit trail keeps of these members."""
    return {name: clock.iso(values[name]) if isinstance(values[name], datetime) else values[name] for name in names}


def _replacing(before: dict[str, Any], caller: Caller) -> dict[str, Any]:
    """The next file version, with the file that goes kept in the history (NOTE-44)."""
    earlier = {
        "file_asset_id": before["file_asset_id"],
        "file_version": before["file_version"],
        "replaced_at": clock.iso(clock.now()),
        "by_user_id": caller.user_id,
    }
    history = [*before["file_history"], earlier][-MAX_FILE_HISTORY:]
    # The single pages that there are, are those of the file that goes.
    return {
        "file_version": int(before["file_version"]) + 1,
        "file_history": history,
        "pages_state": PagesState.NONE,
    }
