"""Roles: named sets of permissions as data, who holds them, and what a holder's access card says because of it."""

from chalicelib.identity.roles.audited import CARD_REPAIRED, EVERYONE_REVOKED, PERMISSIONS_CHANGED, ROLES_CHANGED
from chalicelib.identity.roles.choosing import keys_of, remaining, suitable
from chalicelib.identity.roles.editing import (
    HOLDERS_AT_ONCE,
    MAX_ROLES,
    Edited,
    Letter,
    RoleWish,
    change,
    create,
    delete,
)
from chalicelib.identity.roles.errors import (
    LastSuperAdmin,
    NotOnYourself,
    RoleExists,
    RoleFixed,
    RoleInUse,
    RoleNotFound,
    TargetOutranks,
    TooManyRoles,
    WouldEscalate,
)
from chalicelib.identity.roles.granting import (
    add_holder,
    admitted,
    count_active,
    raise_if_last,
    raise_if_not_admitted,
    require_held,
    require_not_outranked,
    require_permissions,
    with_fresh_roles,
)
from chalicelib.identity.roles.holding import Holding, check, check_exceptions, except_for, replace
from chalicelib.identity.roles.items import Role, RoleChange, RoleHolder
from chalicelib.identity.roles.permissions import SENSITIVE
from chalicelib.identity.roles.propagation import carry_on
from chalicelib.identity.roles.rights import Rights, as_read, current, due_of, every_role, permissions_of
from chalicelib.identity.roles.seed import RolesSeeded, seed_roles

__all__ = [
    "CARD_REPAIRED",
    "EVERYONE_REVOKED",
    "HOLDERS_AT_ONCE",
    "MAX_ROLES",
    "PERMISSIONS_CHANGED",
    "ROLES_CHANGED",
    "SENSITIVE",
    "Edited",
    "Holding",
    "LastSuperAdmin",
    "Letter",
    "NotOnYourself",
    "Rights",
    "Role",
    "RoleChange",
    "RoleExists",
    "RoleFixed",
    "RoleHolder",
    "RoleInUse",
    "RoleNotFound",
    "RoleWish",
    "RolesSeeded",
    "TargetOutranks",
    "TooManyRoles",
    "WouldEscalate",
    "add_holder",
    "admitted",
    "as_read",
    "carry_on",
    "change",
    "check",
    "check_exceptions",
    "count_active",
    "create",
    "current",
    "delete",
    "due_of",
    "every_role",
    "except_for",
    "keys_of",
    "permissions_of",
    "raise_if_last",
    "raise_if_not_admitted",
    "remaining",
    "replace",
    "require_held",
    "require_not_outranked",
    "require_permissions",
    "seed_roles",
    "suitable",
    "with_fresh_roles",
]
