"""The preview of a note: its first pages as a file of their own, for everybody signed in (NOTE-06)."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Sequence

from chalicelib.content import files
from chalicelib.content.notes import NOTE_MAX_RANGE_BYTES, Note
from chalicelib.content.reading import delivery, outbox
from chalicelib.content.reading.errors import NoPreview
from chalicelib.content.reading.items import NoteReader
from chalicelib.platform import store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.decisions import Decision
from chalicelib.platform.http import Binary, Request, ranges
from chalicelib.platform.parallel import together
from chalicelib.platform.store import Item


def deliver(note: Note, reader: object, caller: Caller, request: Request) -> Binary:
    """Answer a GET or HEAD of a preview, by the same rules of ranges as content, logged as PREVIEW.

    Raises ``NoPreview`` while there is none. Two round trips: the file's place, then its bytes beside the log.
    """
    place = None if note.preview_asset_id is None else files.FileAsset.place(str(note.preview_asset_id))
    asset = None if place is None else store.get(files.FileAsset, place)
    if asset is None or not note.preview_allowed:
        raise NoPreview
    found, etag = asset.readable, _etag(note)
    length = int(found["content_length"])
    most = NOTE_MAX_RANGE_BYTES()
    plan = ranges.plan(request.method, request.headers, etag=etag, length=length, maximum=most)
    if plan.error is not None:
        raise plan.error
    part = plan.part

    def reading() -> object:
        key, version_id = str(found["object_key"]), str(found["version_id"])
        return files.read_bytes(key, version_id, part.first, part.last) if part else b""

    content, _ = together(reading, lambda: _log(note, reader, caller, plan))
    headers = {**delivery.headers_of(note, etag), **ranges.headers_of(plan, request.method, length)}
    return Binary(bytes(content) if isinstance(content, bytes) else b"", delivery.PDF, plan.status, headers=headers)


def refused(caller: Caller, note: Item, beside: Sequence[Item | None], decision: Decision) -> None:
    """What a refusal means: a published note without a preview has none; a ban is recorded."""
    outbox.refused_by_ban(outbox.PREVIEW, caller, note, list(beside), decision)
    if isinstance(note, Note) and note.is_published and note.subject_active and not note.preview_allowed:
        raise NoPreview


def _etag(note: Note) -> str:
    """Another preview has another one; the file's own id is nobody's business."""
    which = hashlib.sha256(str(note.preview_asset_id).encode()).hexdigest()[:16]
    return f'"p{note.id}-{which}"'


def _log(note: Note, reader: object, caller: Caller, plan: ranges.Plan) -> None:
    """Leave the request on the reader's item; who never opened the note gets one."""
    size = plan.part.length if plan.part else 0
    last = outbox.facts(caller, outbox.PREVIEW, plan.status, bytes=size)
    if not isinstance(reader, NoteReader):
        outbox.record(caller.user_id, str(note.id), last)
        return
    with contextlib.suppress(store.ConditionFailed):
        store.update(NoteReader, reader.itself, [NoteReader.last.set(last)], when=store.present(NoteReader))
