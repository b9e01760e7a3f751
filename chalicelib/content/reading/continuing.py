"""Going on with a view session: renewing it, its watermark, closing it (SHIELD-02, 03, 06)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

from pynamodb.expressions.condition import Condition

from chalicelib.content.notes import Note
from chalicelib.content.reading import revoking, sessions, watermark
from chalicelib.content.reading.errors import ViewTokenInvalid
from chalicelib.content.reading.items import NoteReader, WatermarkIssue
from chalicelib.content.reading.schemas import Renewal, Watermark
from chalicelib.content.reading.sessions import ViewSession
from chalicelib.identity.accounts import User
from chalicelib.platform import clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.errors import Conflict

TRIES = 6


def renew(note: Note, reader: object, user: User, caller: Caller, token: str | None) -> Renewal:
    """Give the session a new token; the one before is good for ten seconds more, so that ranges in flight arrive.

    Raises ``ViewTokenInvalid`` also past the session's longest life. One round trip.
    """
    for _ in range(TRIES):
        now = clock.epoch()
        session = sessions.check(reader, token, caller, now, renewing=True)
        new_token, token_hash = sessions.new_token(session.id)
        expires = min(now + sessions.VIEW_SESSION_TTL_SECONDS(), int(session["max_until"]))
        changes = {
            "token_hash": token_hash,
            "prev_token_hash": session["token_hash"],
            "prev_until": now + sessions.PREVIOUS_SECONDS,
            "expires_at": expires,
            "renewals": int(session["renewals"]) + 1,
        }
        renewed = _change(session, changes, note, caller, now)
        if renewed is None:
            reader = store.get(NoteReader, NoteReader.place(caller.user_id, str(note.id)))
            continue
        return Renewal(
            view_token=new_token,
            expires_at=datetime.fromtimestamp(expires, UTC),
            renew_after_seconds=sessions.renew_after(expires - now),
            watermark=watermark.facts_of(renewed, note, user),
        )
    raise Conflict


def current_watermark(note: Note, reader: object, user: User, caller: Caller, token: str | None) -> Watermark:
    """The facts to draw: new ones when the seed is old, else the same byte for byte; parallel askers get the same."""
    for _ in range(TRIES):
        now = clock.epoch()
        session = sessions.check(reader, token, caller, now)
        current = _change(session, {}, note, caller, now) if watermark.stale(session, now) else session
        if current is not None:
            return watermark.facts_of(current, note, user)
        reader = store.get(NoteReader, NoteReader.place(caller.user_id, str(note.id)))
    raise Conflict


def _change(session: ViewSession, changes: dict[str, Any], note: Note, caller: Caller, now: int) -> ViewSession | None:
    """Write changes of a session, with a new seed where the old one is stale; None when somebody else was faster."""
    rotating = watermark.stale(session, now)
    if rotating:
        changes = {**changes, **watermark.new_seed(), "seed_at": now}
    changed = ViewSession(session.id, {**session.facts, **changes})
    place = NoteReader.place(caller.user_id, str(note.id))
    actions = [*(session.path[name].set(value) for name, value in changes.items()), NoteReader.version.add(1)]
    try:
        if not rotating:
            store.update(NoteReader, place, actions, when=_as_read(session))
            return changed
        tx = store.Transaction()
        tx.update(NoteReader, place, actions, when=_as_read(session))
        issue = watermark.issue_of(dict(changed.facts), caller.user_id, str(note.id), session.id)
        tx.put(issue, when=store.absent(WatermarkIssue))
        tx.commit()
    except (store.TransactionLost, store.ConditionFailed):
        return None
    return changed


def _as_read(session: ViewSession) -> Condition:
    """The condition that token and seed are as they were read, and nobody ended the session."""
    path = session.path
    same = (path["token_hash"] == session["token_hash"]) & (path["seed_at"] == session["seed_at"])
    return cast(Condition, same & path["revoked_at"].does_not_exist())


def close(note_id: str, caller: Caller, token: str | None) -> None:
    """End a session; one that has ended stays as it is. Raises ``ViewTokenInvalid`` for a token that never was its."""
    place = NoteReader.place(caller.user_id, note_id)
    for _ in range(TRIES):
        session = sessions.named_by(store.get(NoteReader, place), token)
        if not sessions.fits(session, token, now=None):
            raise ViewTokenInvalid
        if session.revoked:
            return
        now = clock.epoch()
        tx = store.Transaction()
        tx.update(
            NoteReader,
            place,
            [
                session.path["revoked_at"].set(now),
                session.path["revoked_reason"].set(revoking.BY_USER),
                NoteReader.version.add(1),
            ],
            when=_as_read(session),
            name="reader",
        )
        revoking.in_register(tx, session.id, now, revoking.BY_USER)
        try:
            tx.commit()
        except store.TransactionLost:
            continue
        return
    raise Conflict
