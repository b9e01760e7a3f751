"""Roles: named sets of permissions as data, who holds them, and what a holder's access card says because of it."""

from chalicelib.identity.roles.granting import add_holder, permissions_of, require_held, with_fresh_roles
from chalicelib.identity.roles.items import Role, RoleHolder
from chalicelib.identity.roles.seed import RolesSeeded, seed_roles

__all__ = [
    "Role",
    "RoleHolder",
    "RolesSeeded",
    "add_holder",
    "permissions_of",
    "require_held",
    "seed_roles",
    "with_fresh_roles",
]
