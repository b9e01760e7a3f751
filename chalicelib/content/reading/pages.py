"""Single pages of a note (NOTE-57): under the same checks, limit and log as its content."""

from __future__ import annotations

from typing import Any

from chalicelib.content import files
from chalicelib.content.notes import NOTE_MAX_RANGE_BYTES, Note
from chalicelib.content.progress import number_of
from chalicelib.content.reading import delivery, outbox
from chalicelib.content.reading.counting import count, refuse_if_full
from chalicelib.content.reading.errors import PagesNotReady
from chalicelib.content.reading.items import NoteReader
from chalicelib.content.reading.sessions import ViewSession
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.http import Binary, Request, ranges


def deliver(note: Note, number: str, reader: object, caller: Caller, request: Request) -> Binary:
    """Answer a GET or HEAD of one page; ``number`` as it stands in the path.

    After access: view token and freshness (401), limit (429), page (404, 409), preconditions and range as of content.
    Nobody keeps how long each page is: it is read from its start, and then counted, two round trips.
    """
    known, session = delivery.entered(reader, caller, request, outbox.PAGE)
    with outbox.recording_refusals(known, session, caller, outbox.PAGE):
        refuse_if_full(known, session)
        page = number_of(number, int(session["page_count"]))
        if not delivery.has_pages(note, session):
            raise PagesNotReady
        return _answer(note, page, known, session, caller, request)


def _answer(
    note: Note, page: int, reader: NoteReader, session: ViewSession, caller: Caller, request: Request
) -> Binary:
    most = NOTE_MAX_RANGE_BYTES()
    key = files.page_key(str(session["asset_id"]), page)
    start = files.begin_bytes(key, 1 if request.method == "HEAD" else most)
    etag = f'{str(session["etag"])[:-1]}-{page}"'
    plan = ranges.plan(request.method, request.headers, etag=etag, length=start.length, maximum=most)
    content = _bytes(key, start, plan.part)
    last = _last(caller, session, page, plan)
    counted = count(reader.itself, reader, session, len(content), last)
    if plan.error is not None:
        raise plan.error
    headers = {
        **delivery.headers_of(note, etag),
        **counted,
        **ranges.headers_of(plan, request.method, start.length),
    }
    return Binary(content, delivery.PDF, status=plan.status, headers=headers)


def _bytes(key: str, start: files.Beginning, part: ranges.Part | None) -> bytes:
    """The part: out of what was read already, unless the page is longer than one answer."""
    if part is None:
        return b""
    if part.last < len(start.content):
        return start.content[part.first : part.last + 1]
    return files.read_bytes(key, start.version_id, part.first, part.last)


def _last(caller: Caller, session: ViewSession, page: int, plan: ranges.Plan) -> dict[str, Any]:
    size = plan.part.length if plan.part else 0
    return outbox.facts(caller, outbox.PAGE, plan.status, session, page=page, bytes=size)
