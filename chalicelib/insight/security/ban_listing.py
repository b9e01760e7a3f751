"""Bans as staff find them (SHIELD-16): somebody's, or all; newest first."""

from __future__ import annotations

from collections.abc import Sequence

from pynamodb.expressions.condition import Condition

from chalicelib.insight.security.ban_schemas import BanRow, BansQuery
from chalicelib.insight.security.items import Ban
from chalicelib.insight.security.naming import named
from chalicelib.platform import clock
from chalicelib.platform.access.card import plain
from chalicelib.platform.http import Page, cursors
from chalicelib.platform.http.lists import filters_of
from chalicelib.platform.store import fetch

LIST = "security.bans"


def bans(query: BansQuery, caller_id: str) -> Page[BanRow]:
    """One page. One query, and one batch read for the names."""
    where = running() if query.active else None
    wanted = Ban.of(query.user_id, where=where) if query.user_id else Ban.newest(where=where)
    filters = filters_of(query)
    found = fetch(wanted, limit=query.limit, start=cursors.open_(LIST, caller_id, filters, query.cursor))
    return Page(items=rows(found.items), next_cursor=cursors.seal(LIST, caller_id, filters, found.next_key))


def running() -> Condition:
    """That a ban counts now, asked of the ``row``."""
    row = Ban.row
    condition: Condition = (row["endsAt"] > clock.iso(clock.now())) & row["liftedAt"].does_not_exist()
    return condition


def rows(found: Sequence[Ban]) -> list[BanRow]:
    """Bans with names. One round trip."""
    facts = [plain(one.row) for one in found]
    people = [one[name] for one in facts for name in ("userId", "createdByUserId")]
    names = named(people, (one["target"] for one in facts if one["what"] == "NOTE" and one["target"] != "*"))
    return [BanRow.named(one, names) for one in found]
