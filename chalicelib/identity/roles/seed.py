"""The roles that the academy starts with (AUTH-31), and super-admins who have every permission of today (ACC-58)."""

from __future__ import annotations

from dataclasses import dataclass, field

from chalicelib.identity.roles.audited import ROLE_CREATE, ROLE_UPDATE
from chalicelib.identity.roles.items import Role, RoleHolder
from chalicelib.identity.roles.rights import as_read, current, due_of, every_role
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.access.catalogue import ACADEMY_PERMISSIONS, DEFAULT_ROLES, SUPER_ADMIN, DefaultRole
from chalicelib.platform.store import ConditionFailed, Transaction

HOLDERS_AT_ONCE = 80


@dataclass
class RolesSeeded:
    """What a run changed: keys of roles, ids of users; empty when everything was as it should be."""

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    cards: list[str] = field(default_factory=list)


def seed_roles() -> RolesSeeded:
    """Create the default roles that are missing; make ADMIN_SUPER and its holders' cards everything again.

    Edited roles stay as they are. A second run changes nothing. Every change is one transaction with its audit entry,
    so a run that stops half-way is finished by the next.
    """
    done = RolesSeeded()
    there = {role.key: role for role in store.every(Role.every())}
    for default in DEFAULT_ROLES:
        if default.key not in there:
            there[default.key] = _create(default)
            done.created.append(default.key)
    if there[SUPER_ADMIN].permissions != _everything():
        _reset(there[SUPER_ADMIN])
        done.updated.append(SUPER_ADMIN)
    done.cards.extend(_refresh_cards())
    return done


def _everything() -> set[str]:
    return {str(permission) for permission in ACADEMY_PERMISSIONS}


def _create(default: DefaultRole) -> Role:
    now = clock.now()
    role = Role(
        *Role.place(default.key),
        key=default.key,
        name=default.name,
        user_type=str(default.user_type),
        permissions={str(permission) for permission in default.permissions} or None,
        system=True,
        editable=not default.fixed,
        created_at=now,
        updated_at=now,
    )
    tx = Transaction()
    tx.put(role, when=store.absent(Role))
    audit.write(tx, ROLE_CREATE, default.key, meta={"permissions": len(default.permissions)})
    tx.commit()
    return role


def _reset(role: Role) -> None:
    before = set(role.permissions or ())
    tx = Transaction()
    actions = [Role.permissions.set(_everything()), Role.updated_at.set(clock.now()), Role.version.add(1)]
    tx.update(Role, role.itself, actions, when=Role.version == role.version)
    meta = {"added": sorted(_everything() - before), "removed": sorted(before - _everything())}
    audit.write(tx, ROLE_UPDATE, role.key, meta=meta)
    tx.commit()
    role.permissions = _everything()


def _refresh_cards() -> list[str]:
    """Recompute the cards of super-admins that lag behind; single conditional writes, so that races only delay them."""
    holders = store.every(RoleHolder.of(SUPER_ADMIN))
    changed: list[str] = []
    for first in range(0, len(holders), HOLDERS_AT_ONCE):
        places = [AccessCard.place(holder.user_id) for holder in holders[first : first + HOLDERS_AT_ONCE]]
        cards = [card for card in store.get_many(places) if isinstance(card, AccessCard)]
        by_key = every_role()
        changed.extend(str(card.user_id) for card in cards if _refresh_card(card, by_key))
    return changed


def _refresh_card(card: AccessCard, by_key: dict[str, Role]) -> bool:
    due = due_of(card, by_key)
    if due == current(card):
        return False
    try:
        store.update(AccessCard, card.itself, due.actions(card), when=as_read(card))
    except ConditionFailed:
        # Somebody is editing these roles at this moment, and writes the same permissions.
        return False
    return True
