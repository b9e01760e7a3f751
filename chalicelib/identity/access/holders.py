"""Who holds a role (ACC-07): one page of holders, their names in one batch read."""

from __future__ import annotations

from chalicelib.identity.access.schemas import HolderAnswer, HoldersQuery
from chalicelib.identity.accounts import User, user_key
from chalicelib.identity.roles import Role, RoleHolder
from chalicelib.platform import store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.catalogue import Actions
from chalicelib.platform.access.decisions import decide
from chalicelib.platform.http import Page
from chalicelib.platform.http.lists import page


def holders(role: Role, asked: HoldersQuery, by: Caller) -> Page[HolderAnswer]:
    """One page. Two round trips. E-mail addresses only for who may see people's (USR-32)."""
    found = page("role-holders", by.user_id, asked, RoleHolder.of(str(role.key)), _row, filters={"key": str(role.key)})
    users = store.get_many([user_key(one.user_id) for one in found.items]) if found.items else []
    sees_addresses = decide(by, Actions.USERS_READ).allowed
    for one, user in zip(found.items, users, strict=True):
        if isinstance(user, User):
            one.name, one.status = user.name, user.status
            one.email = user.email if sees_addresses else None
    return found


def _row(holder: RoleHolder) -> HolderAnswer:
    return HolderAnswer(
        user_id=holder.user_id,
        name=None,
        email=None,
        status=None,
        assigned_at=holder.assigned_at,
        assigned_by=holder.assigned_by_user_id,
        expires_at=holder.ends_at,
    )
