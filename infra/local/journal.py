"""What the console shows: the last requests with their AWS calls, and the last domain events."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import Any

from chalicelib.platform import clock
from chalicelib.platform.events.changes import Handover, Told, events_of
from infra.local.recorder import AwsCall

REQUESTS_KEPT = 500
EVENTS_KEPT = 500


@dataclass(frozen=True)
class Handled:
    """One request that the gateway answered. ``function`` is None for the gateway's own answers."""

    at: str
    request_id: str
    method: str
    path: str
    status: int
    code: str | None
    function: str | None
    milliseconds: float
    calls: tuple[AwsCall, ...]

    def view(self) -> dict[str, Any]:
        """As ``GET /_local/requests`` shows it."""
        return {
            "at": self.at,
            "requestId": self.request_id,
            "method": self.method,
            "path": self.path,
            "status": self.status,
            "code": self.code,
            "function": self.function,
            "durationMs": round(self.milliseconds, 2),
            "units": round(sum(call.units for call in self.calls), 2),
            "awsCalls": [
                {**call_view(call), "startMs": round((call.at - self.calls[0].at) * 1000, 2)} for call in self.calls
            ],
        }


def call_view(call: AwsCall) -> dict[str, Any]:
    """One AWS call as the control API shows it."""
    return {
        "service": call.service,
        "operation": call.operation,
        "resources": list(call.target.resources),
        "durationMs": round(call.seconds * 1000, 2),
        "units": call.units,
        "outcome": call.outcome,
        "injected": call.injected,
    }


class Journal:
    """Keeps the newest; safe in threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: deque[Handled] = deque(maxlen=REQUESTS_KEPT)
        self._events: deque[dict[str, Any]] = deque(maxlen=EVENTS_KEPT)

    def request(self, handled: Handled) -> None:
        with self._lock:
            self._requests.append(handled)

    def record(self, record: dict[str, Any]) -> None:
        """Note the domain events that a stream record means."""
        try:
            events = events_of(record)
        except Exception:  # what the reader cannot read is for its dead-letter queue to show
            return
        at = clock.iso(clock.now())
        found = [{"at": at, **_shown(one)} for one in events]
        with self._lock:
            self._events.extend(found)

    def requests(self) -> list[dict[str, Any]]:
        """Newest first."""
        with self._lock:
            return [one.view() for one in reversed(self._requests)]

    def events(self) -> list[dict[str, Any]]:
        """Newest first."""
        with self._lock:
            return list(reversed(self._events))

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._requests.clear()
            self._events.clear()


def _shown(told: Told) -> dict[str, Any]:
    """A domain event by its own key; what goes straight to a worker by its queue."""
    about = told.message if isinstance(told, Handover) else told
    name, key = (told.queue.name, told.queue.name) if isinstance(told, Handover) else (type(told).__name__, told.key)
    return {"event": name, "key": key, "data": about.model_dump(mode="json", by_alias=True)}
