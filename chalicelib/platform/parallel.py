"""Calls that do not wait for each other run side by side, in the request's own context."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

_lock = threading.Lock()
_pool: ThreadPoolExecutor | None = None


def submit(work: Callable[[], T]) -> Future[T]:
    """Start ``work`` beside the caller; ``.result()`` waits and raises what it raised."""
    global _pool
    with _lock:
        if _pool is None:
            _pool = ThreadPoolExecutor(max_workers=64, thread_name_prefix="parallel")
    return _pool.submit(contextvars.copy_context().run, work)


def together(*works: Callable[[], object]) -> list[object]:
    """Run all; the last one in the calling thread. Answers in order; raises the first error after all have ended."""
    futures: list[Future[object]] = [submit(work) for work in works[:-1]]
    errors: list[BaseException] = []
    last: object = None
    try:
        last = works[-1]()
    except Exception as error:  # noqa: BLE001  # raised below, once the others have ended
        errors.append(error)
    results: list[object] = []
    for future in futures:
        try:
            results.append(future.result())
        except Exception as error:  # noqa: BLE001  # raised below, once the others have ended
            errors.append(error)
    if errors:
        raise errors[0]
    return [*results, last]
