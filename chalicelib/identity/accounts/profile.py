"""A person's own profile: shown, changed by themselves, and as other domains print it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pynamodb.expressions.update import Action

from chalicelib.identity.accounts.errors import UserNotFound
from chalicelib.identity.accounts.items import DELETED, PhoneIndex, User, phone_index
from chalicelib.platform import audit, clock
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.access.resources import Entity, Resource, Thing
from chalicelib.platform.audit import AuditAction
from chalicelib.platform.errors import Conflict, VersionMismatch
from chalicelib.platform.masking import mask_email, mask_phone
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Key, Transaction, TransactionLost, became

USER_UPDATE = AuditAction("user.update", "A profile changed")

TRIES = 4


def user_key(user_id: str) -> Key:
    """Where the profile of somebody is, for those who read it beside their own items."""
    return User.place(user_id)


OWN_USER = Resource(
    param="user",
    item=User,
    key=lambda _, caller_id: User.place(caller_id),
    entity=lambda user: Entity("User", user.id, {"ownerId": user.id}),
    missing=UserNotFound,
)
"""The caller's own profile, read beside their card."""


def _any_entity(user: User) -> Entity:
    return Entity("User", user.id, {"ownerId": user.id, "userType": user.type})


SHOWN_USER = Resource(
    param="user",
    item=User,
    key=lambda path, _: User.place(path["userId"]),
    entity=_any_entity,
    missing=UserNotFound,
    beside=(lambda path, _: AccessCard.place(path["userId"]),),
)
"""Somebody whom staff look at; their access card is ``request.beside[0]``, read in the same round trip."""

ANY_USER = SHOWN_USER._replace(visible=lambda user: user.status != DELETED)
"""Somebody whom staff act upon: nobody whose account was deleted; the card as in ``SHOWN_USER``."""

PERSON = Thing("User", User, lambda user_id, _: User.place(user_id), _any_entity, UserNotFound)


@frozen
class DisplayFacts:
    """How a person is named on watermarks and receipts."""

    name: str
    masked_email: str
    masked_phone: str | None
    user_hash: str


def display_facts(user: User) -> DisplayFacts:
    """The facts of a profile that may be shown, masked as SHIELD-61 says."""
    phone = mask_phone(user.phone) if user.phone else None
    return DisplayFacts(user.name, mask_email(user.email) if user.email else "", phone, user.user_hash or "")


def change_profile(user: User, changes: Mapping[str, Any], *, by: Caller, expected: int | None) -> User:
    """Change ``name``, ``phone`` (None removes it), ``locale`` or ``avatar_asset_id`` (None removes it).

    Answers the profile as it is then. What is so already is not written. Raises ``VersionMismatch`` unless the profile
    has the ``expected`` version, ``Conflict`` when others kept changing it. One round trip.
    """
    for _ in range(TRIES):
        if expected is not None and user.version != expected:
            raise VersionMismatch({"version": int(user.version)})
        new = {name: value for name, value in changes.items() if getattr(user, name) != value}
        if not new:
            return user
        tx = Transaction()
        add_changes(tx, user, new)
        audit.write(tx, USER_UPDATE, user.id, by=by, meta={"changed": masked_changes(user, new)})
        try:
            tx.commit()
        except TransactionLost as lost:
            user = _as_it_is(lost)
            continue
        return became(user, new)
    raise Conflict


def add_changes(tx: Transaction, user: User, new: Mapping[str, Any], *, also: Sequence[Action] = ()) -> None:
    """Add to a transaction that ``name``, ``phone``, ``email``, ``locale`` or ``avatar_asset_id`` change.

    ``also``: further actions on the profile: whether a new e-mail is verified is said there; the login moves apart
    (``move_login``). When the action ``user`` loses, somebody else changed the profile.
    """
    tx.update(User, user.itself, [*_actions(user, new), *also], when=User.version == user.version, name="user")
    if "phone" in new:
        _index_phone(tx, user, new["phone"])


def masked_changes(user: User, new: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What changes, for the audit trail: field → before and after."""

    def shown(name: str, value: Any) -> Any:
        mask = {"phone": mask_phone, "email": mask_email}.get(name)
        return mask(value) if mask and value else value

    return {name: [shown(name, getattr(user, name)), shown(name, value)] for name, value in new.items()}


def _as_it_is(lost: TransactionLost) -> User:
    there = lost.item("user")
    if not isinstance(there, User):
        raise UserNotFound from lost
    return there


def _actions(user: User, new: Mapping[str, Any]) -> list[Action]:
    actions: list[Action] = [User.updated_at.set(clock.now()), User.version.add(1)]
    for name, value in new.items():
        attribute = getattr(User, name)
        actions.append(attribute.remove() if value is None else attribute.set(value))
        if name in {"name", "phone", "email"}:
            actions.append(User.row[name].set(value))
    if "name" in new:
        actions.append(User.gsi2sk.set(User.name_key(new["name"], user.id)))
    if "phone" in new and user.phone_verified_at is not None:
        actions.append(User.phone_verified_at.remove())
    return actions


def _index_phone(tx: Transaction, user: User, phone: str | None) -> None:
    if phone is None:
        tx.delete(PhoneIndex, PhoneIndex.place(user.id))
    else:
        tx.put(phone_index(user.id, user.type, phone))
