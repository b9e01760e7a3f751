"""Security signals as staff find them (SHIELD-11): by person or note, else by month; newest first."""

from __future__ import annotations

from datetime import timedelta
from functools import reduce
from operator import and_
from typing import Any

from pynamodb.expressions.condition import Condition

from chalicelib.insight.security.schemas import SignalsQuery, SignalView
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.http.models import Page
from chalicelib.platform.http.periods import opened, sealed, walk
from chalicelib.platform.signals import SecuritySignal
from chalicelib.platform.store import Query

LIST = "security.signals"
MOST = timedelta(days=92)
_ONE = [""]


def signals(query: SignalsQuery, caller: Caller) -> Page[SignalView]:
    """One page. One query; without a person or note up to one a month, as far as the page needs."""
    place = opened(LIST, caller.user_id, query, usual=MOST, most=MOST)
    keys: dict[str, Any] = {"between": place.period.ids(), "where": _where(query)}

    def query_of(part: str) -> Query[SecuritySignal]:
        if query.user_id is not None:
            return SecuritySignal.of_user(query.user_id, **keys)
        return SecuritySignal.of_note(query.note_id, **keys) if query.note_id else SecuritySignal.of_month(part, **keys)

    months = query.user_id is None and query.note_id is None
    found = walk(query_of, place.period.months() if months else _ONE, limit=query.limit, start=place.start)
    return Page(
        items=[SignalView.of(one) for one in found.items],
        next_cursor=sealed(LIST, caller.user_id, query, place.period, found.next_key),
    )


def _where(query: SignalsQuery) -> Condition | None:
    row = SecuritySignal.row
    wanted: list[Condition] = []
    if query.user_id is not None and query.note_id is not None:
        wanted.append(row["noteId"] == query.note_id)
    if query.type is not None:
        wanted.append(row["type"] == query.type.value)
    if query.severity is not None:
        wanted.append(row["severity"] == query.severity.value)
    if query.reviewed is not None:
        looked_at = row["reviewedAt"]
        wanted.append(looked_at.exists() if query.reviewed else looked_at.does_not_exist())
    return reduce(and_, wanted) if wanted else None
