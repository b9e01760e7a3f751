"""Roles and their holders."""

from __future__ import annotations

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute, UnicodeSetAttribute

from chalicelib.platform.store import InstantAttribute, Item, Key, Query
from chalicelib.platform.store.patterns import AccessPattern

_ROLES = "ROLES"


class Role(Item, discriminator="Role"):
    """A named set of permissions for one user type.

    ``holders`` counts who has it, ``active_holders`` those of them whose account is not blocked. ``permissions`` is
    null where a role has none: DynamoDB stores no empty sets. All roles stand in one partition: one query reads them.
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


class RoleHolder(Item, discriminator="RoleHolder"):
    """Somebody who holds a role. In the base table, so that «all holders» is strongly consistent.

    Students have none: their role is implied by their type.
    """

    user_id = UnicodeAttribute()
    role_key = UnicodeAttribute()
    assigned_at = InstantAttribute()
    assigned_by_user_id = UnicodeAttribute(null=True)

    @staticmethod
    def place(role_key: str, user_id: str) -> Key:
        """Where the holding of a role by somebody is."""
        return Key(f"ROLE#{role_key}", f"HOLDER#{user_id}")

    @staticmethod
    def of(role_key: str) -> Query[RoleHolder]:
        """Everyone who holds a role."""
        return Query(RoleHolder, f"ROLE#{role_key}", begins_with="HOLDER#", consistent=True)


PATTERNS = (
    AccessPattern("all roles", Role.every(), 1),
    AccessPattern("roles to be given", (Role.place("<key>"), Role.place("<another key>")), 2),
    AccessPattern("everyone who holds a role", RoleHolder.of("<key>"), 1),
)
