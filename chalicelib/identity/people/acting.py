"""Staff who act on somebody: that they are still who may, when the change is committed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from pynamodb.expressions.condition import Condition

from chalicelib.identity import accounts, roles
from chalicelib.identity.accounts import User, UserNotFound
from chalicelib.platform import store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.errors import AccountBlocked, SessionRevoked, Unavailable
from chalicelib.platform.store import Item, Transaction, TransactionLost


def require_may_act(by: Caller, user: User, card: AccessCard) -> None:
    """409 ``SELF``, 404 for an account that was deleted, 403 ``TARGET_OUTRANKS`` (ACC-53)."""
    if user.id == by.user_id:
        raise roles.NotOnYourself
    if user.status == accounts.DELETED:
        raise UserNotFound
    roles.require_not_outranked(by, card)


def card_beside(items: Sequence[Item | None]) -> AccessCard:
    """The card that was read beside a user; ``Unavailable`` when there is none (ACC-60)."""
    card = items[0] if items else None
    if not isinstance(card, AccessCard):
        raise Unavailable
    return card


def check_actor(tx: Transaction, by: Caller) -> None:
    """Add to a transaction that whoever acts was not blocked, signed out or given other roles meanwhile.

    Of two who block each other at the same moment the second to commit finds out here.
    """
    card = by.card
    same = (AccessCard.status == accounts.ACTIVE) & (AccessCard.token_version == card.token_version)
    same &= AccessCard.roles_version == card.roles_version
    tx.check(AccessCard, card.itself, cast(Condition, same), name="actor")


def raise_if_gone(lost: TransactionLost) -> None:
    """What such an actor is told: ``AccountBlocked``, or ``SessionRevoked`` to come again with what is so now."""
    if not lost.failed("actor"):
        return
    there = lost.item("actor")
    if isinstance(there, AccessCard) and there.status == accounts.BLOCKED:
        raise AccountBlocked from lost
    raise SessionRevoked from lost


def as_they_are(user_id: str) -> tuple[User, AccessCard]:
    """Profile and card as they are now."""
    user, card = store.get_many([accounts.user_key(user_id), AccessCard.place(user_id)])
    if not isinstance(user, User):
        raise UserNotFound
    return user, card_beside([card])
