"""Recent proof (AUTH-59): sensitive changes need that the caller proved who they are within the last 10 minutes.

A sign-in counts, and so does proving again in the session; ``authAt`` of the card's entry says when.
"""

from __future__ import annotations

from chalicelib.platform import clock
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.errors import ReauthRequired

PROOF_SECONDS = 600


def is_recent(caller: Caller) -> bool:
    """Whether this session was proven within the last 10 minutes."""
    return clock.epoch() - int(caller.session.get("authAt", 0)) <= PROOF_SECONDS


def require_recent(caller: Caller) -> None:
    """401 ``REAUTH_REQUIRED`` unless it was."""
    if not is_recent(caller):
        raise ReauthRequired
