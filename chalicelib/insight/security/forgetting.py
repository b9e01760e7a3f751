"""People whose account was erased (USR-40): what they were banned from, and why, goes with it.

Signals, traces and cases name an id alone, which leads to nobody any longer.
"""

from __future__ import annotations

from chalicelib.insight.security.items import Ban, Banned
from chalicelib.platform import store


def forget_bans(user_id: str) -> int:
    """Remove the bans of somebody; how many there were. Doing it again finds none."""
    found = [ban for what in Banned for ban in store.every(Ban.kept_of(user_id, what))]
    for ban in found:
        store.delete(Ban, ban.itself)
    return len(found)
