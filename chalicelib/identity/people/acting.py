"""Staff who act on somebody: whether they may, and on what they act."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.identity import accounts, roles
from chalicelib.identity.accounts import User, UserNotFound
from chalicelib.platform import store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.errors import Unavailable
from chalicelib.platform.store import Item


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


def as_they_are(user_id: str) -> tuple[User, AccessCard]:
    """Profile and card as they are now."""
    user, card = store.get_many([accounts.user_key(user_id), AccessCard.place(user_id)])
    if not isinstance(user, User):
        raise UserNotFound
    return user, card_beside([card])
