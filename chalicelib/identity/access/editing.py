"""Roles created, edited and deleted by staff (ACC-04, ACC-05, ACC-06): each needs a recent proof (AUTH-59)."""

from __future__ import annotations

from functools import partial

from chalicelib.identity import roles as held
from chalicelib.identity.access.notices import letters
from chalicelib.identity.roles import Edited, NewRole, Role, RolePatch, RoleWish
from chalicelib.platform import clock
from chalicelib.platform.access import proof
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.catalogue import UserType
from chalicelib.platform.errors import invalid


def create(body: NewRole, by: Caller) -> Role:
    """Create a role. Raises ``ReauthRequired``, ``ValidationFailed``, and what ``roles.create`` raises."""
    proof.require_recent(by)
    held.check_names(body.user_type, permissions=body.permissions)
    permissions = {*body.permissions, *_copied(body)}
    if body.user_type == UserType.ADMIN and not permissions:
        raise invalid("body.permissions", "MISSING", "a role of staff has at least one permission")
    now = clock.now()
    role = Role(
        *Role.place(body.key),
        key=body.key,
        name=body.name,
        description=body.description,
        user_type=body.user_type,
        permissions=permissions or None,
        created_at=now,
        updated_at=now,
        updated_by_user_id=by.user_id,
    )
    return held.create(role, by, partial(letters, by))


def _copied(body: NewRole) -> set[str]:
    if body.copy_from is None:
        return set()
    found = held.every_role().get(body.copy_from)
    if found is None or found.user_type != body.user_type:
        raise invalid("body.copyFrom", "UNKNOWN_ROLE", "there is no such role of this user type")
    return held.permissions_of([found])


def change(role: Role, body: RolePatch, by: Caller, expected: int | None) -> Edited:
    """Edit a role. Raises ``ReauthRequired``, ``ValidationFailed``, and what ``roles.change`` raises."""
    proof.require_recent(by)
    held.require_editable(role)
    return held.change(role, wish_of(str(role.user_type), body), by, expected, partial(letters, by))


def wish_of(user_type: str, body: RolePatch) -> RoleWish:
    """What a request wants of a role of that user type; 422 for permissions that it cannot have."""
    if body.permissions is not None and (body.add or body.remove):
        raise invalid("body.permissions", "AMBIGUOUS", "either permissions, or add and remove")
    both = sorted(set(body.add) & set(body.remove))
    if both:
        raise invalid("body.remove", "AMBIGUOUS", f"{both[0]} cannot be added and removed")
    held.check_names(user_type, permissions=body.permissions or (), add=body.add, remove=body.remove)
    return RoleWish(
        name=body.name,
        description=body.description,
        permissions=None if body.permissions is None else frozenset(body.permissions),
        add=frozenset(body.add),
        remove=frozenset(body.remove),
    )


def delete(role: Role, by: Caller) -> None:
    """Delete a role that nobody holds. Raises ``ReauthRequired``, and what ``roles.delete`` raises."""
    proof.require_recent(by)
    held.delete(role, by)
