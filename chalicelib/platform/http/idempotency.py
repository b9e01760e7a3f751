"""``Idempotency-Key`` (HTTP-35): the same request again answers what the first one answered."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from enum import Enum
from typing import cast

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition

from chalicelib.platform import clock
from chalicelib.platform.errors import (
    HeaderInvalid,
    IdempotencyInProgress,
    IdempotencyKeyRequired,
    IdempotencyKeyReused,
    problem,
)
from chalicelib.platform.http.answers import Rendered
from chalicelib.platform.http.request import Request
from chalicelib.platform.store import table
from chalicelib.platform.store.conflicts import ConditionFailed
from chalicelib.platform.store.items import Item
from chalicelib.platform.store.keys import Key

KEEP_SECONDS = 24 * 3600
MAX_BODY_CHARS = 65_536
_KEY = re.compile(r"[A-Za-z0-9_-]{16,64}")

IN_PROGRESS = "IN_PROGRESS"
DONE = "DONE"


class Idempotency(Enum):
    """How an endpoint treats the header. OWN: the use case keeps the entry, in its own transaction."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"
    OWN = "own"


class IdempotencyEntry(Item, discriminator="IdempotencyEntry"):
    """The first run of one key of one caller at one endpoint."""

    request_hash = UnicodeAttribute()
    state = UnicodeAttribute()
    status = NumberAttribute(null=True)
    body = UnicodeAttribute(null=True)
    location = UnicodeAttribute(null=True)
    lease_until = NumberAttribute()
    created_at = NumberAttribute()
    reference = UnicodeAttribute(null=True)

    @staticmethod
    def place(user_id: str, endpoint: str, key: str) -> Key:
        """Its key."""
        return Key(f"IDEM#{user_id}#{endpoint}#{key}", "IDEM")


def key_of(request: Request, mode: Idempotency) -> str | None:
    """The header's key. 400 when it is required and missing, or has another form."""
    given = request.headers.get("idempotency-key")
    if mode is Idempotency.NONE:
        return None
    if given is None:
        if mode is Idempotency.REQUIRED:
            raise IdempotencyKeyRequired
        return None
    if _KEY.fullmatch(given) is None:
        raise HeaderInvalid(
            [problem("header.Idempotency-Key", "FORMAT", "must be 16 to 64 of A-Z, a-z, 0-9, _ and -")]
        )
    return given


def request_hash(request: Request) -> str:
    """What makes two requests the same: path and body."""
    return hashlib.sha256(request.path.encode() + b"\n" + request.raw_body).hexdigest()


def free(now: int) -> Condition:
    """The condition under which a key may be taken: never used, forgotten, or its run died."""
    entry = IdempotencyEntry
    return cast(
        Condition,
        entry.pk.does_not_exist()
        | ((entry.state == IN_PROGRESS) & (entry.lease_until < now))
        | (entry.created_at < now - KEEP_SECONDS),
    )


def run_once(
    user_id: str, endpoint: str, request: Request, seconds: int, work: Callable[[], Rendered]
) -> Rendered:
    """Run ``work`` unless its key ran before; then answer what it answered. errors free the key."""
    key = request.idempotency_key
    if key is None:
        return work()
    place = IdempotencyEntry.place(user_id, endpoint, key)
    now = clock.epoch()
    entry = IdempotencyEntry(
        place.pk,
        place.sk,
        request_hash=request_hash(request),
        state=IN_PROGRESS,
        lease_until=now + seconds,
        created_at=now,
        ttl=now + KEEP_SECONDS,
    )
    try:
        table.put(entry, when=free(now))
    except ConditionFailed as failed:
        return _again(failed.item, request)
    try:
        answer = work()
    except BaseException:
        # Nothing took effect that the caller was told of: the key is free for the next try.
        table.delete(IdempotencyEntry, place)
        raise
    _keep(place, answer)
    return answer


def _keep(place: Key, answer: Rendered) -> None:
    body = answer.body if len(answer.body) <= MAX_BODY_CHARS else ""
    table.update(
        IdempotencyEntry,
        place,
        [
            IdempotencyEntry.state.set(DONE),
            IdempotencyEntry.status.set(answer.status),
            IdempotencyEntry.body.set(body),
            IdempotencyEntry.location.set(answer.headers.get("Location", "")),
        ],
    )


def _again(entry: Item | None, request: Request) -> Rendered:
    if not isinstance(entry, IdempotencyEntry):
        raise IdempotencyInProgress(retry_after=1)
    if entry.request_hash != request_hash(request):
        raise IdempotencyKeyReused
    if entry.state != DONE:
        raise IdempotencyInProgress(retry_after=1)
    headers = {"Content-Type": "application/json", "Idempotent-Replay": "true"}
    if entry.location:
        headers["Location"] = str(entry.location)
    return Rendered(int(entry.status or 200), headers, str(entry.body or ""))
