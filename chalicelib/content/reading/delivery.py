"""The bytes of a note, by ranges (NOTE-50 … NOTE-55): at most one answer's worth of memory, however long the file.

What single pages and previews have in common with it stands here too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.content import files
from chalicelib.content.notes import NOTE_MAX_RANGE_BYTES, Note, PagesState
from chalicelib.content.reading import outbox, sessions
from chalicelib.content.reading.counting import count, refuse_if_full
from chalicelib.content.reading.errors import PagesOnly, ViewTokenInvalid
from chalicelib.content.reading.items import NoteReader
from chalicelib.content.reading.sessions import ViewSession
from chalicelib.platform import clock, settings
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.http import Binary, Request, ranges
from chalicelib.platform.parallel import together

NOTE_DELIVERY = settings.choice("NOTE_DELIVERY", default="range", choices=("range", "pages"))
SHIELD_REQUIRE_FRESH = settings.boolean("SHIELD_REQUIRE_FRESH", default=True)

PDF = "application/pdf"
_UNCACHED = {
    "Cache-Control": "no-store, max-age=0",
    "Pragma": "no-cache",
    "Expires": "0",
    "Surrogate-Control": "no-store",
}


def deliver(note: Note, reader: object, caller: Caller, request: Request) -> Binary:
    """Answer a GET or HEAD of a note's content.

    Access to the note is decided; here come view token and freshness (401), limit (429), whether it is read by ranges
    at all (409), then preconditions (412, 304) and range (400, 416). Counting and reading run side by side: one round
    trip.
    """
    known, session = entered(reader, caller, request, outbox.CONTENT)
    with outbox.recording_refusals(known, session, caller):
        return _answer(note, known, session, caller, request)


def entered(reader: object, caller: Caller, request: Request, kind: str) -> tuple[NoteReader, ViewSession]:
    """The reader and the session that the request's view token opens. Raises ``ViewTokenInvalid``.

    Also for a viewer that reads on without taking new facts of its watermark: it is not ours (SHIELD-66). ``kind``: of
    the request, for the log.
    """
    session = sessions.check(reader, request.headers.get(sessions.HEADER), caller, clock.epoch())
    if not isinstance(reader, NoteReader):
        raise ViewTokenInvalid
    if SHIELD_REQUIRE_FRESH() and outbox.outdated(session, clock.epoch()):
        outbox.refused(reader, session, caller, kind, ViewTokenInvalid.status)
        raise ViewTokenInvalid
    return reader, session


def has_pages(note: Note, session: ViewSession) -> bool:
    """Whether there are single pages of the file that the session began with (NOTE-44)."""
    same_file = session.get("asset_id") == str(note.file_asset_id)
    return bool(session.get("pages") or (same_file and note.pages_state == PagesState.READY))


def _answer(note: Note, reader: NoteReader, session: ViewSession, caller: Caller, request: Request) -> Binary:
    refuse_if_full(reader, session)
    if NOTE_DELIVERY() == "pages" and has_pages(note, session):
        raise PagesOnly
    length = int(session["content_length"])
    plan = ranges.plan(
        request.method, request.headers, etag=str(session["etag"]), length=length, maximum=NOTE_MAX_RANGE_BYTES()
    )
    counted, content = _count_and_read(reader, session, plan, _last(plan, session, caller))
    if plan.error is not None:
        raise plan.error
    headers = {**headers_of(note, str(session["etag"])), **counted, **ranges.headers_of(plan, request.method, length)}
    return Binary(content, PDF, status=plan.status, headers=headers)


def _count_and_read(
    reader: NoteReader, session: ViewSession, plan: ranges.Plan, last: Mapping[str, Any]
) -> tuple[dict[str, str], bytes]:
    """Both side by side; a refusal by the limit comes before a failure of the bucket."""
    part = plan.part
    key, version_id = str(session["object_key"]), str(session["version_id"])
    size = part.length if part else 0

    def counting() -> object:
        return count(reader.itself, reader, session, size, last)

    def reading() -> object:
        return files.read_bytes(key, version_id, part.first, part.last) if part else b""

    counted, content = together(caught(reading), caught(counting))[::-1] if part else (caught(counting)(), b"")
    for outcome in (counted, content):
        if isinstance(outcome, Exception):
            raise outcome
    if not isinstance(counted, dict) or not isinstance(content, bytes):
        raise TypeError("neither headers nor bytes")
    return counted, content


def caught(work: Callable[[], object]) -> Callable[[], object]:
    """The work, with what it raises as its answer: of several side by side, the caller says whose error counts."""

    def run() -> object:
        try:
            return work()
        except Exception as error:  # noqa: BLE001  # raised again by whoever waits, in the order that counts
            return error

    return run


def headers_of(note: Note, etag: str) -> dict[str, str]:
    """What every answer with bytes of a note carries (NOTE-55): its name, and that nobody on the way keeps it."""
    return {
        **_UNCACHED,
        "Accept-Ranges": "bytes",
        "Content-Disposition": ranges.inline(str(note.title), "pdf", otherwise="note"),
        "ETag": etag,
    }


def _last(plan: ranges.Plan, session: ViewSession, caller: Caller) -> dict[str, Any]:
    if plan.part is None:
        return outbox.facts(caller, outbox.CONTENT, plan.status, session)
    part = {"bytes": plan.part.length, "range_start": plan.part.first, "range_end": plan.part.last}
    return outbox.facts(caller, outbox.CONTENT, plan.status, session, **part)
