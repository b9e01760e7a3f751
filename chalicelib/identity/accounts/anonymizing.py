"""What is left of an account that was erased (USR-40): the id, and when it was opened."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.identity.accounts.items import DELETED, KnownDevice, Login, PhoneIndex, User, UserHash
from chalicelib.platform import clock, messages
from chalicelib.platform.messages import Channel
from chalicelib.platform.store import Transaction

DELETED_NAME = "Deleted user"

_PERSONAL = [
    "email",
    "email_verified_at",
    "phone",
    "phone_verified_at",
    "avatar_asset_id",
    "locale",
    "user_hash",
    "date_of_birth",
    "guardian_email",
    "blocked_at",
    "blocked_reason",
    "blocked_by_user_id",
    "deletion_due_at",
    "last_login_at",
    "gsi2pk",
    "gsi2sk",
]


def anonymize(tx: Transaction, user: User, *, due: datetime) -> None:
    """Add to a transaction that nothing of an account tells who it was, and that its e-mail is free again.

    The profile stays in the list of users, without a name; no search finds it. When the action ``user`` loses, the
    profile was changed since it was read, or its deletion is not due by ``due``.
    """
    as_read = (User.version == user.version) & (User.deletion_due_at <= due) & (User.status != DELETED)
    tx.update(User, user.itself, _left(user), when=cast(Condition, as_read), name="user")
    own = Login.pk.does_not_exist() | (Login.user_id == user.id)
    tx.delete(Login, Login.place(user.email), when=cast(Condition, own), name="login")
    tx.delete(PhoneIndex, PhoneIndex.place(user.id))
    # There, though empty: whoever is in the middle of a sign-in is refused because of the card, not for want of this.
    tx.put(KnownDevice(*KnownDevice.place(user.id), user_id=user.id))
    tx.delete(UserHash, UserHash.place(user.user_hash, user.id))


def _left(user: User) -> list[Action]:
    row: dict[str, Any] = {
        "id": user.id,
        "name": DELETED_NAME,
        "email": None,
        "phone": None,
        "type": user.type,
        "status": DELETED,
        "roleKeys": [],
        "createdAt": clock.iso(user.created_at),
        "lastLoginAt": None,
        "subscriptionEndsAt": None,
    }
    return [
        User.status.set(DELETED),
        User.name.set(DELETED_NAME),
        User.row.set(row),
        User.recipients.set({messages.recipient(Channel.EMAIL, user.email)}),
        User.marketing_email.set(False),
        User.updated_at.set(clock.now()),
        User.version.add(1),
        *(getattr(User, name).remove() for name in _PERSONAL),
    ]
