"""People as staff find them (USR-07), and one of them in full (USR-08)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from chalicelib.identity.accounts import Login, PhoneIndex, User, user_key
from chalicelib.identity.people.schemas import UserDetail, UserRow, UsersQuery
from chalicelib.platform import audit, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard, plain
from chalicelib.platform.audit import AuditAction
from chalicelib.platform.http import Page, cursors, lists
from chalicelib.platform.store import Query, Transaction, fetch

USER_READ = AuditAction("user.read", "Staff read somebody's full profile")

LIST = "users"
MAX_PAGES = 5
_NUMBER = re.compile(r"\+?[0-9]+")
_PUNCTUATION = re.compile(r"[ ()\-]")
PointerT = TypeVar("PointerT", Login, PhoneIndex)
_INDIAN = re.compile(r"[6-9][0-9]{0,9}")


def users(query: UsersQuery, caller_id: str) -> Page[UserRow]:
    """A page of the people of a type: newest first, or those that ``search`` finds, each by an index of its own.

    One round trip; two a table page where an e-mail or phone number was searched, at most 5 table pages.
    """
    search = query.search
    if search is None:
        return lists.page(LIST, caller_id, query, User.newest(query.type, keep=_listed(query)), UserRow.of)
    if "@" in search:
        return _pointed_at(query, caller_id, Login.beginning(query.type, search.lower()))
    number = _PUNCTUATION.sub("", search)
    if _NUMBER.fullmatch(number):
        return _pointed_at(query, caller_id, PhoneIndex.beginning(query.type, as_stored(number)))
    return lists.page(LIST, caller_id, query, User.named(query.type, search, keep=_listed(query)), UserRow.of)


def as_stored(number: str) -> str:
    """How the number that begins so is stored: ``98765`` → ``+9198765``, ``+44`` and ``44`` → ``+44``."""
    if number.startswith("+"):
        return number
    return f"+91{number}" if _INDIAN.fullmatch(number) else f"+{number}"


def _listed(query: UsersQuery) -> Callable[[User], bool] | None:
    if query.status is None:
        return None
    return lambda user: plain(user.row)["status"] == query.status


def _pointed_at(query: UsersQuery, caller_id: str, pointers: Query[PointerT]) -> Page[UserRow]:
    """The people whom the items of an index name, as they are now."""
    filters = lists.filters_of(query)
    key = cursors.open_(LIST, caller_id, filters, query.cursor)
    rows: list[UserRow] = []
    for _ in range(MAX_PAGES if query.status else 1):
        found = fetch(pointers, limit=query.limit - len(rows), start=key)
        ids = [plain(one.row)["userId"] for one in found.items]
        people = store.get_many([user_key(one) for one in ids], consistent=False) if ids else []
        shown = [UserRow.of(one) for one in people if isinstance(one, User)]
        rows += [row for row in shown if query.status in (None, row.status)]
        key = found.next_key
        if key is None or len(rows) == query.limit:
            break
    return Page(items=rows, next_cursor=cursors.seal(LIST, caller_id, filters, key))


def show(user: User, card: AccessCard, caller: Caller) -> UserDetail:
    """Somebody in full; reading another person's profile is kept in the audit trail (AUD-20). One write."""
    if user.id != caller.user_id:
        tx = Transaction()
        audit.write(tx, USER_READ, user.id, by=caller, meta={"type": user.type})
        tx.commit()
    return UserDetail.of(user, card)
