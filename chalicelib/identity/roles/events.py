"""What changes of roles mean to others (ACC-21)."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from chalicelib.identity.roles.items import Role, RoleChange
from chalicelib.identity.roles.propagation import RoleChangeMessage
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.events.changes import Change, Handover, translate
from chalicelib.platform.events.domain import DomainEvent
from chalicelib.platform.events.queues import Queues


class RolesChanged(DomainEvent):
    """What a role allows (``role_key``; also when it was made or deleted), or who holds which (``user_id``).

    ``role_keys``: the roles that somebody has now.
    """

    role_key: str | None = None
    user_id: str | None = None
    role_keys: list[str] = Field(default_factory=list)
    version: int

    @property
    def key(self) -> str:
        about = f"role#{self.role_key}" if self.role_key else f"user#{self.user_id}"
        return f"roles-changed#{about}#{self.version}"


@translate(Role)
def role_events(change: Change[Role]) -> Iterator[DomainEvent]:
    """Permissions that are other than before; counters of holders are no news."""
    one = change.new or change.old
    before = set(change.old.permissions or ()) if change.old else None
    after = set(change.new.permissions or ()) if change.new else None
    if one is not None and before != after:
        gone = change.new is None
        yield RolesChanged(role_key=str(one.key), version=int(one.version) + gone)


@translate(AccessCard)
def card_events(change: Change[AccessCard]) -> Iterator[DomainEvent]:
    """Roles that are other than before: a person's own change, not that of a role they have."""
    new = change.new
    if new is None or change.old is None:
        return
    keys = [str(key) for key in new.role_keys or ()]
    if keys != [str(key) for key in change.old.role_keys or ()]:
        yield RolesChanged(user_id=str(new.user_id), role_keys=keys, version=int(new.version))


@translate(RoleChange)
def role_change_work(change: Change[RoleChange]) -> Iterator[Handover]:
    """A change inserted waits for its worker (ACC-20)."""
    if change.inserted and change.new is not None:
        yield Handover(Queues.ROLE_CHANGES, RoleChangeMessage(change_id=str(change.new.id)))
