"""Whether what the backend stands on answers: one cheap call each, side by side (HTTP-02)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait

from botocore.exceptions import ClientError

from chalicelib.platform.access.tokens import JWT_PUBLIC_KEYS
from chalicelib.platform.aws import clients
from chalicelib.platform.aws.bucket import BUCKET_NAME
from chalicelib.platform.events.queues import Queues, backlog
from chalicelib.platform.logs import event
from chalicelib.platform.parallel import submit
from chalicelib.platform.records import frozen
from chalicelib.platform.store.keys import TABLE_NAME

LIMIT_SECONDS = 2.0
KEPT_SECONDS = 5.0


@frozen
class Check:
    """How one dependency answered, and in how many milliseconds; of a failure nothing more is told."""

    ok: bool
    ms: int


class PublicBucket(Exception):
    """The bucket's policy lets anybody in: no stage is ready that way (FILE-41)."""


def _private_bucket() -> None:
    """The bucket answers, and is nobody else's. A bucket without a policy allows nothing."""
    try:
        status = clients.s3().get_bucket_policy_status(Bucket=BUCKET_NAME())
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "NoSuchBucketPolicy":
            return
        raise
    if status["PolicyStatus"]["IsPublic"]:
        raise PublicBucket


_CALLS: dict[str, Callable[[], object]] = {
    "table": lambda: clients.dynamodb().describe_table(TableName=TABLE_NAME()),
    "bucket": _private_bucket,
    "secrets": JWT_PUBLIC_KEYS.fetch,
    "queues": lambda: backlog(Queues.PAYMENT_EVENTS),
}

_lock = threading.Lock()
_kept: tuple[float, dict[str, Check]] | None = None


def check() -> dict[str, Check]:
    """All checks by name; at most ``LIMIT_SECONDS`` long, and kept ``KEPT_SECONDS``: a load balancer asks often."""
    global _kept
    with _lock:
        if _kept is None or time.monotonic() - _kept[0] > KEPT_SECONDS:
            found = _ask()
            _kept = (time.monotonic(), found)
        return _kept[1]


def forget() -> None:
    """Ask again at the next check."""
    global _kept
    with _lock:
        _kept = None


def _ask() -> dict[str, Check]:
    started = time.monotonic()
    ends: dict[str, float] = {}
    asked = {name: submit(lambda name=name: _timed(name, ends)) for name in _CALLS}  # type: ignore[misc]
    wait(asked.values(), timeout=LIMIT_SECONDS)
    return {name: _outcome(name, future, ends.get(name), started) for name, future in asked.items()}


def _timed(name: str, ends: dict[str, float]) -> None:
    try:
        _CALLS[name]()
    finally:
        ends[name] = time.monotonic()


def _outcome(name: str, future: Future[None], ended: float | None, started: float) -> Check:
    ms = round(((ended or time.monotonic()) - started) * 1000)
    error = future.exception() if future.done() else TimeoutError()
    if error is not None:
        event("not ready", dependency=name, error=type(error).__name__)
    return Check(ok=error is None, ms=ms)
