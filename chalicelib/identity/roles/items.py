"""Roles, their holders, and what is under way with them."""

from __future__ import annotations

from datetime import UTC, datetime

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute, UnicodeSetAttribute

from chalicelib.platform import clock
from chalicelib.platform.store import InstantAttribute, Item, Key, Query
from chalicelib.platform.store.patterns import AccessPattern

_ROLES = "ROLES"
_ENDS = "ROLEENDS"

RUNNING = "RUNNING"
DONE = "DONE"
FAILED = "FAILED"


class Role(Item, discriminator="Role"):
    """A named set of permissions for one user type.

    ``holders`` counts who has it, ``active_holders`` those of them whose account is not blocked. ``permissions`` is
    null where a role has none: DynamoDB stores no empty sets. ``change_id``: the last edit that had to be carried to
    more holders than a transaction takes. All roles stand in one partition: one query reads them.
    """

    key = UnicodeAttribute()
    name = UnicodeAttribute()
    description = UnicodeAttribute(default="")
    user_type = UnicodeAttribute()
    permissions = UnicodeSetAttribute(null=True)
    system = BooleanAttribute(default=False)
    editable = BooleanAttribute(default=True)
    holders = NumberAttribute(default=0)
    active_holders = NumberAttribute(default=0)
    change_id = UnicodeAttribute(null=True)
    created_at = InstantAttribute()
    updated_at = InstantAttribute()
    updated_by_user_id = UnicodeAttribute(null=True)

    @staticmethod
    def place(key: str) -> Key:
        """Where the role of that key is."""
        return Key(_ROLES, f"ROLE#{key}")

    @staticmethod
    def every() -> Query[Role]:
        """All roles, at most 50: one round trip."""
        return Query(Role, _ROLES, begins_with="ROLE#", consistent=True)


class RoleCreation(Item, discriminator="RoleCreation"):
    """The last creation of a role. Each moves its version on, so that no two of them see the same last free place."""

    role_key = UnicodeAttribute()

    @staticmethod
    def place() -> Key:
        """Where the one of the academy is."""
        return Key(_ROLES, "CREATION")


class RoleHolder(Item, discriminator="RoleHolder"):
    """Somebody who holds a role. In the base table, so that «all holders» is strongly consistent.

    ``ends_at``: when the role ends by itself (ACC-73); gsi1 finds those that have. Students have none: their role is
    implied by their type.
    """

    user_id = UnicodeAttribute()
    role_key = UnicodeAttribute()
    assigned_at = InstantAttribute()
    assigned_by_user_id = UnicodeAttribute(null=True)
    ends_at = InstantAttribute(null=True)

    @staticmethod
    def place(role_key: str, user_id: str) -> Key:
        """Where the holding of a role by somebody is."""
        return Key(f"ROLE#{role_key}", f"HOLDER#{user_id}")

    @staticmethod
    def of(role_key: str) -> Query[RoleHolder]:
        """Everyone who holds a role."""
        return Query(RoleHolder, f"ROLE#{role_key}", begins_with="HOLDER#", consistent=True)

    @staticmethod
    def after(role_key: str, user_id: str | None) -> dict[str, str] | None:
        """Where the holders after somebody begin; None: at the first."""
        return None if user_id is None else dict(RoleHolder.place(role_key, user_id)._asdict())

    @staticmethod
    def ended(until: datetime) -> Query[RoleHolder]:
        """Whose roles had ended by then, the oldest first; ``row`` has ``userId``."""
        return Query(RoleHolder, _ENDS, index="gsi1", between=("0", clock.iso(until)))

    def end(self, at: datetime | None) -> None:
        """Set when it ends by itself; None: never."""
        self.ends_at = at
        self.gsi1pk, self.gsi1sk = (_ENDS, clock.iso(at)) if at else (None, None)
        self.row = {"userId": self.user_id, "roleKey": self.role_key} if at else None


class RoleChange(Item, discriminator="RoleChange"):
    """An edit of a role on its way to the cards of more holders than a transaction takes (ACC-20).

    ``removing``: the first pass, which only takes permissions away, is not over. ``cursor``: the id of the last holder
    who is done in this pass. ``remaining``: holders whose card is not final. ``tries``: runs since the last progress.
    """

    id = UnicodeAttribute()
    role_key = UnicodeAttribute()
    role_version = NumberAttribute()
    state = UnicodeAttribute(default=RUNNING)
    removing = BooleanAttribute(default=False)
    cursor = UnicodeAttribute(null=True)
    remaining = NumberAttribute()
    tries = NumberAttribute(default=0)
    created_at = InstantAttribute()
    updated_at = InstantAttribute()

    @staticmethod
    def place(change_id: str) -> Key:
        """Where the change is."""
        return Key(f"ROLECHANGE#{change_id}", "ROLECHANGE")


PATTERNS = (
    AccessPattern("all roles", Role.every(), 1),
    AccessPattern("roles to be given", (Role.place("<key>"), Role.place("<another key>")), 2),
    AccessPattern("everyone who holds a role", RoleHolder.of("<key>"), 1),
    AccessPattern(
        "whose roles have ended", RoleHolder.ended(datetime(2026, 1, 31, 10, tzinfo=UTC)), 0.5, consistent=False
    ),
    AccessPattern("how far an edit of a role has come", RoleChange.place("<change>"), 1),
)
