"""Counting content requests on the reader's item (SHIELD-40): the update that records a request also lets it pass.

Of any number of parallel requests in one clock-aligned window exactly as many pass as the limit says: each is one
conditional write. Only the first of a window, and who races with it, may need a second one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, cast

from pynamodb.expressions.condition import Condition

from chalicelib.content.reading.errors import ViewTokenInvalid
from chalicelib.content.reading.items import NoteReader
from chalicelib.content.reading.sessions import ViewSession, sessions_of
from chalicelib.platform import clock, store
from chalicelib.platform.errors import RateLimited, Unavailable
from chalicelib.platform.http.limits import Limits, Verdict
from chalicelib.platform.store import Key

TRIES = 6
STRICT_SHARE = 4
_UNLIMITED = (10**9, 120)


def count(place: Key, reader: NoteReader, session: ViewSession, size: int, last: Mapping[str, Any]) -> dict[str, str]:
    """Count one request of ``size`` bytes and record ``last``; the answer's ``RateLimit-*`` headers.

    Raises ``RateLimited``, or ``ViewTokenInvalid`` when the session was ended since ``reader`` was read.
    """
    most = _most(session)
    current = reader
    for _ in range(TRIES):
        window, reset = refuse_if_full(current, session)
        first = int(current.win_start) != window
        try:
            counted = _write(place, session, size, last, window=window, most=most, first=first, seen=current)
        except store.ConditionFailed as failed:
            current = _still_open(failed.item, session)
            continue
        number = int(counted.win_count)
        return _verdict(number, max(0, most - number), reset, allowed=True).headers()
    raise Unavailable


def refuse_if_full(reader: NoteReader, session: ViewSession) -> tuple[int, int]:
    """The window's start (epoch seconds) and the seconds to its end; ``RateLimited`` when nobody more fits into it."""
    _, seconds = Limits.NOTE_CONTENT.rate() or _UNLIMITED
    now = clock.now().timestamp()
    window = max(int(now // seconds) * seconds, int(reader.win_start))
    reset = max(1, math.ceil(window + seconds - now))
    if int(reader.win_start) == window and int(reader.win_count) >= _most(session):
        verdict = _verdict(int(reader.win_count), 0, reset, allowed=False)
        raise RateLimited(retry_after=reset, headers=verdict.headers())
    return window, reset


def _most(session: ViewSession) -> int:
    most, _ = Limits.NOTE_CONTENT.rate() or _UNLIMITED
    return max(1, most // STRICT_SHARE) if session.get("strict") else most


def _verdict(number: int, remaining: int, reset: int, *, allowed: bool) -> Verdict:
    return Verdict(Limits.NOTE_CONTENT, allowed, number, remaining, reset)


def _still_open(found: object, session: ViewSession) -> NoteReader:
    here = next((one for one in sessions_of(found) if one.id == session.id), None)
    if here is None or here.revoked or not isinstance(found, NoteReader):
        raise ViewTokenInvalid
    return found


def _write(
    place: Key,
    session: ViewSession,
    size: int,
    last: Mapping[str, Any],
    *,
    window: int,
    most: int,
    first: bool,
    seen: NoteReader,
) -> NoteReader:
    path = session.path
    records: list[Any] = [
        path["requests"].set(path["requests"] + 1),
        path["bytes"].set(path["bytes"] + size),
        path["last_seen_at"].set(clock.epoch()),
        NoteReader.last.set(dict(last)),
    ]
    if first:
        records += [NoteReader.win_start.set(window), NoteReader.win_count.set(1)]
        room = NoteReader.win_start == seen.win_start
    else:
        records.append(NoteReader.win_count.add(1))
        room = (NoteReader.win_start == window) & (NoteReader.win_count < most)
    is_open = path["token_hash"].exists() & path["revoked_at"].does_not_exist()
    return store.update(NoteReader, place, records, when=cast(Condition, is_open & room))
