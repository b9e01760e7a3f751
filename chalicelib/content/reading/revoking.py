"""Ending view sessions from outside: by their limit, by staff, by what security saw."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import cast

from pynamodb.expressions.condition import Condition

from chalicelib.content.reading import sessions
from chalicelib.content.reading.items import NoteReader, NoteViewSession
from chalicelib.platform import clock, store
from chalicelib.platform.errors import Conflict
from chalicelib.platform.store import Transaction

TRIES = 6
LIMIT, BY_USER, BY_STAFF, SCRAPE, REUSE = "LIMIT", "USER", "ADMIN", "SCRAPE", "REUSE"


def revoke(
    user_id: str,
    note_id: str,
    view_session_id: str,
    reason: str,
    also: Callable[[Transaction], None] | None = None,
) -> datetime | None:
    """End a session for its reader and in the register, in one transaction with what ``also`` adds (an audit entry).

    Answers when it ended: one that had ended before stays as it is, and ``also`` is not asked. None when the reader's
    item does not know it (any more): it ended long ago, or there was none. Its next request is 401. Two round trips.
    """
    place = NoteReader.place(user_id, note_id)
    for _ in range(TRIES):
        now = clock.epoch()
        known = sessions.sessions_of(store.get(NoteReader, place))
        session = next((one for one in known if one.id == view_session_id), None)
        if session is None:
            return None
        if not session.renewable(now):
            return datetime.fromtimestamp(int(session.get("revoked_at") or session["expires_at"]), UTC)
        tx = store.Transaction()
        is_open = session.path["token_hash"].exists() & session.path["revoked_at"].does_not_exist()
        actions = [
            session.path["revoked_at"].set(now),
            session.path["revoked_reason"].set(reason),
            NoteReader.version.add(1),
        ]
        tx.update(NoteReader, place, actions, when=cast(Condition, is_open), name="reader")
        in_register(tx, view_session_id, now, reason)
        if also is not None:
            also(tx)
        try:
            tx.commit()
        except store.TransactionLost:
            continue
        return datetime.fromtimestamp(now, UTC)
    raise Conflict


def in_register(tx: Transaction, view_session_id: str, now: int, reason: str) -> None:
    """Let the register say when and why a session ended."""
    at = datetime.fromtimestamp(now, UTC)
    tx.update(
        NoteViewSession,
        NoteViewSession.place(view_session_id),
        [
            NoteViewSession.ended_at.set(at),
            NoteViewSession.revoked_at.set(at),
            NoteViewSession.revoked_reason.set(reason),
            NoteViewSession.row["ended_at"].set(clock.iso(at)),
            NoteViewSession.version.add(1),
        ],
        when=store.present(NoteViewSession),
    )
