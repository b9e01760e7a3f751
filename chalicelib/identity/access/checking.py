"""The nightly look at access cards (ACC-22): do they say what roles, grants and denies do?

By construction they always do (ACC-60); what does not is repaired, kept in the audit trail, and alarmed. All staff and
operators are looked at, and of the students a hundredth, going round.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from chalicelib.identity import roles as held
from chalicelib.identity.access.ending import end_due
from chalicelib.identity.access.items import CardCheck
from chalicelib.identity.accounts import DELETED, User
from chalicelib.identity.roles import Holding, Rights, Role, RoleHolder
from chalicelib.platform import audit, settings, store
from chalicelib.platform.access.card import AccessCard, plain
from chalicelib.platform.access.catalogue import UserType
from chalicelib.platform.http import ResponseModel
from chalicelib.platform.logs import alarm
from chalicelib.platform.store import ConditionFailed, Transaction, TransactionLost

PAGE = 100
CARD_CHECK_STUDENTS = settings.integer("CARD_CHECK_STUDENTS", default=1_000, minimum=1, maximum=100_000)
"""Students of a night in an academy that has fewer than a hundred times as many, or has not counted them yet."""
RESERVE_SECONDS = 20.0

Also = Callable[[AccessCard], bool]
"""Looks at the parts of a card that are not identity's; whether it repaired something."""


class CardsChecked(ResponseModel):
    """What a night did. ``ended``: people whose timed roles were over; ``missing``: accounts without a card."""

    ended: int = 0
    checked: int = 0
    repaired: int = 0
    missing: int = 0


def check(remaining: Callable[[], float], also: Also) -> CardsChecked:
    """Look at the cards that are due, as long as ``remaining`` seconds allow."""
    done = CardsChecked(ended=end_due())
    look = partial(_look_at, done=done, also=also, held_by=held.every_holder())
    for kind in (UserType.ADMIN, UserType.OPERATOR):
        start: Mapping[str, str] | None = None
        while remaining() > RESERVE_SECONDS:
            found = store.fetch(User.newest(kind), limit=PAGE, start=start)
            look([str(plain(one.row)["id"]) for one in found.items])
            if found.next_key is None:
                break
            start = found.next_key
    _students(remaining, look)
    return done


def _students(remaining: Callable[[], float], look: Callable[[list[str]], None]) -> None:
    """A hundredth of the students, from where the night before ended."""
    there = store.get(CardCheck, CardCheck.place())
    progress = there or CardCheck(*CardCheck.place(), version=0)
    seen, total = int(progress.seen), int(progress.total)
    start: Mapping[str, str] | None = json.loads(progress.cursor) if progress.cursor else None
    left = max(CARD_CHECK_STUDENTS(), -(-max(total, seen) // 100))
    while left > 0 and remaining() > RESERVE_SECONDS:
        found = store.fetch(User.newest(UserType.STUDENT), limit=min(PAGE, left), start=start)
        look([str(plain(one.row)["id"]) for one in found.items])
        seen, left, start = seen + len(found.items), left - len(found.items), found.next_key
        if start is None:
            seen, total = 0, seen
            break
    cursor = json.dumps(start) if start else None
    following = CardCheck(*CardCheck.place(), cursor=cursor, seen=seen, total=total, version=int(progress.version) + 1)
    try:
        store.put(following, when=CardCheck.version == progress.version if there else store.absent(CardCheck))
    except ConditionFailed:
        # Another run was here at the same time, and has gone on from the same place.
        return


def _look_at(user_ids: list[str], *, done: CardsChecked, also: Also, held_by: Mapping[str, list[RoleHolder]]) -> None:
    """Three round trips for a page; what seems wrong is read again, alone and in the right order."""
    cards = store.get_many([AccessCard.place(user_id) for user_id in user_ids]) if user_ids else []
    by_key = held.every_role() if cards else {}
    for user_id, card in zip(user_ids, cards, strict=True):
        done.checked += 1
        if not isinstance(card, AccessCard):
            alarm("an account has no access card", userId=user_id)
            done.missing += 1
        elif card.status != DELETED:
            seems_right = _says(card, Holding.by(card, held_by.get(user_id, [])), by_key)
            done.repaired += (not seems_right and _repair(card, by_key)) + also(card)


def _says(card: AccessCard, holding: Holding, by_key: Mapping[str, Role]) -> bool:
    """Whether a card says what follows from what its owner holds."""
    return holding.same(Holding.of(card)) and held.due_for(card, holding, by_key) == held.current(card)


def _repair(card: AccessCard, by_key: Mapping[str, Role]) -> bool:
    """Whether the card, as it was read before the roles, said something else than they do, and was repaired."""
    holding = Holding.by(card, held.holders_of(str(card.user_id), by_key))
    if _says(card, holding, by_key):
        return False
    due, there = held.due_for(card, holding, by_key), held.current(card)
    tx = Transaction()
    _write(tx, card, holding, due)
    changed = {"roleKeys": [list(card.role_keys or ()), list(holding.keys)]}
    meta = {
        "changed": changed if changed["roleKeys"][0] != changed["roleKeys"][1] else {},
        "added": due.beyond(there),
        "removed": there.beyond(due),
    }
    audit.write(tx, held.CARD_REPAIRED, card.user_id, meta=meta)
    try:
        tx.commit()
    except TransactionLost:
        # Somebody gave or took roles meanwhile: that is the difference, and their transaction wrote what is right.
        return False
    alarm("an access card had drifted", userId=str(card.user_id), added=meta["added"], removed=meta["removed"])
    return True


def _write(tx: Transaction, card: AccessCard, holding: Holding, due: Rights) -> None:
    actions: list[Any] = [AccessCard.role_keys.set(list(holding.keys)), *due.actions(card)]
    if card.user_type != UserType.ADMIN:
        actions += [AccessCard.grants.remove(), AccessCard.denies.remove()]
    tx.update(AccessCard, card.itself, actions, when=held.as_read(card), name="card")
    shown = [User.row["roleKeys"].set(list(holding.keys))]
    tx.update(User, User.place(card.user_id), shown, when=store.present(User), name="user")
