"""Giving roles, as a piece of somebody else's transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar, cast

from pynamodb.expressions.condition import Condition

from chalicelib.identity.roles.errors import LastSuperAdmin, RoleNotFound, TargetOutranks, WouldEscalate
from chalicelib.identity.roles.items import Role, RoleHolder
from chalicelib.identity.roles.rights import permissions_of
from chalicelib.platform import clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard, permissions_at
from chalicelib.platform.access.catalogue import SUPER_ADMIN, UserType
from chalicelib.platform.errors import AccountBlocked, Conflict
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


def require_held(by: Caller, roles: Iterable[Role]) -> None:
    """Nobody gives what they do not have: 403 ``WOULD_ESCALATE`` with the names that are missing (ACC-52)."""
    require_permissions(by, permissions_of(roles))


def require_permissions(by: Caller, names: Iterable[str]) -> None:
    """As ``require_held``, of single permissions."""
    missing = set(names) - by.permissions
    if missing:
        raise WouldEscalate({"permissions": sorted(missing)})


def require_not_outranked(by: Caller, target: AccessCard) -> None:
    """Nobody acts on someone mightier: 403 ``TARGET_OUTRANKS`` unless the caller has all the target has (ACC-53)."""
    missing = permissions_at(target, clock.now().timestamp()) - by.permissions
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


def admitted(tx: Transaction, by: Caller) -> None:
    """Add to a transaction that the caller may still do what they were let in for; else the action ``actor`` loses.

    Who was blocked, signed out or given other roles since their card was read gives nothing away any more, not even by
    a request that was under way.
    """
    tx.check(AccessCard, by.card.itself, still_admitted(by), name="actor")


def still_admitted(by: Caller) -> Condition:
    """The condition of it, for a transaction that writes the caller's own card."""
    same = (AccessCard.status == by.card.status) & (AccessCard.token_version == by.card.token_version)
    return cast(Condition, same & (AccessCard.roles_version == by.card.roles_version))


def raise_if_not_admitted(lost: TransactionLost) -> None:
    """What such a caller is told: ``AccountBlocked``, or ``Conflict``: to ask again as who they are now."""
    if not lost.failed("actor"):
        return
    there = lost.item("actor")
    if isinstance(there, AccessCard) and there.status == "BLOCKED":
        raise AccountBlocked from lost
    raise Conflict from lost


def raise_if_last(lost: TransactionLost) -> None:
    """409 ``LAST_SUPER_ADMIN`` for a transaction that lost because of that."""
    if lost.failed("last"):
        raise LastSuperAdmin from lost


def super_admins() -> list[str]:
    """The ids of all who hold ADMIN_SUPER, blocked ones too. One round trip."""
    return [str(holder.user_id) for holder in store.every(RoleHolder.of(SUPER_ADMIN))]


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


def with_fresh_roles(
    keys: Sequence[str], work: Callable[[list[Role]], T], *, read: Callable[[Sequence[str]], list[Role]] = load
) -> T:
    """Run ``work``, which commits a transaction with ``add_holder`` in it; again when a role changed in between.

    ``read``: how the roles of the keys are read each time. Raises ``Conflict`` when roles kept changing, what ``read``
    raises, and whatever else ``work`` raises.
    """
    for _ in range(TRIES):
        try:
            return work(read(keys))
        except TransactionLost as lost:
            if not lost.failed("role"):
                raise
    raise Conflict
