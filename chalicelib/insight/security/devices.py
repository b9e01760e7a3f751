"""Devices, known by the hash of their user agent (SHIELD-18)."""

from __future__ import annotations

from chalicelib.content.reading import NoteViewSession
from chalicelib.insight.security.errors import ViewSessionNotFound
from chalicelib.insight.security.items import Ban, Banned
from chalicelib.platform import store


def device_of(user_id: str, view_session_id: str | None, user_agent_hash: str | None) -> str:
    """The device that is meant: named, or the one a view session of this person was opened with.

    Raises ``ViewSessionNotFound`` for one that is not theirs.
    """
    if view_session_id is None:
        return str(user_agent_hash)
    session = store.get(NoteViewSession, NoteViewSession.place(view_session_id), consistent=False)
    if session is None or session.user_id != user_id:
        raise ViewSessionNotFound
    return str(session.user_agent_hash)


def ban_of(user_id: str, device: str) -> Ban | None:
    """The ban of a device of somebody, as it is."""
    return store.get(Ban, Ban.place(user_id, Banned.DEVICE, device))
