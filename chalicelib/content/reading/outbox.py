"""What a request for a note's bytes leaves on the reader's item: from ``last`` the access log is written (SHIELD-30).

The stream is the outbox. A request that is served records itself by the write that counts it; one that is refused by
the limit, by a ban or for an old watermark does so here. Address and user agent are sealed (SHIELD-54).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.content.notes import Note
from chalicelib.content.reading.items import NoteReader
from chalicelib.content.reading.sessions import ViewSession
from chalicelib.content.reading.watermark import WATERMARK_ROTATE_SECONDS
from chalicelib.platform import clock, context, sealing, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.catalogue import UserType
from chalicelib.platform.access.decisions import Decision
from chalicelib.platform.errors import ApiError, RateLimited
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.logs import count_metric
from chalicelib.platform.store import Item

CONTENT, PAGE, PREVIEW, STAFF = "CONTENT", "PAGE", "PREVIEW", "STAFF"
STALE_ROTATIONS = 3
REFUSALS_SECONDS = 600
REFUSALS_KEPT = 40
_BANS = frozenset({"NOTE_BANNED", "DEVICE_BANNED"})


def kind_for(caller: Caller, kind: str) -> str:
    """What is logged: how staff read is another thing (SHIELD-49)."""
    return STAFF if caller.user_type == UserType.ADMIN else kind


def outdated(session: ViewSession, now: int) -> bool:
    """Whether a viewer reads on without having taken new facts for three rotations (SHIELD-66)."""
    return now > int(session["seed_at"]) + STALE_ROTATIONS * WATERMARK_ROTATE_SECONDS()


def facts(caller: Caller, kind: str, status: int, session: ViewSession | None = None, **more: Any) -> dict[str, Any]:
    """One request as ``last`` keeps it; its id is ours, since that of the request may be the caller's choice.

    ``more``: ``bytes``, and where there is one ``range_start, range_end, page``. ``who``: address and user agent,
    sealed.
    """
    run, own_id = context.current(), new_ulid()
    who = json.dumps({"ip": run.source_ip, "userAgent": run.user_agent}, separators=(",", ":"))
    found = {
        "id": own_id,
        "request_id": run.request_id,
        "at": clock.iso(clock.now()),
        "kind": kind_for(caller, kind),
        "status": status,
        "bytes": 0,
        "agent": caller.device_hash,
        "who": sealing.seal(who, about=own_id),
        **more,
    }
    if session is not None:
        found["view_session_id"] = session.id
        found["stale"] = outdated(session, clock.epoch())
    return found


@contextmanager
def recording_refusals(reader: NoteReader, session: ViewSession, caller: Caller, kind: str = CONTENT) -> Iterator[None]:
    """Inside, being refused by the limit is recorded: one more write; staff's is not (SHIELD-49)."""
    try:
        yield
    except RateLimited as error:
        refused(reader, session, caller, kind, error.status)
        raise


def refused(reader: NoteReader, session: ViewSession, caller: Caller, kind: str, status: int) -> None:
    """Record that a reader's request was refused: by the limit (429) or for an old watermark (401).

    Beyond some forty in ten minutes nothing more is to be learnt, and nothing is written.
    """
    if caller.user_type == UserType.ADMIN:
        return
    now = clock.epoch()
    fresh = now >= int(reader.refused_start) + REFUSALS_SECONDS
    if not fresh and int(reader.refused_count) >= REFUSALS_KEPT:
        return
    counting = (
        [NoteReader.refused_start.set(now), NoteReader.refused_count.set(1)]
        if fresh
        else [NoteReader.refused_count.add(1)]
    )
    _write(reader, [NoteReader.last.set(facts(caller, kind, status, session)), *counting])


def refused_by_ban(kind: str, caller: Caller, note: Item, beside: list[Item | None], decision: Decision) -> None:
    """Record that somebody banned asked for a note's bytes; other refusals are not kept."""
    if decision.reason not in _BANS or not isinstance(note, Note):
        return
    reader, last = beside[0] if beside else None, facts(caller, kind, 403)
    if isinstance(reader, NoteReader):
        _write(reader, [NoteReader.last.set(last)])
        return
    record(caller.user_id, str(note.id), last)


def record(user_id: str, note_id: str, last: Mapping[str, Any]) -> None:
    """Record a request of somebody who may never have opened the note. Never fails what it tells of."""
    place = NoteReader.place(user_id, note_id)
    fresh = NoteReader(place.pk, place.sk, user_id=user_id, note_id=note_id, last=dict(last))
    try:
        store.put(fresh, when=store.absent(NoteReader))
    except store.ConditionFailed:
        _write(fresh, [NoteReader.last.set(dict(last))])
    except (ApiError, ClientError):
        count_metric("RefusalNotRecorded")


def _write(reader: NoteReader, actions: list[Any]) -> None:
    try:
        store.update(NoteReader, reader.itself, actions, when=store.present(NoteReader))
    except (store.ConditionFailed, ApiError, ClientError):
        count_metric("RefusalNotRecorded")
