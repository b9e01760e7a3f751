"""Leak cases as staff find them."""

from __future__ import annotations

from chalicelib.insight.security.items import LeakCase
from chalicelib.insight.security.leak_schemas import LeakCaseRow, LeakCasesQuery, LeakCaseView
from chalicelib.insight.security.naming import named
from chalicelib.platform.access.card import plain
from chalicelib.platform.http import Page, lists


def cases(query: LeakCasesQuery, caller_id: str) -> Page[LeakCaseRow]:
    """One page, newest first. One query."""
    return lists.page("security.leak-cases", caller_id, query, LeakCase.of_status(query.status), LeakCaseRow.of)


def show(case: LeakCase) -> LeakCaseView:
    """A case with names. One round trip."""
    candidates = [plain(one) for one in case.candidates]
    people = [case.suspect_user_id, *(one["user_id"] for one in candidates)]
    return LeakCaseView.named(case, named(people, [case.note_id, *(one["note_id"] for one in candidates)]))
