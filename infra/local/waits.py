"""The waits of workflows: real seconds, unless somebody drains; then every workflow that waits looks once more at once.

A workflow that looked and waits again is idle: nothing of it moves until its time has come.
"""

from __future__ import annotations

import threading
import time
from typing import Any

_SLICE_SECONDS = 0.5


class Waits:
    """Which workflows wait, and which have looked since the last ``begin``."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._round = 0
        self._hurried = False
        self._idle: set[int] = set()

    def begin(self) -> None:
        """From now on each workflow that waits, or comes to wait, goes on at once, one time."""
        with self._changed:
            self._round += 1
            self._hurried = True
            self._idle.clear()
            self._changed.notify_all()

    def end(self) -> None:
        """From now on those that come to wait wait their time."""
        with self._changed:
            self._hurried = False

    def idle(self) -> int:
        """How many wait that have looked in this round."""
        with self._changed:
            return len(self._idle)

    def wait(self, workflow: Any, seconds: float) -> None:
        """One wait of one workflow (moto's ``Environment``); ends early when it is stopped."""
        deadline = time.monotonic() + seconds
        with self._changed:
            if not hasattr(workflow, "looked_in_round"):
                workflow.looked_in_round = self._round - 1 if self._hurried else self._round
            try:
                while workflow.looked_in_round >= self._round:
                    left = deadline - time.monotonic()
                    if left <= 0 or not workflow.is_running():
                        return
                    self._idle.add(id(workflow))
                    self._changed.wait(min(left, _SLICE_SECONDS))
                workflow.looked_in_round = self._round
            finally:
                self._idle.discard(id(workflow))
