"""The demo academy (LOC-15), made anew at each start and reset."""

from __future__ import annotations

from infra.local.demo import accounts
from infra.local.demo.accounts import Account
from infra.local.running import Running


class DemoFailed(Exception):
    """The demo academy could not be loaded: the step and what came instead."""


def load(running: Running) -> list[Account]:
    """Load it into an empty stage; answers the demo accounts."""
    outcome = running.emulator.invoke("seed")
    if outcome.error is not None:
        raise DemoFailed(f"the seed failed: {outcome.error['errorType']}: {outcome.error['errorMessage']}")
    accounts.create()
    return [*accounts.STAFF, accounts.FIRST_STUDENT]
