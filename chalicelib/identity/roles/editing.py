"""Creating, editing and deleting roles (ACC-04, ACC-05, ACC-06)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from chalicelib.identity.roles import propagation
from chalicelib.identity.roles.audited import ROLE_CREATE, ROLE_DELETE, ROLE_UPDATE
from chalicelib.identity.roles.errors import RoleExists, RoleFixed, RoleInUse, RoleNotFound, TooManyRoles
from chalicelib.identity.roles.granting import (
    TRIES,
    admitted,
    raise_if_not_admitted,
    require_permissions,
    still_admitted,
)
from chalicelib.identity.roles.items import Role, RoleChange, RoleCreation, RoleHolder
from chalicelib.identity.roles.rights import as_read, due_of, every_role
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.errors import Conflict, VersionMismatch
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Transaction, TransactionLost, became
from chalicelib.platform.store.transaction import MAX_ACTIONS

MAX_ROLES = 50
HOLDERS_AT_ONCE = 80
"""Cards that are changed in the transaction of the edit; of more holders a worker changes them (ACC-20)."""
_OTHER_ACTIONS = 3
"""The role, the audit entry, and that the actor's card is as it was."""

Letter = Callable[[Transaction], None]
"""Adds one message to a transaction."""
Letters = Callable[[Role, frozenset[str]], Sequence[Letter]]
"""The messages about a role, as it will be, that gains these permissions."""


@frozen
class RoleWish:
    """What shall change of a role; None: stays. ``add`` and ``remove`` are about what it has then."""

    name: str | None = None
    description: str | None = None
    permissions: frozenset[str] | None = None
    add: frozenset[str] = frozenset()
    remove: frozenset[str] = frozenset()

    def permissions_after(self, before: Iterable[str]) -> frozenset[str]:
        """What a role with these permissions has then."""
        start = frozenset(before) if self.permissions is None else self.permissions
        return (start | self.add) - self.remove


class Edited(NamedTuple):
    """A role as it is now, and what carries the edit to the cards of its holders: None when that has happened."""

    role: Role
    change: RoleChange | None


def create(wished: Role, by: Caller, letters: Letters) -> Role:
    """Create a role. Three round trips: the latest creation is read before the roles that it is counted with.

    Raises ``WouldEscalate``, ``RoleExists``, ``TooManyRoles``, ``Conflict``.
    """
    require_permissions(by, wished.permissions or ())
    for _ in range(TRIES):
        last = store.get(RoleCreation, RoleCreation.place())
        there = every_role()
        if wished.key in there:
            raise RoleExists
        if len(there) >= MAX_ROLES:
            raise TooManyRoles
        tx = Transaction()
        tx.put(wished, when=store.absent(Role), name="role")
        _next_creation(tx, last, wished.key)
        admitted(tx, by)
        for letter in letters(wished, frozenset(wished.permissions or ())):
            letter(tx)
        meta = {"name": wished.name, "userType": wished.user_type, "permissions": sorted(wished.permissions or ())}
        audit.write(tx, ROLE_CREATE, wished.key, by=by, meta=meta)
        try:
            tx.commit()
        except TransactionLost as lost:
            raise_if_not_admitted(lost)
            if lost.failed("role"):
                raise RoleExists from lost
            continue
        return wished
    raise Conflict


def _next_creation(tx: Transaction, last: RoleCreation | None, key: str) -> None:
    version = int(last.version) if last else 0
    following = RoleCreation(*RoleCreation.place(), role_key=key, version=version + 1)
    when = RoleCreation.version == version if last else store.absent(RoleCreation)
    tx.put(following, when=when, name="creation")


def change(role: Role, wish: RoleWish, by: Caller, expected: int | None, letters: Letters) -> Edited:
    """Edit a role, and with it the cards of all who hold it; nothing new: as it was, without audit entry.

    Up to 80 holders everything is one transaction, in force from the next request of each; of more, a worker carries it
    to the cards, taking away first. ``expected``: the version of ``If-Match``. Raises ``RoleFixed``, ``RoleNotFound``,
    ``VersionMismatch``, ``WouldEscalate`` when permissions change that the caller lacks, of the role or of the wish,
    ``Conflict``.
    """
    for _ in range(TRIES):
        require_editable(role)
        if expected is not None and expected != int(role.version):
            raise VersionMismatch({"version": int(role.version)})
        changes = _changes(role, wish)
        if not changes:
            return Edited(role, propagation.of_role(role))
        if "permissions" in changes:
            require_permissions(by, {*(role.permissions or ()), *changes["permissions"]})
        try:
            return _commit(role, changes, by, letters)
        except TransactionLost as lost:
            raise_if_not_admitted(lost)
            role = read(str(role.key))
    raise Conflict


def require_editable(role: Role) -> None:
    """``RoleFixed`` for ADMIN_SUPER and STUDENT."""
    if not role.editable:
        raise RoleFixed


def read(key: str) -> Role:
    """The role of that key as it is. Raises ``RoleNotFound``."""
    found = store.get(Role, Role.place(key))
    if found is None:
        raise RoleNotFound
    return found


def _changes(role: Role, wish: RoleWish) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if wish.name is not None and wish.name != role.name:
        changes["name"] = wish.name
    if wish.description is not None and wish.description != role.description:
        changes["description"] = wish.description
    before = frozenset(str(name) for name in role.permissions or ())
    after = wish.permissions_after(before)
    if after != before:
        changes["permissions"] = set(after)
    return changes


def _commit(role: Role, changes: dict[str, Any], by: Caller, letters: Letters) -> Edited:
    before = {str(name) for name in role.permissions or ()}
    after = changes.get("permissions", before)
    written = {**changes, "updated_at": clock.now(), "updated_by_user_id": by.user_id}
    posted = letters(role, frozenset(after - before))
    tx, started, own_card = Transaction(), None, False
    if after != before:
        at_once = min(HOLDERS_AT_ONCE, MAX_ACTIONS - _OTHER_ACTIONS - len(posted))
        if int(role.holders) > at_once:
            started = propagation.begin(tx, role, removing=bool(before - after) and bool(after - before))
            written["change_id"] = started.id
        else:
            own_card = _recompute(tx, role, after, by)
    tx.update(Role, role.itself, _actions(written), when=Role.version == role.version, name="role")
    if not own_card:
        admitted(tx, by)
    for letter in posted:
        letter(tx)
    shown = {name: [getattr(role, name), changes[name]] for name in ("name", "description") if name in changes}
    meta = {"changed": shown, "added": sorted(after - before), "removed": sorted(before - after)}
    audit.write(tx, ROLE_UPDATE, role.key, by=by, meta=meta)
    tx.commit()
    return Edited(became(role, written), started)


def _actions(written: dict[str, Any]) -> list[Any]:
    actions = [Role.version.add(1)]
    for name, value in written.items():
        attribute = getattr(Role, name)
        actions.append(attribute.remove() if name == "permissions" and not value else attribute.set(value))
    return actions


def _recompute(tx: Transaction, role: Role, after: set[str], by: Caller) -> bool:
    """Add the cards of all holders as they are with the edited role; whether the actor's own is among them."""
    holders = store.every(RoleHolder.of(str(role.key)))
    found = store.get_many([AccessCard.place(str(holder.user_id)) for holder in holders]) if holders else []
    cards = [card for card in found if isinstance(card, AccessCard)]
    by_key = every_role() if cards else {}
    by_key[str(role.key)] = Role(*role.itself, key=role.key, user_type=role.user_type, permissions=after or None)
    own = False
    for card in cards:
        is_own = card.user_id == by.user_id
        when, name = (still_admitted(by), "actor") if is_own else (as_read(card), f"card:{card.user_id}")
        tx.update(AccessCard, card.itself, due_of(card, by_key).actions(card), when=when, name=name)
        own = own or is_own
    return own


def delete(role: Role, by: Caller) -> None:
    """Delete a role that nobody holds. One round trip. Raises ``RoleFixed``, ``RoleInUse``, ``Conflict``."""
    if role.system or not role.editable:
        raise RoleFixed
    tx = Transaction()
    tx.delete(Role, role.itself, when=store.present(Role) & (Role.holders == 0), name="role")
    admitted(tx, by)
    audit.write(
        tx, ROLE_DELETE, role.key, by=by, meta={"name": role.name, "permissions": sorted(role.permissions or ())}
    )
    try:
        tx.commit()
    except TransactionLost as lost:
        raise_if_not_admitted(lost)
        if isinstance(lost.item("role"), Role):
            raise RoleInUse from lost
        raise RoleNotFound from lost
