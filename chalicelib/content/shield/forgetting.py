"""Readers whose account was erased (SHIELD-54): the log keeps that something was read, no longer by whom or from where.

Somebody whose lines an open case needs keeps them until it is closed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from chalicelib.content.reading import NoteViewSession
from chalicelib.content.shield.items import LogHold, NoteAccessLog, NoteUsageDay
from chalicelib.identity.accounts import DELETED, User, user_key
from chalicelib.platform import clock, store
from chalicelib.platform.parallel import together
from chalicelib.platform.store import Item, Key, Query, Transaction

PAGE = 100
CHUNK = 25


def hold_log(tx: Transaction, user_id: str, case_id: str) -> None:
    """Add that a case needs somebody's lines in the log: until it is released they say who it was."""
    place = LogHold.place(user_id, case_id)
    tx.put(LogHold(*place, user_id=user_id, case_id=case_id, created_at=clock.now()), name="hold")


def release_log(tx: Transaction, user_id: str, case_id: str) -> None:
    """Add that a case needs them no more; of somebody whose account is gone they are then made nameless."""
    tx.delete(LogHold, LogHold.place(user_id, case_id), name="hold")


def forget(user_id: str) -> int:
    """Take the person out of the log and the register, and remove what they used; how many lines there were.

    Doing it again finds what is left: nothing. None while a case needs them.
    """
    for used in store.every(NoteUsageDay.ever_of(user_id)):
        store.delete(NoteUsageDay, used.itself)
    if store.fetch(LogHold.of(user_id), limit=1).items:
        return 0
    lines = _each(NoteAccessLog.of_user(user_id), _unname_line)
    _each(NoteViewSession.of_user(user_id), _unname_session)
    return lines


def forget_released(user_id: str) -> int:
    """As ``forget``, of somebody whose account is gone; of everybody else nothing."""
    user = store.get(User, user_key(user_id))
    return forget(user_id) if user is None or user.status == DELETED else 0


def _each(query: Query[Any], change: Callable[[Key], None]) -> int:
    start, count = None, 0
    while True:
        found = store.fetch(query, limit=PAGE, start=start)
        _in_chunks(found.items, change)
        count += len(found.items)
        if found.next_key is None:
            return count
        start = found.next_key


def _in_chunks(items: Sequence[Item], change: Callable[[Key], None]) -> None:
    for first in range(0, len(items), CHUNK):
        together(*(partial(change, one.itself) for one in items[first : first + CHUNK]))


def _unname_line(place: Key) -> None:
    row = NoteAccessLog.row
    actions = [row[name].remove() for name in ("user_id", "ip", "user_agent")]
    _update(NoteAccessLog, place, [*actions, NoteAccessLog.gsi1pk.remove(), NoteAccessLog.gsi1sk.remove()])


def _unname_session(place: Key) -> None:
    kept = NoteViewSession
    gone = (kept.ip, kept.user_agent, kept.device_hint, kept.row["device_hint"])
    _update(NoteViewSession, place, [one.remove() for one in gone])


def _update(kind: type[Item], place: Key, actions: Sequence[Any]) -> None:
    try:
        store.update(kind, place, actions, when=store.present(kind))
    except store.ConditionFailed:
        return  # its time was over meanwhile
