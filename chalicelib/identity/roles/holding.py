"""Who holds which roles: a set replaced as a whole (ACC-08), with ends (ACC-73); exceptions for one person (ACC-09)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.identity.roles.errors import LastSuperAdmin, RoleFixed
from chalicelib.identity.roles.items import Role, RoleHolder
from chalicelib.identity.roles.rights import Ends, Rights, as_read, due, ends_of, every_role
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.access.catalogue import ACADEMY_PERMISSIONS, STUDENT_ROLE, SUPER_ADMIN, UserType
from chalicelib.platform.errors import ValidationFailed, problem
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Transaction

ACTIVE = "ACTIVE"
MOST_HOLDERS = 100_000


@frozen
class Holding:
    """What somebody shall hold: role keys in order, and when those end that do (epoch seconds)."""

    keys: tuple[str, ...]
    ends: Ends

    @classmethod
    def of(cls, card: AccessCard) -> Holding:
        """What they hold."""
        return cls(tuple(str(key) for key in card.role_keys or ()), ends_of(card))

    @classmethod
    def by(cls, card: AccessCard, holders: Iterable[RoleHolder]) -> Holding:
        """What they hold as these items say, in the order of the card; a student has the one role of the type."""
        if card.user_type == UserType.STUDENT:
            return cls((STUDENT_ROLE,), {})
        found = {str(one.role_key): one for one in holders}
        known = [str(key) for key in card.role_keys or () if key in found]
        ends = {key: int(one.ends_at.timestamp()) for key, one in found.items() if one.ends_at is not None}
        return cls((*known, *sorted(set(found) - set(known))), ends)

    def same(self, other: Holding) -> bool:
        """Whether it is the same; the order says nothing."""
        return set(self.keys) == set(other.keys) and dict(self.ends) == dict(other.ends)

    def given(self, before: Holding) -> list[str]:
        """The roles that are new, or end at another time."""
        return [key for key in self.keys if key not in before.keys or self.ends.get(key) != before.ends.get(key)]


def holders_of(user_id: str, by_key: Iterable[str]) -> list[RoleHolder]:
    """What somebody holds of these roles. One round trip."""
    places = [RoleHolder.place(key, user_id) for key in by_key]
    return [one for one in (store.get_many(places) if places else []) if isinstance(one, RoleHolder)]


def every_holder() -> dict[str, list[RoleHolder]]:
    """All holders of all roles by user id: a few queries for each role, for nightly work."""
    found: dict[str, list[RoleHolder]] = {}
    for key in every_role():
        for holder in store.every(RoleHolder.of(key), most=MOST_HOLDERS):
            found.setdefault(str(holder.user_id), []).append(holder)
    return found


def due_for(card: AccessCard, holding: Holding, by_key: Mapping[str, Role]) -> Rights:
    """What a card must say when its owner holds these roles, with the grants and denies that it has."""
    return due(
        str(card.user_type),
        holding.keys,
        by_key,
        ends=holding.ends,
        grants=card.grants or (),
        denies=card.denies or (),
    )


def check(card: AccessCard, wanted: Holding, by_key: Mapping[str, Role], now: int) -> None:
    """422 with everything that is wrong: unknown roles, of another user type, ends in the past or of what cannot end.

    ADMIN_SUPER does not end, and who has it is denied nothing: one active super-admin is there at all times (ACC-58).
    """
    found = []
    for place, key in enumerate(wanted.keys):
        role = by_key.get(key)
        if role is None:
            found.append(problem(f"body.roleKeys[{place}]", "UNKNOWN_ROLE", "there is no such role"))
        elif role.user_type != card.user_type:
            found.append(problem(f"body.roleKeys[{place}]", "WRONG_USER_TYPE", "is a role of another kind of account"))
        elif key == SUPER_ADMIN and card.denies:
            found.append(problem(f"body.roleKeys[{place}]", "HAS_DENIES", "a super-admin is denied nothing"))
    for key, end in wanted.ends.items():
        if key not in wanted.keys:
            found.append(problem(f"body.expiresAt.{key}", "NOT_ASSIGNED", "must be one of roleKeys"))
        elif key in (SUPER_ADMIN, STUDENT_ROLE):
            found.append(problem(f"body.expiresAt.{key}", "CANNOT_END", "this role does not end"))
        elif end <= now:
            found.append(problem(f"body.expiresAt.{key}", "IN_PAST", "must be in the future"))
    if found:
        raise ValidationFailed(found)


def replace(
    tx: Transaction, card: AccessCard, wanted: Holding, by_key: Mapping[str, Role], *, by_user_id: str | None
) -> Rights:
    """Add to a transaction that somebody holds these roles and no others; answers what the card will say.

    When the action ``card`` or one named ``role:…`` loses, something was changed since it was read. Raises
    ``LastSuperAdmin``.
    """
    before = Holding.of(card)
    rights = due_for(card, wanted, by_key)
    same_state: Condition = as_read(card) & (AccessCard.status == card.status)
    tx.update(
        AccessCard,
        card.itself,
        [AccessCard.role_keys.set(list(wanted.keys)), *rights.actions(card)],
        when=same_state,
        name="card",
    )
    for key in wanted.given(before):
        _give(tx, card, key, wanted.ends.get(key), known=key in before.keys, by_user_id=by_user_id)
    for key in wanted.keys:
        if key not in before.keys:
            _count(tx, by_key[key], 1, is_active=card.status == ACTIVE)
    for key in before.keys:
        if key not in wanted.keys:
            tx.delete(RoleHolder, RoleHolder.place(key, card.user_id), name=f"holder:{key}")
            if key in by_key:
                _count(tx, by_key[key], -1, is_active=card.status == ACTIVE)
    return rights


def _give(tx: Transaction, card: AccessCard, key: str, end: int | None, *, known: bool, by_user_id: str | None) -> None:
    holder = RoleHolder(
        *RoleHolder.place(key, card.user_id),
        user_id=card.user_id,
        role_key=key,
        assigned_at=clock.now(),
        assigned_by_user_id=by_user_id,
    )
    holder.end(datetime.fromtimestamp(end, UTC) if end is not None else None)
    tx.put(holder, when=None if known else store.absent(RoleHolder), name=f"holder:{key}")


def _count(tx: Transaction, role: Role, change: int, *, is_active: bool) -> None:
    when: Condition = Role.version == role.version
    actions: list[Action] = [Role.holders.add(change), Role.version.add(1)]
    if is_active:
        actions.append(Role.active_holders.add(change))
        if role.key == SUPER_ADMIN and change < 0:
            if int(role.active_holders) <= 1:
                raise LastSuperAdmin
            when = when & (Role.active_holders > 1)
    tx.update(Role, role.itself, actions, when=when, name=f"role:{role.key}")


def check_exceptions(card: AccessCard, grants: Collection[str], denies: Collection[str]) -> None:
    """422 for what is no permission, or is held inside centres only; for people who are no staff; ``RoleFixed`` for
    denying a super-admin something.
    """
    found = [
        problem(f"body.{name}[{place}]", *_wrong(card, one))
        for name, given in (("grants", grants), ("denies", denies))
        for place, one in enumerate(given)
        if _wrong(card, one)
    ]
    if found:
        raise ValidationFailed(found)
    if denies and SUPER_ADMIN in (card.role_keys or ()):
        raise RoleFixed


def _wrong(card: AccessCard, name: str) -> tuple[str, ...]:
    if name not in ACADEMY_PERMISSIONS:
        return ("UNKNOWN_PERMISSION", "there is no such permission")
    if card.user_type != UserType.ADMIN:
        return ("WRONG_USER_TYPE", "is a permission of another kind of account")
    return ()


def except_for(
    tx: Transaction, card: AccessCard, grants: Iterable[str], denies: Iterable[str], by_key: Mapping[str, Role]
) -> Rights:
    """Add to a transaction that somebody has these exceptions; answers what the card will say."""
    granted, denied = set(grants), set(denies)
    holding = Holding.of(card)
    rights = due(str(card.user_type), holding.keys, by_key, ends=holding.ends, grants=granted, denies=denied)
    same_state: Condition = as_read(card) & (AccessCard.status == card.status)
    actions = [
        AccessCard.grants.set(granted) if granted else AccessCard.grants.remove(),
        AccessCard.denies.set(denied) if denied else AccessCard.denies.remove(),
        *rights.actions(card),
    ]
    tx.update(AccessCard, card.itself, actions, when=same_state, name="card")
    return rights
