"""Recording how far a reader got (NOTE-60 … NOTE-64): whichever of several devices comes first, the result is one."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from chalicelib.content.progress.items import NoteProgress, placed
from chalicelib.content.progress.schemas import PageRead, ProgressAnswer
from chalicelib.platform import clock, settings, store
from chalicelib.platform.errors import Conflict, invalid
from chalicelib.platform.records import frozen

NOTE_COMPLETE_PERCENT = settings.integer("NOTE_COMPLETE_PERCENT", default=95, minimum=1, maximum=100)

TRIES = 8
OLDEST = timedelta(days=30)
TOLD_EVERY = timedelta(seconds=30)


@frozen
class Book:
    """What is read, and by whom; ``page_count`` 0 where the note has none."""

    user_id: str
    note_id: str
    subject_id: str
    page_count: int
    file_version: int


def record(book: Book, body: PageRead, progress: object) -> ProgressAnswer:
    """Record that a page was read; ``progress`` is the reader's item as it was read, or None.

    The same again changes nothing. 422 for a page that the note does not have, or an impossible time. One round trip
    when no other device is at it; at most seven repetitions, then ``Conflict``.
    """
    now = clock.now()
    total, read_at = _total(book, body), _read_at(body, now)
    place = NoteProgress.place(book.user_id, book.note_id)
    for _ in range(TRIES):
        before = progress if isinstance(progress, NoteProgress) else None
        values = _after(book, before, body.last_page_read, total, read_at, now)
        if before is not None and all(getattr(before, name) == value for name, value in values.items()):
            return ProgressAnswer.of(before, total)
        try:
            return ProgressAnswer.of(_write(place, book, before, values), total)
        except store.ConditionFailed as failed:
            progress = failed.item
    raise Conflict


def _total(book: Book, body: PageRead) -> int:
    total = book.page_count or body.total_pages
    if not total:
        raise invalid("body.totalPages", "REQUIRED", "says how many pages there are")
    if body.last_page_read > total:
        raise invalid("body.lastPageRead", "OUT_OF_RANGE", f"must be a page of the note, at most {total}")
    return int(total)


def _read_at(body: PageRead, now: datetime) -> datetime:
    if body.read_at is None:
        return now
    if body.read_at > now:
        raise invalid("body.readAt", "IN_THE_FUTURE", "must not be in the future")
    if body.read_at < now - OLDEST:
        raise invalid("body.readAt", "TOO_OLD", f"must not be more than {OLDEST.days} days ago")
    # As fine as it is stored, so that the same request again is known as the same.
    return body.read_at.replace(microsecond=body.read_at.microsecond // 1_000 * 1_000)


def _after(
    book: Book, before: NoteProgress | None, page: int, total: int, read_at: datetime, now: datetime
) -> dict[str, Any]:
    """What the item says after a page was read: the furthest page only grows, the last one is that of the later time.

    A new file may have fewer pages: the furthest page is capped, and completed stays completed (NOTE-63).
    """
    known = before or NoteProgress(last_read_at=None, completed_at=None, told_at=None)
    later = known.last_read_at is None or read_at >= known.last_read_at
    furthest = min(total, max(page, int(known.furthest_page)))
    percent = min(100.0, round(100 * furthest / total, 1))
    completed = known.completed_at or (now if percent >= NOTE_COMPLETE_PERCENT() else None)
    values = {
        "last_page_read": page if later else min(total, int(known.last_page_read)),
        "furthest_page": furthest,
        "total_pages": total,
        "percent_complete": percent,
        "file_version": book.file_version,
        "last_read_at": read_at if later else known.last_read_at,
        "completed_at": completed,
    }
    changed = any(getattr(known, name) != value for name, value in values.items())
    telling = changed and (known.told_at is None or now - known.told_at >= TOLD_EVERY)
    return {**values, "told_at": now if telling else known.told_at}


def _write(place: Any, book: Book, before: NoteProgress | None, values: dict[str, Any]) -> NoteProgress:
    """Write it unless somebody else has changed it since ``before``. Raises ``ConditionFailed`` with what is there."""
    named: dict[str, Any] = {"note_id": book.note_id, "subject_id": book.subject_id}
    found = placed(book.user_id, {**values, **named})
    if before is None:
        item = NoteProgress(place.pk, place.sk, **named, **values, **found)
        store.put(item, when=store.absent(NoteProgress))
        return item
    given = {name: value for name, value in {**named, **values, **found}.items() if value is not None}
    actions = [getattr(NoteProgress, name).set(value) for name, value in given.items()]
    actions.append(NoteProgress.version.add(1))
    return store.update(NoteProgress, place, actions, when=NoteProgress.version == before.version)


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
