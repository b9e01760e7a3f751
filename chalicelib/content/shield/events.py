"""What reading means to those who watch over it (SHIELD-30, SHIELD-31): facts from the table's stream."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from chalicelib.content.reading import NoteReader, NoteViewSession
from chalicelib.content.shield.items import LogHold
from chalicelib.platform.access.card import plain
from chalicelib.platform.events.changes import Change, translate
from chalicelib.platform.events.domain import DomainEvent
from chalicelib.platform.signals import SecuritySignal


class NoteAsked(DomainEvent):
    """A request for a note's bytes: served, or refused by the limit, by a ban or for an old watermark.

    ``agent``, ``opened_agent``: hashes of the user agent now and when the session was opened. ``who``: address and user
    agent, sealed. Without a session there are neither ``opened_agent`` nor ``content_length``.
    """

    id: str
    user_id: str
    note_id: str
    view_session_id: str | None
    at: datetime
    kind: str
    status: int
    bytes: int
    range_start: int | None
    range_end: int | None
    page: int | None
    request_id: str
    agent: str
    who: str
    stale: bool
    strict: bool
    opened_agent: str | None
    content_length: int
    page_count: int

    @property
    def key(self) -> str:
        return self.id


class ViewSessionOpened(DomainEvent):
    """Somebody opened a note."""

    view_session_id: str
    user_id: str
    agent_hash: str
    at: datetime

    @property
    def key(self) -> str:
        return f"opened#{self.view_session_id}"


class ViewSessionRenewed(DomainEvent):
    """A viewer goes on: ``renewals`` says how often it has."""

    view_session_id: str
    expires_at: int
    renewals: int

    @property
    def key(self) -> str:
        return f"renewed#{self.view_session_id}#{self.renewals}"


class SignalRaised(DomainEvent):
    """Something was noticed that people should look at."""

    signal_id: str
    type: str
    severity: str
    user_id: str | None
    note_id: str | None
    at: datetime

    @property
    def key(self) -> str:
        return f"signal#{self.signal_id}"


class LogReleased(DomainEvent):
    """A case needs somebody's lines in the access log no more."""

    user_id: str
    case_id: str

    @property
    def key(self) -> str:
        return f"log-released#{self.user_id}#{self.case_id}"


@translate(NoteReader)
def reader_events(change: Change[NoteReader]) -> Iterator[DomainEvent]:
    """Each request is one write of ``last``; a renewal is one of the session's own count."""
    old, new = change.old, change.new
    if new is None:
        return
    last, before = plain(new.last), plain(old.last) if old is not None else {}
    if last.get("id") and last["id"] != before.get("id"):
        yield _asked(new, last)
    earlier = plain(old.sessions) if old is not None else {}
    for name, session in plain(new.sessions).items():
        renewals = int(session.get("renewals", 0))
        if name in earlier and renewals > int(earlier[name].get("renewals", 0)):
            yield ViewSessionRenewed(view_session_id=name, expires_at=int(session["expires_at"]), renewals=renewals)


def _asked(reader: NoteReader, last: dict[str, Any]) -> NoteAsked:
    session_id = last.get("view_session_id")
    session = plain(reader.sessions).get(str(session_id)) or {}
    return NoteAsked.model_validate(
        {
            **dict.fromkeys(("range_start", "range_end", "page")),
            **last,
            "user_id": reader.user_id,
            "note_id": reader.note_id,
            "view_session_id": session_id,
            "stale": bool(last.get("stale")),
            "strict": bool(session.get("strict")),
            "opened_agent": session.get("ua_hash"),
            "content_length": session.get("content_length", 0),
            "page_count": session.get("page_count", 0),
        }
    )


@translate(NoteViewSession)
def view_session_events(change: Change[NoteViewSession]) -> Iterator[DomainEvent]:
    """A session in the register is one that was opened."""
    one = change.new
    if change.inserted and one is not None:
        yield ViewSessionOpened(
            view_session_id=str(one.id),
            user_id=str(one.user_id),
            agent_hash=str(one.user_agent_hash),
            at=one.created_at,
        )


@translate(SecuritySignal)
def signal_events(change: Change[SecuritySignal]) -> Iterator[DomainEvent]:
    """A signal; that it was noticed again is none."""
    one = change.new
    if change.inserted and one is not None:
        yield SignalRaised(
            signal_id=str(one.id),
            type=str(one.type),
            severity=str(one.severity),
            user_id=one.user_id,
            note_id=one.note_id,
            at=one.created_at,
        )


@translate(LogHold)
def hold_events(change: Change[LogHold]) -> Iterator[DomainEvent]:
    """A hold that goes."""
    if change.new is None and change.old is not None:
        yield LogReleased(user_id=str(change.old.user_id), case_id=str(change.old.case_id))
