"""Roles as functions name them in paths."""

from __future__ import annotations

from chalicelib.identity.roles.errors import RoleNotFound
from chalicelib.identity.roles.items import Role
from chalicelib.platform.access.resources import ACADEMY, Resource

KEY_PATTERN = "[A-Z][A-Z0-9_]{2,39}"

ROLE = Resource(
    param="role",
    item=Role,
    key=lambda path, _: Role.place(path["key"]),
    entity=lambda _: ACADEMY,
    missing=RoleNotFound,
)
"""A role of the academy: what may be done with it is decided about the academy."""
