"""The access log as staff read it (SHIELD-10): by person, else by note, else by day; newest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import reduce
from operator import and_
from typing import Any, NamedTuple, cast

from pynamodb.expressions.condition import Condition

from chalicelib.content.reading import NoteViewSession
from chalicelib.content.shield import NoteAccessLog
from chalicelib.insight.security.log_schemas import AccessLogLine, AccessLogQuery
from chalicelib.insight.security.naming import Named, among, keys_of, read_all
from chalicelib.platform import audit, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.catalogue import Actions
from chalicelib.platform.access.decisions import decide
from chalicelib.platform.audit import AuditAction
from chalicelib.platform.http.models import Page
from chalicelib.platform.http.periods import Period, opened, sealed, walk
from chalicelib.platform.parallel import together
from chalicelib.platform.store import Item, Key, Query, Slice, Transaction

READ = AuditAction("noteaccess.read", "Staff read who read which notes")

LIST = "security.note-access"
USUAL = timedelta(days=1)
MOST = timedelta(days=31)
MAX_DAYS = 5
"""As many days are looked into for one page (HTTP-17); it then goes on with the next."""
_ONE = [""]


class _Source(NamedTuple):
    """Whose lines or which note's an index holds; neither: a day's. ``parts``: the queries that make the list."""

    user_id: str | None
    note_id: str | None
    parts: list[str]

    def query(self, part: str, ids: tuple[str, str], where: Condition | None) -> Query[NoteAccessLog]:
        keys: dict[str, Any] = {"between": ids, "where": where}
        if self.user_id is not None:
            return NoteAccessLog.of_user(self.user_id, **keys)
        if self.note_id is not None:
            return NoteAccessLog.of_note(self.note_id, part, **keys)
        return NoteAccessLog.of_day(part, **keys)


def lines(query: AccessLogQuery, caller: Caller) -> Page[AccessLogLine]:
    """One page; that it was read is kept, once a list. One query (a day or month each where no person is named), then
    one round trip for names.
    """
    place = opened(LIST, caller.user_id, query, usual=USUAL, most=MOST)
    source, where = _source(query, place.period), _where(query)
    found = _walk(source, place.period.ids(), where, query.limit, place.start)
    rows = [one.facts for one in found.items]
    keys = keys_of((row.get("user_id") for row in rows), (row.get("note_id") for row in rows))
    names = _names(keys, query, place.period, caller, first=query.cursor is None)
    full = decide(caller, Actions.SECURITY_READ).allowed
    return Page(
        items=[_line(row, names, full=full) for row in rows],
        next_cursor=sealed(LIST, caller.user_id, query, place.period, found.next_key),
    )


def _source(query: AccessLogQuery, period: Period) -> _Source:
    """The most selective index; of a view session it is its reader's."""
    if query.user_id is not None:
        return _Source(query.user_id, None, _ONE)
    if query.view_session_id is not None:
        session = store.get(NoteViewSession, NoteViewSession.place(query.view_session_id), consistent=False)
        if session is not None:
            return _Source(str(session.user_id), None, _ONE)
    if query.note_id is not None:
        return _Source(None, query.note_id, period.months())
    return _Source(None, None, _days(period))


def _days(period: Period) -> list[str]:
    """The days (UTC) that a period touches, newest first."""
    last: datetime = period.last
    count = (last.date() - period.first.date()).days
    return [f"{last.date() - timedelta(days=number)}" for number in range(count + 1)]


def _where(query: AccessLogQuery) -> Condition | None:
    """What the key condition may not say, asked of the ``row``."""
    row = NoteAccessLog.row
    wanted: list[Condition] = []
    if query.note_id is not None and (query.user_id or query.view_session_id):
        wanted.append(row["note_id"] == query.note_id)
    if query.view_session_id is not None:
        wanted.append(row["view_session_id"] == query.view_session_id)
    return reduce(and_, wanted) if wanted else None


def _walk(
    source: _Source, ids: tuple[str, str], where: Condition | None, limit: int, start: dict[str, str] | None
) -> Slice[NoteAccessLog]:
    ahead = source.parts[source.parts.index(start["part"]) :] if start else source.parts
    found = walk(lambda part: source.query(part, ids, where), ahead[:MAX_DAYS], limit=limit, start=start)
    if found.next_key is None and len(ahead) > MAX_DAYS:
        return Slice(found.items, {"part": ahead[MAX_DAYS]})
    return found


def _names(keys: Sequence[Key], query: AccessLogQuery, period: Period, caller: Caller, *, first: bool) -> Named:
    """Who and what the lines name; beside it the entry that the log was read."""

    def audited() -> object:
        tx = Transaction()
        asked = query.model_dump(include={"user_id", "note_id", "view_session_id"}, by_alias=True, exclude_none=True)
        about = next(iter(asked.values()), "all")
        meta = {**asked, "from": f"{period.first:%Y-%m-%dT%H:%M:%SZ}", "to": f"{period.last:%Y-%m-%dT%H:%M:%SZ}"}
        audit.write(tx, READ, about, by=caller, meta=meta)
        tx.commit()
        return None

    def read() -> object:
        return read_all(keys)

    results = together(audited, read) if first else [read()]
    return among(cast(Mapping[Key, Item], results[-1]).values())


def _line(row: Mapping[str, Any], names: Named, *, full: bool) -> AccessLogLine:
    user_id = row.get("user_id")
    return AccessLogLine(
        id=row["id"],
        user_id=user_id,
        user_name=names.name(user_id),
        note_id=row["note_id"],
        note_title=names.title(row["note_id"]),
        view_session_id=row.get("view_session_id"),
        kind=row["kind"],
        status=int(row["status"]),
        range_start=row.get("range_start"),
        range_end=row.get("range_end"),
        page=row.get("page"),
        bytes_served=int(row["bytes_served"]),
        ip=row.get("ip") if full else None,
        user_agent=row.get("user_agent") if full else None,
        request_id=row.get("request_id"),
        created_at=row["created_at"],
    )
