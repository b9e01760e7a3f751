"""Giving roles, as a piece of somebody else's transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from chalicelib.identity.roles.errors import LastSuperAdmin, RoleNotFound, TargetOutranks, WouldEscalate
from chalicelib.identity.roles.items import Role, RoleHolder
from chalicelib.platform import clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.access.catalogue import SUPER_ADMIN, UserType
from chalicelib.platform.errors import Conflict
from chalicelib.platform.store import Transaction, TransactionLost

T = TypeVar("T")

TRIES = 8


def load(keys: Sequence[str]) -> list[Role]:
    """The roles of those keys, in order; ``RoleNotFound`` when one is missing. One round trip; none without keys."""
    if not keys:
        return []
    found = [role for role in store.get_many([Role.place(key) for key in keys]) if isinstance(role, Role)]
    if len(found) != len(keys):
        raise RoleNotFound
    return found


def permissions_of(roles: Iterable[Role]) -> set[str]:
    """The union of what some roles allow."""
    return {str(name) for role in roles for name in role.permissions or ()}


def require_held(by: Caller, roles: Iterable[Role]) -> None:
    """Nobody gives what they do not have: 403 ``WOULD_ESCALATE`` with the names that are missing (ACC-52)."""
    missing = permissions_of(roles) - by.permissions
    if missing:
        raise WouldEscalate({"permissions": sorted(missing)})


def require_not_outranked(by: Caller, target: AccessCard) -> None:
    """Nobody acts on someone mightier: 403 ``TARGET_OUTRANKS`` unless the caller has all the target has (ACC-53)."""
    missing = {str(name) for name in target.permissions or ()} - by.permissions
    if missing:
        raise TargetOutranks({"permissions": sorted(missing)})


def count_active(tx: Transaction, card: AccessCard, change: int) -> None:
    """Add to a transaction that a holder of roles became active (+1) or stopped being so (-1): blocked or deleted.

    When the action ``last`` loses, they were the last active super-admin; ``raise_if_last`` says so. Students hold no
    role of their own.
    """
    if card.user_type == UserType.STUDENT:
        return
    for key in card.role_keys:
        is_last_checked = key == SUPER_ADMIN and change < 0
        when = Role.active_holders > 1 if is_last_checked else store.present(Role)
        tx.update(
            Role,
            Role.place(key),
            [Role.active_holders.add(change)],
            when=when,
            name="last" if is_last_checked else f"active:{key}",
        )


def raise_if_last(lost: TransactionLost) -> None:
    """409 ``LAST_SUPER_ADMIN`` for a transaction that lost because of that."""
    if lost.failed("last"):
        raise LastSuperAdmin from lost


def add_holder(tx: Transaction, roles: Sequence[Role], user_id: str, *, by_user_id: str | None = None) -> None:
    """Add to a transaction that an active account, which is being made in it, holds these roles.

    Their counters move with it, on the condition that the roles are as they were read: the card that is written in the
    same transaction has the permissions of exactly that version (ACC-60).
    """
    now = clock.now()
    for role in roles:
        place = RoleHolder.place(role.key, user_id)
        holder = RoleHolder(*place, user_id=user_id, role_key=role.key, assigned_at=now, assigned_by_user_id=by_user_id)
        tx.put(holder, when=store.absent(RoleHolder), name=f"holder:{role.key}")
        actions = [Role.holders.add(1), Role.active_holders.add(1), Role.version.add(1)]
        tx.update(Role, role.itself, actions, when=Role.version == role.version, name=f"role:{role.key}")


def with_fresh_roles(keys: Sequence[str], work: Callable[[list[Role]], T]) -> T:
    """Run ``work``, which commits a transaction with ``add_holder`` in it; again when a role changed in between.

    Raises ``Conflict`` when roles kept changing, ``RoleNotFound``, and whatever else ``work`` raises.
    """
    for _ in range(TRIES):
        try:
            return work(load(keys))
        except TransactionLost as lost:
            if not lost.failed("role"):
                raise
    raise Conflict
