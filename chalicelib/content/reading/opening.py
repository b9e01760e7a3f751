"""Opening a view session (SHIELD-01): never more than two live ones of one reader and note, under any race."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from chalicelib.content.notes import NOTE_MAX_RANGE_BYTES, Note, PagesState, recommended_chunk
from chalicelib.content.progress import opened
from chalicelib.content.reading import notice, revoking, sessions, watermark
from chalicelib.content.reading.items import REGISTER_SECONDS, NoteReader, NoteViewSession, WatermarkIssue
from chalicelib.content.reading.schemas import Opening, ViewSessionAnswer
from chalicelib.content.reading.sessions import ViewSession
from chalicelib.identity.accounts import User
from chalicelib.platform import clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.errors import Conflict
from chalicelib.platform.http import Request
from chalicelib.platform.ids import new_ulid

TRIES = 6
MAX_ENDED = 3


def open_session(
    note: Note, reader: object, user: User, caller: Caller, request: Request, body: Opening
) -> ViewSessionAnswer:
    """Open a session; the oldest beyond the limit is revoked with reason LIMIT.

    Raises ``NoticeNotAccepted`` before a reader's first page. One round trip when nobody opens at the same moment; at
    most five repetitions, then ``Conflict``.
    """
    accepted = notice.to_accept(caller, body.accept_notice)
    for _ in range(TRIES):
        now = clock.epoch()
        session, token = _new(note, caller, request, body, now)
        tx = store.Transaction()
        _enter(tx, reader if isinstance(reader, NoteReader) else None, session, caller, note, now)
        tx.put(_registered(session, note, caller, request, body), when=store.absent(NoteViewSession))
        issue = watermark.issue_of(dict(session.facts), caller.user_id, str(note.id), session.id)
        tx.put(issue, when=store.absent(WatermarkIssue))
        opened(tx, caller.user_id, str(note.id))
        notice.accept(tx, caller, accepted, now)
        try:
            tx.commit()
        except store.TransactionLost:
            reader = store.get(NoteReader, NoteReader.place(caller.user_id, str(note.id)))
            continue
        return _answer(session, token, note, user, now)
    raise Conflict


def _new(note: Note, caller: Caller, request: Request, body: Opening, now: int) -> tuple[ViewSession, str]:
    view_session_id = new_ulid()
    token, token_hash = sessions.new_token(view_session_id)
    file = note.file.as_dict()
    max_until = now + 60 * sessions.VIEW_SESSION_MAX_MINUTES()
    facts: dict[str, Any] = {
        "token_hash": token_hash,
        "login_session_id": caller.session_id,
        "token_version": int(caller.card.token_version),
        "created_at": now,
        "expires_at": min(now + sessions.VIEW_SESSION_TTL_SECONDS(), max_until),
        "max_until": max_until,
        **watermark.new_seed(),
        "seed_at": now,
        "ip_hash": watermark.fingerprint(request.source_ip),
        "ua_hash": request.device_hash,
        "last_seen_at": now,
        "requests": 0,
        "bytes": 0,
        "renewals": 0,
        "strict": False,
        "score": 0,
        "object_key": str(file["object_key"]),
        "version_id": str(file["version_id"]),
        "content_length": int(file["content_length"]),
        "page_count": int(note.page_count),
        "etag": f'"n{note.id}-{int(note.file_version)}"',
        "asset_id": str(note.file_asset_id),
        "pages": note.pages_state == PagesState.READY,
    }
    if body.device_hint:
        facts["device_hint"] = body.device_hint
    return ViewSession(view_session_id, facts), token


def _enter(
    tx: store.Transaction, reader: NoteReader | None, session: ViewSession, caller: Caller, note: Note, now: int
) -> None:
    """Put the session among the reader's, revoke what is too many, forget what ended long ago."""
    place = NoteReader.place(caller.user_id, str(note.id))
    if reader is None:
        item = NoteReader(
            place.pk,
            place.sk,
            user_id=caller.user_id,
            note_id=str(note.id),
            sessions={session.id: dict(session.facts)},
        )
        tx.put(item, when=store.absent(NoteReader), name="reader")
        return
    known = sessions.sessions_of(reader)
    # One that has just ended can still be renewed: it counts, or a renewal would make it a third.
    alive = [one for one in known if one.renewable(now)]
    displaced = alive[: max(0, len(alive) + 1 - sessions.MAX_VIEW_SESSIONS())]
    ended = [one for one in known if one not in alive]
    forgotten = ended[: max(0, len(ended) + len(displaced) - MAX_ENDED)]
    actions: list[Any] = [
        session.path.set(dict(session.facts)),
        NoteReader.version.add(1),
        *(one.path.remove() for one in forgotten),
    ]
    for one in displaced:
        actions += [one.path["revoked_at"].set(now), one.path["revoked_reason"].set(revoking.LIMIT)]
        revoking.in_register(tx, one.id, now, revoking.LIMIT)
    tx.update(NoteReader, place, actions, when=NoteReader.version == reader.version, name="reader")


def _registered(session: ViewSession, note: Note, caller: Caller, request: Request, body: Opening) -> NoteViewSession:
    place = NoteViewSession.place(session.id)
    created = datetime.fromtimestamp(int(session["created_at"]), UTC)
    entry = NoteViewSession(
        place.pk,
        place.sk,
        id=session.id,
        user_id=caller.user_id,
        note_id=str(note.id),
        file_version=int(note.file_version),
        login_session_id=caller.session_id,
        device_hint=body.device_hint,
        user_agent=request.user_agent or None,
        ip=request.source_ip,
        ip_hash=session["ip_hash"],
        user_agent_hash=session["ua_hash"],
        accepted_notice=notice.NOTICE_VERSION() if notice.NOTICE_REQUIRED() else None,
        created_at=created,
        last_seen_at=created,
        expires_at=datetime.fromtimestamp(int(session["expires_at"]), UTC),
        ttl=int(session["created_at"]) + REGISTER_SECONDS,
    )
    entry.index()
    return entry


def _answer(session: ViewSession, token: str, note: Note, user: User, now: int) -> ViewSessionAnswer:
    return ViewSessionAnswer(
        view_session_id=session.id,
        view_token=token,
        expires_at=datetime.fromtimestamp(int(session["expires_at"]), UTC),
        renew_after_seconds=sessions.renew_after(int(session["expires_at"]) - now),
        content_length=session["content_length"],
        page_count=session["page_count"],
        etag=session["etag"],
        max_range_bytes=NOTE_MAX_RANGE_BYTES(),
        recommended_chunk_bytes=recommended_chunk(),
        pages_available=bool(session["pages"]),
        watermark=watermark.facts_of(session, note, user),
        notice=notice.current(),
    )
