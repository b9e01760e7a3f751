"""What an access card says because of roles, grants and denies: always computed here, from roles read after the card.

Whoever writes it reads the card first and the roles then, and writes on the condition that the card's
``roles_version`` is as it was read. So an edit of a role that the writer missed comes after the roles were read; its
own pass over the cards then comes later still, and writes again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.identity.roles.items import Role
from chalicelib.platform import store
from chalicelib.platform.access.card import AccessCard, plain
from chalicelib.platform.access.catalogue import UserType
from chalicelib.platform.records import frozen

Ends = Mapping[str, int]
"""Role key → when it ends (epoch seconds); a role that is not in it does not."""


@frozen
class Rights:
    """``permissions`` and ``timed_roles`` of a card."""

    permissions: frozenset[str]
    timed: Mapping[str, Mapping[str, Any]]

    def actions(self, card: AccessCard) -> list[Action]:
        """The update of the card's paths that are the roles' own; the roles' version grows with it."""
        permissions = AccessCard.permissions
        timed = AccessCard.timed_roles.set({key: dict(one) for key, one in self.timed.items()})
        return [
            permissions.set(set(self.permissions)) if self.permissions else permissions.remove(),
            *([timed] if self.timed or plain(card.timed_roles) else []),
            AccessCard.roles_version.add(1),
            AccessCard.version.add(1),
        ]

    def beyond(self, other: Rights) -> list[str]:
        """What lasts of these and not of the others."""
        return sorted(self.permissions - other.permissions)

    def only_of(self, other: Rights) -> Rights:
        """What of these is in the others too: everything that was taken away is, nothing new is."""
        timed = {
            key: {**one, "permissions": sorted({*one["permissions"]} & {*other.timed[key]["permissions"]})}
            for key, one in self.timed.items()
            if key in other.timed
        }
        return Rights(self.permissions & other.permissions, timed)


def every_role() -> dict[str, Role]:
    """All roles by key. One round trip."""
    return {str(role.key): role for role in store.every(Role.every())}


def permissions_of(roles: Iterable[Role]) -> set[str]:
    """The union of what some roles allow."""
    return {str(name) for role in roles for name in role.permissions or ()}


def ends_of(card: AccessCard) -> dict[str, int]:
    """When the roles of a card end that do, ended ones too."""
    return {key: int(one["endsAt"]) for key, one in plain(card.timed_roles).items()}


def current(card: AccessCard) -> Rights:
    """What the card says."""
    timed = {
        key: {"endsAt": int(one["endsAt"]), "permissions": sorted(one["permissions"])}
        for key, one in plain(card.timed_roles).items()
    }
    return Rights(frozenset(str(name) for name in card.permissions or ()), timed)


def due(
    user_type: str,
    keys: Iterable[str],
    by_key: Mapping[str, Role],
    *,
    ends: Ends,
    grants: Iterable[str] = (),
    denies: Iterable[str] = (),
) -> Rights:
    """What a card must say; a deny beats roles and grants.

    A role of another user type gives nothing, and only staff are granted anything (ACC-57).
    """
    denied = set(denies)
    held = [by_key[key] for key in keys if key in by_key and by_key[key].user_type == user_type]
    exceptions = set(grants) if user_type == UserType.ADMIN else set()
    lasting = permissions_of(role for role in held if role.key not in ends) | exceptions
    timed = {
        str(role.key): {"endsAt": ends[role.key], "permissions": sorted(permissions_of([role]) - denied)}
        for role in held
        if role.key in ends
    }
    return Rights(frozenset(lasting - denied), timed)


def due_of(card: AccessCard, by_key: Mapping[str, Role]) -> Rights:
    """What a card must say about the roles, grants and denies that it has."""
    return due(
        str(card.user_type),
        list(card.role_keys or ()),
        by_key,
        ends=ends_of(card),
        grants=card.grants or (),
        denies=card.denies or (),
    )


def permissions_if(
    card: AccessCard, by_key: Mapping[str, Role], key: str, permissions: Iterable[str], now: float
) -> frozenset[str]:
    """What somebody may do at an instant (epoch seconds) if a role allowed these permissions."""
    there = by_key[key]
    draft = Role(*there.itself, key=key, user_type=there.user_type, permissions=set(permissions) or None)
    rights = due_of(card, {**by_key, key: draft})
    running = (one["permissions"] for one in rights.timed.values() if now < one["endsAt"])
    return rights.permissions.union(*running)


def as_read(card: AccessCard) -> Condition:
    """That nobody changed the card's roles, grants or denies since it was read."""
    return AccessCard.roles_version == card.roles_version
