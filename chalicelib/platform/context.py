"""What is true for the request, message or run that is being handled: a context variable, read by logs and audit."""

from __future__ import annotations

import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from chalicelib.platform.ids import new_ulid


@dataclass
class RunContext:
    """One run of one function.

    ``fields`` are further facts for the request's one log line; never personal data, tokens or payloads.
    """

    function: str
    request_id: str
    caller_id: str | None = None
    session_id: str | None = None
    source_ip: str | None = None
    user_agent: str | None = None
    deadline: float = field(default_factory=lambda: time.monotonic() + 29)
    fields: dict[str, Any] = field(default_factory=dict)

    def remaining(self) -> float:
        """Seconds until the function's time-out."""
        return self.deadline - time.monotonic()


_current: ContextVar[RunContext | None] = ContextVar("run", default=None)


def current() -> RunContext:
    """The run that this code belongs to; outside of any, a nameless one."""
    return _current.get() or RunContext("none", new_ulid())


def enter(function: str, request_id: str | None, lambda_context: Any) -> RunContext:
    """Begin a run. ``lambda_context`` tells the remaining time, where there is one."""
    run = RunContext(function, request_id or new_ulid())
    remaining = getattr(lambda_context, "get_remaining_time_in_millis", None)
    if callable(remaining):
        run.deadline = time.monotonic() + remaining() / 1000
    _current.set(run)
    return run


def leave() -> None:
    """End the run: what follows belongs to none."""
    _current.set(None)
