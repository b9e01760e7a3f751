"""What changes of accounts mean to others (AUTH-33)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from chalicelib.identity.accounts.items import ACTIVE, BLOCKED, DELETED, User
from chalicelib.platform.events.changes import Change, translate
from chalicelib.platform.events.domain import DomainEvent


class UserRegistered(DomainEvent):
    """An account exists: registered, invited, seeded or imported, as ``created_via`` says.

    ``marketing_email``: with it came the consent to news.
    """

    user_id: str
    user_type: str
    created_via: str
    registered_at: datetime
    marketing_email: bool = False

    @property
    def key(self) -> str:
        return f"user-registered#{self.user_id}"


class EmailVerified(DomainEvent):
    """Somebody proved that their address is theirs, or came with a proven one, or with another one that is."""

    user_id: str
    verified_at: datetime

    @property
    def key(self) -> str:
        return f"email-verified#{self.user_id}#{self.verified_at.isoformat()}"


class UserBlocked(DomainEvent):
    """Somebody was shut out."""

    user_id: str
    user_type: str
    version: int
    blocked_at: datetime

    @property
    def key(self) -> str:
        return f"user-blocked#{self.user_id}#{self.version}"


class UserUnblocked(DomainEvent):
    """Somebody who was blocked may come in again."""

    user_id: str
    user_type: str
    version: int
    unblocked_at: datetime

    @property
    def key(self) -> str:
        return f"user-unblocked#{self.user_id}#{self.version}"


class UserDeleted(DomainEvent):
    """An account was erased (USR-40): whoever keeps something about the person removes it, or what names them.

    ``recipients``: as ``messages.recipient`` has them. The address may be somebody else's by now: only messages with
    this ``user_id`` are of this person.
    """

    user_id: str
    user_type: str
    recipients: list[str]
    deleted_at: datetime

    @property
    def key(self) -> str:
        return f"user-deleted#{self.user_id}"


@translate(User)
def user_events(change: Change[User]) -> Iterator[DomainEvent]:
    """A user inserted is a user registered; then what their status became. A proven address is told by itself."""
    user = change.new
    if user is None:
        return
    proven = user.email_verified_at
    if proven is not None and (change.old is None or change.old.email_verified_at != proven):
        yield EmailVerified(user_id=user.id, verified_at=proven)
    if change.inserted:
        yield UserRegistered(
            user_id=user.id,
            user_type=user.type,
            created_via=user.created_via,
            registered_at=user.created_at,
            marketing_email=bool(user.marketing_email),
        )
    elif change.became("status", DELETED):
        recipients = sorted(str(one) for one in user.recipients or ())
        yield UserDeleted(user_id=user.id, user_type=user.type, recipients=recipients, deleted_at=user.updated_at)
    elif change.became("status", BLOCKED):
        yield UserBlocked(user_id=user.id, user_type=user.type, version=int(user.version), blocked_at=user.updated_at)
    elif change.became("status", ACTIVE):
        yield UserUnblocked(
            user_id=user.id, user_type=user.type, version=int(user.version), unblocked_at=user.updated_at
        )
