"""The bytes of a note, by ranges (NOTE-50 … NOTE-55): at most one answer's worth of memory, however long the file."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.content import files
from chalicelib.content.notes import NOTE_MAX_RANGE_BYTES, Note
from chalicelib.content.reading import outbox, sessions
from chalicelib.content.reading.counting import count, refuse_if_full
from chalicelib.content.reading.errors import ViewTokenInvalid
from chalicelib.content.reading.items import NoteReader
from chalicelib.content.reading.sessions import ViewSession
from chalicelib.platform import clock
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.http import Binary, Request, ranges
from chalicelib.platform.parallel import together

PDF = "application/pdf"
MAX_NAME = 80
_UNCACHED = {
    "Cache-Control": "no-store, max-age=0",
    "Pragma": "no-cache",
    "Expires": "0",
    "Surrogate-Control": "no-store",
}


def deliver(note: Note, reader: object, caller: Caller, request: Request) -> Binary:
    """Answer a GET or HEAD of a note's content.

    Access to the note is decided; here come view token (401), limit (429), then preconditions (412, 304) and range
    (400, 416). Counting and reading run side by side: one round trip.
    """
    session = sessions.check(reader, request.headers.get(sessions.HEADER), caller, clock.epoch())
    if not isinstance(reader, NoteReader):
        raise ViewTokenInvalid
    with outbox.recording_refusals(reader, session, caller):
        return _answer(note, reader, session, caller, request)


def _answer(note: Note, reader: NoteReader, session: ViewSession, caller: Caller, request: Request) -> Binary:
    refuse_if_full(reader, session)
    length = int(session["content_length"])
    plan = ranges.plan(
        request.method, request.headers, etag=str(session["etag"]), length=length, maximum=NOTE_MAX_RANGE_BYTES()
    )
    counted, content = _count_and_read(reader, session, plan, _last(plan, session, caller))
    if plan.error is not None:
        raise plan.error
    headers = {**_headers(note, session), **counted, **ranges.headers_of(plan, request.method, length)}
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

    counted, content = together(_caught(reading), _caught(counting))[::-1] if part else (_caught(counting)(), b"")
    for outcome in (counted, content):
        if isinstance(outcome, Exception):
            raise outcome
    if not isinstance(counted, dict) or not isinstance(content, bytes):
        raise TypeError("neither headers nor bytes")
    return counted, content


def _caught(work: Callable[[], object]) -> Callable[[], object]:
    def run() -> object:
        try:
            return work()
        except Exception as error:  # noqa: BLE001  # raised again by whoever waits, in the order that counts
            return error

    return run


def _headers(note: Note, session: ViewSession) -> dict[str, str]:
    return {
        **_UNCACHED,
        "Accept-Ranges": "bytes",
        "Content-Disposition": f'inline; filename="{slug(str(note.title))}.pdf"',
        "ETag": str(session["etag"]),
    }


def slug(title: str) -> str:
    """A title as a file's name: at most 80 of a-z, 0-9 and hyphens; ``note`` where nothing of it is Latin."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:MAX_NAME].strip("-") or "note"


def _last(plan: ranges.Plan, session: ViewSession, caller: Caller) -> dict[str, Any]:
    if plan.part is None:
        return outbox.facts(caller, outbox.CONTENT, plan.status, session)
    part = {"bytes": plan.part.length, "range_start": plan.part.first, "range_end": plan.part.last}
    return outbox.facts(caller, outbox.CONTENT, plan.status, session, **part)
