"""``Idempotency-Key`` (HTTP-35): the same request again answers what the first one answered."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Callable
from enum import Enum
from typing import Any, cast

from pynamodb.attributes import MapAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition

from chalicelib.platform import clock
from chalicelib.platform.access.card import plain
from chalicelib.platform.errors import (
    ApiError,
    Conflict,
    HeaderInvalid,
    IdempotencyInProgress,
    IdempotencyKeyRequired,
    IdempotencyKeyReused,
    RateLimited,
    problem,
)
from chalicelib.platform.http.answers import Rendered
from chalicelib.platform.http.render import render_error
from chalicelib.platform.http.request import Request
from chalicelib.platform.store import table
from chalicelib.platform.store.conflicts import ConditionFailed
from chalicelib.platform.store.items import Item
from chalicelib.platform.store.keys import Key

KEEP_SECONDS = 24 * 3600
MAX_BODY_CHARS = 65_536
KEPT_HEADERS = ("Content-Type", "Location", "ETag")
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
    headers: MapAttribute[str, Any] = MapAttribute(null=True)
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
        raise HeaderInvalid([problem("header.Idempotency-Key", "FORMAT", "must be 16 to 64 of A-Z, a-z, 0-9, _ and -")])
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


def run_once(user_id: str, endpoint: str, request: Request, seconds: int, work: Callable[[], Rendered]) -> Rendered:
    """Run ``work`` unless its key ran before; then answer what that run answered, a refusal too.

    What says «try again» frees the key: 5xx, 429, and a conflict with somebody else's writing.
    """
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
    ours = cast(Condition, (IdempotencyEntry.state == IN_PROGRESS) & (IdempotencyEntry.created_at == now))
    try:
        answer = work()
    except ApiError as error:
        if error.status >= 500 or isinstance(error, (RateLimited, Conflict)):
            _forget(place, ours)
        else:
            _keep(place, render_error(error, request.request_id), ours)
        raise
    except BaseException:
        _forget(place, ours)
        raise
    _keep(place, answer, ours)
    return answer


def _forget(place: Key, ours: Condition) -> None:
    # A run that outlived its lease must not free the key of the one that took over.
    with contextlib.suppress(ConditionFailed):
        table.delete(IdempotencyEntry, place, when=ours)


def _keep(place: Key, answer: Rendered, ours: Condition) -> None:
    entry = IdempotencyEntry
    actions = [
        entry.state.set(DONE),
        entry.status.set(answer.status),
        entry.body.set(answer.body if len(answer.body) <= MAX_BODY_CHARS else ""),
        entry.headers.set({name: answer.headers[name] for name in KEPT_HEADERS if name in answer.headers}),
    ]
    with contextlib.suppress(ConditionFailed):
        table.update(entry, place, actions, when=ours)


def _again(entry: Item | None, request: Request) -> Rendered:
    if not isinstance(entry, IdempotencyEntry):
        raise IdempotencyInProgress(retry_after=1)
    if entry.request_hash != request_hash(request):
        raise IdempotencyKeyReused
    if entry.state != DONE:
        raise IdempotencyInProgress(retry_after=1)
    status, body = int(entry.status or 200), str(entry.body or "")
    if status >= 400:
        # The first refusal, under this request's own id (HTTP-20).
        body = json.dumps({**json.loads(body), "requestId": request.request_id}, ensure_ascii=False)
    headers = {str(name): str(value) for name, value in plain(entry.headers).items()}
    return Rendered(status, {**headers, "Idempotent-Replay": "true"}, body)
