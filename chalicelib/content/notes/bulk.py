"""Many notes published or taken back by one request (NOTE-16, NOTE-17): each for itself, and one entry over all."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chalicelib.content.notes import publishing
from chalicelib.content.notes.desk_schemas import BulkResult
from chalicelib.content.notes.errors import NoteNotFound
from chalicelib.content.notes.items import Note
from chalicelib.content.notes.resources import staff_entity
from chalicelib.platform import audit, context, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.catalogue import Actions
from chalicelib.platform.access.decisions import require
from chalicelib.platform.errors import ApiError, TimedOut
from chalicelib.platform.ids import new_ulid

BULK_PUBLISH = audit.AuditAction("note.bulk_publish", "Several notes were published by one request")
BULK_UNPUBLISH = audit.AuditAction("note.bulk_unpublish", "Several notes were taken back by one request")

RESERVE_SECONDS = 4.0
"""What the request keeps for its summary and its answer: notes that it does not come to are said to have failed."""


def publish(note_ids: Sequence[str], caller: Caller) -> list[BulkResult]:
    """Publish each; how it went with each, in order. One batch read, a transaction a note, one for the summary."""
    results = _each(note_ids, caller, lambda note: publishing.publish(note, caller))
    _sum_up(BULK_PUBLISH, results, caller, None)
    return results


def unpublish(note_ids: Sequence[str], caller: Caller, reason: str | None) -> list[BulkResult]:
    """Take each back; likewise."""
    results = _each(note_ids, caller, lambda note: publishing.unpublish(note, caller, reason))
    _sum_up(BULK_UNPUBLISH, results, caller, reason)
    return results


def _each(note_ids: Sequence[str], caller: Caller, work: Callable[[Note], object]) -> list[BulkResult]:
    found = store.get_many([Note.place(note_id) for note_id in note_ids])
    # One after the other: they check the same subject, and writers of one item at the same moment hinder each other.
    return [_one(note_id, note, caller, work) for note_id, note in zip(note_ids, found, strict=True)]


def _one(note_id: str, note: object, caller: Caller, work: Callable[[Note], object]) -> BulkResult:
    try:
        if context.current().remaining() < RESERVE_SECONDS:
            raise TimedOut
        if not isinstance(note, Note):
            raise NoteNotFound
        require(caller, Actions.NOTES_PUBLISH, staff_entity(note))
        work(note)
    except ApiError as error:
        return BulkResult(id=note_id, ok=False, code=error.code)
    return BulkResult(id=note_id, ok=True)


def _sum_up(action: audit.AuditAction, results: Sequence[BulkResult], caller: Caller, reason: str | None) -> None:
    done = [one.id for one in results if one.ok]
    failed = {one.id: one.code for one in results if not one.ok}
    tx = store.Transaction()
    meta = {"done": done, "failed": failed, "counts": {"done": len(done), "failed": len(failed)}}
    audit.write(tx, action, new_ulid(), by=caller, meta=meta, reason=reason)
    tx.commit()
