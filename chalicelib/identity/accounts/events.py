"""What changes of accounts mean to others (AUTH-33)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from chalicelib.identity.accounts.items import User
from chalicelib.platform.events.changes import Change, translate
from chalicelib.platform.events.domain import DomainEvent


class UserRegistered(DomainEvent):
    """An account exists: registered, invited, seeded or imported, as ``created_via`` says."""

    user_id: str
    user_type: str
    created_via: str
    registered_at: datetime

    @property
    def key(self) -> str:
        return f"user-registered#{self.user_id}"


@translate(User)
def user_events(change: Change[User]) -> Iterator[DomainEvent]:
    """A user inserted is a user registered."""
    if change.inserted and change.new is not None:
        yield UserRegistered(
            user_id=change.new.id,
            user_type=change.new.type,
            created_via=change.new.created_via,
            registered_at=change.new.created_at,
        )
