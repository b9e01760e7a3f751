"""Who gets what (NTF-60): codes and receipts are owed; everything else needs that the person wants it."""

from __future__ import annotations

from chalicelib.engagement.notifications.items import Preference, Suppression
from chalicelib.identity.accounts import User, user_key
from chalicelib.platform import store
from chalicelib.platform.messages import Message, MessageClass
from chalicelib.platform.store import Item

OWED = frozenset({MessageClass.SECURITY.value, MessageClass.TRANSACTIONAL.value})
HARD_BOUNCE = "HARD_BOUNCE"
_ALL = "ALL"


def suppresses(suppression: Item | None, message_class: str) -> bool:
    """Whether an address is closed to this class: to what is owed only when it does not exist."""
    if not isinstance(suppression, Suppression):
        return False
    if message_class in OWED:
        return suppression.scope == _ALL and suppression.reason == HARD_BOUNCE
    return suppression.scope == _ALL or message_class == MessageClass.MARKETING


def stopped_by(message: Message, suppression: Item | None) -> str | None:
    """Why a message must not go, as its log says it; None when it may. What counts is what the person wants now."""
    if suppresses(suppression, message.message_class):
        return "ADDRESS_SUPPRESSED"
    if message.message_class in OWED or message.user_id is None:
        return None
    preference, user = store.get_many([Preference.place(message.user_id), user_key(message.user_id)])
    wants = preference if isinstance(preference, Preference) else Preference()
    if not wants.email_enabled:
        return "SWITCHED_OFF"
    if message.message_class != MessageClass.MARKETING:
        return None
    if not wants.marketing_email_enabled:
        return "NO_CONSENT"
    reachable = isinstance(user, User) and user.status == "ACTIVE" and user.email_verified_at is not None
    return None if reachable else "ACCOUNT_NOT_REACHABLE"
