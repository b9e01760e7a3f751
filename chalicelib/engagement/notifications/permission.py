"""Who gets what (NTF-60): codes and receipts are owed; everything else needs that the person wants it.

Read when a message is sent, not when it is put: what was switched off in between counts (NTF-62).
"""

from __future__ import annotations

from chalicelib.engagement.notifications.items import Preference, Suppression
from chalicelib.identity.accounts import User, user_key
from chalicelib.platform import store
from chalicelib.platform.messages import Message, MessageClass
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Item

OWED = frozenset({MessageClass.SECURITY.value, MessageClass.TRANSACTIONAL.value})
HARD_BOUNCE = "HARD_BOUNCE"
_ALL = "ALL"


@frozen
class Wishes:
    """What the person of a message wants now; ``reachable``: an account that can be used, with a verified address."""

    preference: Preference
    reachable: bool = False

    @property
    def locale(self) -> str | None:
        """The language that they chose for what they get, if they chose one."""
        return self.preference.locale


def wishes_of(message: Message) -> Wishes:
    """What somebody wants; for a message to an address alone the defaults. One round trip."""
    if not message.user_id:
        return Wishes(Preference())
    keys = [Preference.place(message.user_id)]
    if message.message_class not in OWED:
        keys.append(user_key(message.user_id))
    preference, *user = store.get_many(keys)
    reachable = any(isinstance(one, User) and _reachable(one) for one in user)
    return Wishes(preference if isinstance(preference, Preference) else Preference(), reachable)


def _reachable(user: User) -> bool:
    return bool(user.status == "ACTIVE" and user.email_verified_at is not None)


def suppresses(suppression: Item | None, message_class: str) -> bool:
    """Whether an address is closed to this class: to what is owed only when it does not exist."""
    if not isinstance(suppression, Suppression):
        return False
    if message_class in OWED:
        return suppression.scope == _ALL and suppression.reason == HARD_BOUNCE
    return suppression.scope == _ALL or message_class == MessageClass.MARKETING


def stopped_by(message: Message, suppression: Item | None, wishes: Wishes) -> str | None:
    """Why a message must not go, as its log says it; None when it may."""
    if suppresses(suppression, message.message_class):
        return "ADDRESS_SUPPRESSED"
    if message.message_class in OWED or message.user_id is None:
        return None
    if not wishes.preference.email_enabled:
        return "SWITCHED_OFF"
    if message.message_class != MessageClass.MARKETING:
        return None
    if not wishes.preference.marketing_email_enabled:
        return "NO_CONSENT"
    return None if wishes.reachable else "ACCOUNT_NOT_REACHABLE"
