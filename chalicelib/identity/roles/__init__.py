"""Roles: named sets of permissions as data, who holds them, and what a holder's access card says because of it."""

from chalicelib.identity.roles.errors import LastSuperAdmin, NotOnYourself, RoleNotFound, TargetOutranks, WouldEscalate
from chalicelib.identity.roles.granting import (
    add_holder,
    count_active,
    permissions_of,
    raise_if_last,
    require_held,
    require_not_outranked,
    with_fresh_roles,
)
from chalicelib.identity.roles.items import Role, RoleHolder
from chalicelib.identity.roles.seed import RolesSeeded, seed_roles

__all__ = [
    "LastSuperAdmin",
    "NotOnYourself",
    "Role",
    "RoleHolder",
    "RoleNotFound",
    "RolesSeeded",
    "TargetOutranks",
    "WouldEscalate",
    "add_holder",
    "count_active",
    "permissions_of",
    "raise_if_last",
    "require_held",
    "require_not_outranked",
    "seed_roles",
    "with_fresh_roles",
]
