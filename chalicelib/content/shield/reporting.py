"""Taking what a viewer reports (SHIELD-07, SHIELD-57): hints, which may warn and blur, and never end a session."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime

from chalicelib.content.notes import Note
from chalicelib.content.reading import OPACITY, STRICT_OPACITY, check_view_token
from chalicelib.content.shield import consequences, judging
from chalicelib.content.shield.consequences import Watched
from chalicelib.content.shield.items import EVENT_SECONDS, NoteViewEvent, SessionWatch
from chalicelib.content.shield.judging import Action, Report
from chalicelib.content.shield.schemas import ViewEvent, ViewEvents, ViewEventsAnswer
from chalicelib.content.shield.settings import SHIELD_WARNING
from chalicelib.platform import clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.catalogue import UserType
from chalicelib.platform.errors import Conflict
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.store import Transaction, TransactionLost

TRIES = 6


def take(note: Note, reader: object, caller: Caller, token: str | None, body: ViewEvents) -> ViewEventsAnswer:
    """Keep what was reported, and say what the viewer does now. Two round trips; the same report again is kept once.

    Raises ``ViewTokenInvalid``; ``Conflict`` when others kept reporting of the same session.
    """
    now = clock.now()
    session = check_view_token(reader, token, caller, int(now.timestamp()))
    without_reader = False
    for _ in range(TRIES):
        watch = store.get(SessionWatch, SessionWatch.place(session.id))
        watched = Watched.of(watch, session.id, caller.user_id, str(note.id))
        reports = {_report(one): one for one in body.events}
        fresh = [event for report, event in reports.items() if report not in watched.known.reports]
        known, findings, action = judging.after_reports(watched.known, list(reports))
        if not fresh:
            return _answer(action, watched)
        tx = Transaction()
        if caller.user_type == UserType.ADMIN:
            findings = []
        reported = dataclasses.replace(watched, known=known)
        kept = consequences.keep(tx, reported, findings, now, without_reader=without_reader)
        _put_events(tx, session.id, fresh, now)
        try:
            tx.commit()
        except TransactionLost as lost:
            without_reader = without_reader or lost.failed("reader")
            continue
        return _answer(action, kept)
    raise Conflict


def _report(event: ViewEvent) -> Report:
    return Report(str(event.type), event.at.timestamp())


def _put_events(tx: Transaction, view_session_id: str, events: Sequence[ViewEvent], now: datetime) -> None:
    for event in events:
        place = NoteViewEvent.place(view_session_id, new_ulid())
        item = NoteViewEvent(*place, type=str(event.type), at=event.at, page=event.page)
        item.ttl = int(now.timestamp()) + EVENT_SECONDS
        tx.put(item, when=store.absent(NoteViewEvent), name="event")


def _answer(action: Action, watched: Watched) -> ViewEventsAnswer:
    return ViewEventsAnswer(
        action=action,
        watermark_opacity=STRICT_OPACITY if watched.strict or action is Action.BLUR else OPACITY,
        message=None if action is Action.NONE else SHIELD_WARNING(),
    )
