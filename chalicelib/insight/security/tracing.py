"""From a watermark to a person (SHIELD-19, SHIELD-20, SHIELD-65): issues that fit what is known of a leaked page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from chalicelib.content.reading import NoteViewSession, WatermarkIssue, shown
from chalicelib.identity.accounts import UserHash
from chalicelib.insight.security.naming import Named, among, keys_of, read_all
from chalicelib.insight.security.trace_schemas import Candidate, Traced, TracedNote, TracedPerson, TraceRequest
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import plain
from chalicelib.platform.audit import AuditAction
from chalicelib.platform.errors import invalid
from chalicelib.platform.parallel import together
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Query, Transaction, fetch

TRACE = AuditAction("watermark.trace", "Somebody asked whom a watermark names, or whether one is ours")

MOST = 50
WHOLE = 12
LONGEST = timedelta(days=7)
MAX_SLICES = 10
"""Of one person's watermarks at most 10,000 are looked through."""
Row = Mapping[str, Any]


@frozen
class Clues:
    """What is known of a watermark; all of it must fit. ``first``, ``last``: issued from, before."""

    trace_code: str | None = None
    user_hash: str | None = None
    view_session_id: str | None = None
    note_id: str | None = None
    first: datetime | None = None
    last: datetime | None = None

    @property
    def names(self) -> list[str]:
        """Which clues there are, as requests call them."""
        given = {
            "traceCode": self.trace_code,
            "userHash": self.user_hash,
            "viewSessionId": self.view_session_id,
            "noteId": self.note_id,
        }
        return [name for name, value in given.items() if value is not None]

    @property
    def whole(self) -> bool:
        """Whether every character of the code was read."""
        return self.trace_code is not None and len(self.trace_code) == WHOLE and "?" not in self.trace_code


def clues_of(asked: TraceRequest) -> Clues:
    """What a request tells. 422 for nothing, and for a time that is none, too long or missing beside a note alone."""
    clues = Clues(
        asked.trace_code, asked.user_hash, asked.view_session_id, asked.note_id, first=asked.from_, last=asked.to
    )
    if not clues.names:
        raise invalid("body", "NOTHING_GIVEN", "must name a trace code, a user hash, a view session or a note")
    if (asked.from_ is None) != (asked.to is None):
        raise invalid("body.from" if asked.from_ is None else "body.to", "REQUIRED", "from and to go together")
    if asked.from_ is not None and asked.to is not None:
        if asked.from_ >= asked.to:
            raise invalid("body.to", "BEFORE_FROM", "must be after from")
        if asked.to - asked.from_ > LONGEST:
            raise invalid("body.from", "PERIOD_TOO_LONG", "from and to are at most 7 days apart")
    elif clues.names == ["noteId"]:
        raise invalid("body.from", "REQUIRED", "says when, for a note alone")
    return clues


def trace(asked: TraceRequest, caller: Caller) -> Traced:
    """Whom the clues lead to; that it was asked is kept. Three round trips, one more by hash or session."""
    clues = clues_of(asked)
    found = fitting(clues)
    _, shown_ones = together(
        lambda: _keep_asked(clues, found, caller, asked.reason), lambda: candidates(found, clues.names)
    )
    return Traced(candidates=cast("list[Candidate]", shown_ones), exact=clues.whole and bool(found))


def _keep_asked(clues: Clues, found: Sequence[Row], caller: Caller, reason: str | None) -> None:
    tx = Transaction()
    people = list(dict.fromkeys(str(row["user_id"]) for row in found))
    about = clues.trace_code or clues.view_session_id or clues.user_hash or clues.note_id
    meta = {"by": clues.names, "found": len(found), "userIds": people}
    audit.write(tx, TRACE, str(about), by=caller, meta=meta, reason=reason)
    tx.commit()


def fitting(clues: Clues) -> list[Row]:
    """The rows of at most 50 issues that fit all clues, newest first: one query of the most selective, the rest
    filters. The rows are those of ``WatermarkIssue``.
    """
    people = _people_of(clues.user_hash)
    fits = _test(clues, people)
    if clues.whole:
        issue = store.get(WatermarkIssue, WatermarkIssue.place(str(clues.trace_code)))
        rows = [] if issue is None else [plain(issue.row)]
        return [row for row in rows if fits(row)]
    found = [row for query in _queries(clues, people) for row in _read(query, fits)]
    return sorted(found, key=lambda row: str(row["issued_at"]), reverse=True)[:MOST]


def _people_of(user_hash: str | None) -> list[str] | None:
    if user_hash is None:
        return None
    return [str(one.user_id) for one in fetch(UserHash.of(user_hash), limit=MOST).items]


def _test(clues: Clues, people: Sequence[str] | None) -> Callable[[Row], bool]:
    pattern = re.compile((clues.trace_code or "").replace("?", "."))
    first = clock.iso(clues.first) if clues.first else ""
    last = clock.iso(clues.last) if clues.last else "~"

    def fits(row: Row) -> bool:
        return (
            pattern.match(str(row["trace_code"])) is not None
            and (people is None or row["user_id"] in people)
            and clues.view_session_id in (None, row["view_session_id"])
            and clues.note_id in (None, row["note_id"])
            and first <= str(row["issued_at"]) < last
        )

    return fits


def _queries(clues: Clues, people: Sequence[str] | None) -> list[Query[WatermarkIssue]]:
    if clues.trace_code is not None:
        return [WatermarkIssue.starting(clues.trace_code.partition("?")[0])]
    if clues.view_session_id is not None:
        entry = store.get(NoteViewSession, NoteViewSession.place(clues.view_session_id))
        return [] if entry is None else [WatermarkIssue.of_session(entry)]
    span = (
        {}
        if clues.first is None or clues.last is None
        else {"between": (clock.iso(clues.first), clock.iso(clues.last))}
    )
    if people is not None:
        return [WatermarkIssue.of_user(one, **span) for one in people]
    return [WatermarkIssue.of_note(str(clues.note_id), **span)]


def _read(query: Query[WatermarkIssue], fits: Callable[[Row], bool]) -> list[Row]:
    found: list[Row] = []
    start = None
    for _ in range(MAX_SLICES):
        page = fetch(query, limit=1_000, start=start)
        found += [row for row in (plain(one.row) for one in page.items) if fits(row)]
        start = page.next_key
        if start is None or (len(found) >= MOST and query.descending):
            break
    return found


def candidates(found: Iterable[Row], matched: Sequence[str]) -> list[Candidate]:
    """Issues with person, note and session. One round trip."""
    rows = list(found)
    places = {str(row["view_session_id"]): NoteViewSession.place(str(row["view_session_id"])) for row in rows}
    wanted = keys_of((str(row["user_id"]) for row in rows), (str(row["note_id"]) for row in rows))
    items = read_all([*places.values(), *wanted])
    names = among(items.values())
    sessions = {name: items.get(place) for name, place in places.items()}
    return [_candidate(row, names, sessions[str(row["view_session_id"])], matched) for row in rows]


def _candidate(row: Row, names: Named, session: object, matched: Sequence[str]) -> Candidate:
    known = session if isinstance(session, NoteViewSession) else None
    user_id, note_id = str(row["user_id"]), str(row["note_id"])
    person = names.living(user_id)
    return Candidate(
        user=TracedPerson(
            id=user_id,
            name=names.name(user_id),
            email=person.email if person else None,
            phone=person.phone if person else None,
        ),
        note=TracedNote(id=note_id, title=names.title(note_id)),
        view_session_id=str(row["view_session_id"]),
        trace_code=shown(str(row["trace_code"])),
        issued_at=clock.parse_iso(str(row["issued_at"])),
        session_start=known.created_at if known else None,
        ip=known.ip if known else None,
        user_agent=known.user_agent if known else None,
        matched=list(matched),
    )
