"""Ending somebody's view session (SHIELD-14)."""

from __future__ import annotations

from datetime import datetime

from chalicelib.content import reading
from chalicelib.content.reading import NoteViewSession
from chalicelib.platform import audit
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.audit import AuditAction
from chalicelib.platform.store import Transaction

REVOKE = AuditAction("viewsession.revoke", "Staff ended somebody's view session of a note")


def revoke(session: NoteViewSession, *, by: Caller, reason: str) -> datetime:
    """End it, and answer when it ended: one that had ended stays as it is, and is not audited again.

    Its next request is 401. Two round trips.
    """
    session_id, user_id, note_id = str(session.id), str(session.user_id), str(session.note_id)

    def audited(tx: Transaction) -> None:
        meta = {"userId": user_id, "noteId": note_id}
        audit.write(tx, REVOKE, session_id, by=by, meta=meta, reason=reason)

    ended = reading.revoke(user_id, note_id, session_id, reading.BY_STAFF, audited)
    if ended is not None:
        return ended
    registered: datetime | None = session.ended_at
    return registered or session.expires_at
