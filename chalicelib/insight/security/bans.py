"""Bans (SHIELD-15 … SHIELD-18, SHIELD-70): the card, the ban and its audit entry change in one transaction.

What is on the card counts: from its write on every request of the person is refused there, and ``endsAt`` needs no job.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import reduce
from operator import and_
from typing import Any, cast

from pynamodb.attributes import MapAttribute
from pynamodb.expressions.condition import Condition, size

from chalicelib.content.notes import Note
from chalicelib.identity.accounts import DELETED, User, UserNotFound, user_key
from chalicelib.insight.security.errors import BanNotFound, NotAStudent, TooManyBans
from chalicelib.insight.security.items import ALL_NOTES, Ban, Banned
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard, plain
from chalicelib.platform.access.catalogue import UserType
from chalicelib.platform.audit import AuditAction
from chalicelib.platform.errors import Conflict, Unavailable, invalid
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Item, Transaction, TransactionLost

CREATED = {
    Banned.NOTE: AuditAction("noteban.create", "Somebody was banned from a note, or from all"),
    Banned.DEVICE: AuditAction("deviceban.create", "A device of somebody was banned from notes"),
}
LIFTED = {
    Banned.NOTE: AuditAction("noteban.lift", "A ban from notes was lifted"),
    Banned.DEVICE: AuditAction("deviceban.lift", "A ban of a device was lifted"),
}

MAX_LIVE = 50
TRIES = 5
_ON_CARD: dict[Banned, MapAttribute[str, Any]] = {
    Banned.NOTE: AccessCard.note_bans,
    Banned.DEVICE: AccessCard.device_bans,
}
_TARGET = {Banned.NOTE: "noteId", Banned.DEVICE: "userAgentHash"}


@frozen
class BanWish:
    """What is to be banned, for how many hours, and why."""

    what: Banned
    target: str
    hours: int
    reason: str


def ban(user: User, card: AccessCard, wish: BanWish, *, by: Caller) -> Ban:
    """Ban a student; a newer ban of the same takes the older one's place. One round trip.

    Raises ``NotAStudent``, ``TooManyBans``, 422 for a note that there is not, ``UserNotFound`` for an account that was
    deleted meanwhile, ``Conflict`` when others kept changing the card's bans.
    """
    for _ in range(TRIES):
        if user.type != UserType.STUDENT:
            raise NotAStudent
        made = _made(user, wish, by)
        tx = Transaction()
        _put_on_card(tx, card, made)
        # The card's condition holds for both: whoever bans the same at the same moment writes one after the other.
        tx.put(made, name="ban")
        if wish.what is Banned.NOTE and wish.target != ALL_NOTES:
            tx.check(Note, Note.place(wish.target), store.present(Note), name="note")
        meta = {_TARGET[wish.what]: wish.target, "endsAt": clock.iso(made.ends_at)}
        audit.write(tx, CREATED[wish.what], str(user.id), by=by, meta=meta, reason=wish.reason)
        try:
            tx.commit()
        except TransactionLost as lost:
            if lost.failed("note"):
                raise invalid("body.noteId", "UNKNOWN", "must be a note, or *") from lost
            user, card = _as_they_are(str(user.id))
            continue
        return made
    raise Conflict


def _made(user: User, wish: BanWish, by: Caller) -> Ban:
    now = clock.now()
    made = Ban(
        *Ban.place(str(user.id), wish.what, wish.target),
        user_id=str(user.id),
        what=wish.what,
        target=wish.target,
        starts_at=now,
        ends_at=now + timedelta(hours=wish.hours),
        reason=wish.reason,
        created_by_user_id=by.user_id,
    )
    made.index()
    return made


def _put_on_card(tx: Transaction, card: AccessCard, made: Ban) -> None:
    """Add it to the card's bans, and take off those that are over; on the condition that they are as they were read."""
    path, target, now = _ON_CARD[Banned(made.what)], str(made.target), clock.epoch()
    known = bans_of(card, Banned(made.what))
    over = {name: end for name, end in known.items() if end <= now and name != target}
    if len({*known, target}) - len(over) > MAX_LIVE:
        raise TooManyBans
    as_read = [size(path) == len(known), *(path[name] == end for name, end in over.items())]
    still_there = (AccessCard.status != DELETED) & reduce(and_, as_read)
    actions = [
        path[target].set(int(made.ends_at.timestamp())),
        *(path[name].remove() for name in over),
        AccessCard.version.add(1),
    ]
    tx.update(AccessCard, card.itself, actions, when=cast(Condition, still_there), name="card")


def bans_of(card: AccessCard, what: Banned) -> dict[str, int]:
    """The bans of a kind on a card, those that are over too: note (or ``*``) or device → end (epoch seconds)."""
    on_card = card.note_bans if what is Banned.NOTE else card.device_bans
    return {name: int(end) for name, end in plain(on_card).items()}


def card_beside(items: Sequence[Item | None]) -> AccessCard:
    """The card that was read beside a person; ``Unavailable`` when there is none (ACC-60)."""
    card = items[0] if items else None
    if not isinstance(card, AccessCard):
        raise Unavailable
    return card


def lift(known: Item | None, *, by: Caller, reason: str) -> None:
    """End a ban at once; one that is over, or was lifted, stays as it is. One round trip.

    Raises ``BanNotFound`` for what is none, ``Conflict`` when others kept changing it.
    """
    for _ in range(TRIES):
        if not isinstance(known, Ban):
            raise BanNotFound
        now = clock.now()
        if known.over(now):
            return
        what, target = Banned(known.what), str(known.target)
        tx = Transaction()
        actions = [
            Ban.lifted_at.set(now),
            Ban.lifted_by_user_id.set(by.user_id),
            Ban.lift_reason.set(reason),
            Ban.row["liftedAt"].set(clock.iso(now)),
            Ban.row["liftedByUserId"].set(by.user_id),
            Ban.version.add(1),
        ]
        same = (Ban.starts_at == known.starts_at) & (Ban.ends_at == known.ends_at) & Ban.lifted_at.does_not_exist()
        tx.update(Ban, known.itself, actions, when=cast(Condition, same), name="ban")
        off = [_ON_CARD[what][target].remove(), AccessCard.version.add(1)]
        tx.update(AccessCard, AccessCard.place(str(known.user_id)), off, when=store.present(AccessCard), name="card")
        audit.write(tx, LIFTED[what], str(known.user_id), by=by, meta={_TARGET[what]: target}, reason=reason)
        try:
            tx.commit()
        except TransactionLost as lost:
            known = lost.item("ban")
            continue
        return
    raise Conflict


def _as_they_are(user_id: str) -> tuple[User, AccessCard]:
    user, card = store.get_many([user_key(user_id), AccessCard.place(user_id)])
    if not isinstance(user, User) or user.status == DELETED:
        raise UserNotFound
    return user, card_beside([card])
