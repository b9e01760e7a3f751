"""Roles that somebody names: those that are there, and whether they suit a kind of account."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.identity.roles.items import Role
from chalicelib.platform import store
from chalicelib.platform.errors import ValidationFailed, problem
from chalicelib.platform.store import Item, Key


def keys_of(keys: Sequence[str]) -> list[Key]:
    """Where those roles are, for those who read them beside their own items."""
    return [Role.place(key) for key in keys]


def suitable(keys: Sequence[str], found: Sequence[Item | None], user_type: str, field: str) -> list[Role]:
    """The roles of ``keys`` as they were ``found``, in that order.

    Raises ``ValidationFailed``, naming each, for roles that are not there or are for another user type (ACC-57).
    """
    there, wrong = [], []
    for position, role in enumerate(found):
        if isinstance(role, Role) and role.user_type == user_type:
            there.append(role)
        else:
            issue, message = (
                ("ROLE_NOT_FOUND", "must be the key of a role")
                if role is None
                else ("WRONG_USER_TYPE", f"must be a role of user type {user_type}")
            )
            wrong.append(problem(f"{field}[{position}]", issue, message))
    if wrong or len(there) != len(keys):
        raise ValidationFailed(wrong)
    return there


def remaining(keys: Sequence[str]) -> list[Role]:
    """Those roles of the keys that still exist. One round trip."""
    return [role for role in store.get_many(keys_of(keys)) if isinstance(role, Role)]
