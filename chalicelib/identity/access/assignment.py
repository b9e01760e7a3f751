"""Roles and exceptions given to people by staff (ACC-08, ACC-09). Three round trips: both cards, roles, transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from chalicelib.identity import roles as held
from chalicelib.identity.access.schemas import ExceptionsRequest, RolesRequest
from chalicelib.identity.accounts import DELETED, User, UserNotFound, user_key
from chalicelib.identity.roles import Holding, Rights, Role
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access import proof
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.audit import SYSTEM
from chalicelib.platform.errors import Conflict, Unavailable
from chalicelib.platform.store import Item, Transaction, TransactionLost

TRIES = 8


def assign(user: User, beside: Sequence[Item | None], body: RolesRequest, by: Caller) -> AccessCard:
    """Give somebody these roles and no others, from their next request on. The card as it is then.

    The same again writes nothing. Raises ``ReauthRequired``, ``NotOnYourself``, ``UserNotFound``, ``TargetOutranks``,
    ``WouldEscalate``, ``LastSuperAdmin``, ``ValidationFailed``, ``Conflict``.
    """
    _check_actor(by, user)
    wanted = body.holding()

    def work(card: AccessCard, by_key: Mapping[str, Role]) -> AccessCard:
        held.require_not_outranked(by, card)
        before = Holding.of(card)
        if wanted.same(before):
            return card
        held.check(card, wanted, by_key, clock.epoch())
        held.require_held(by, [by_key[key] for key in wanted.given(before)])
        return move(user, card, wanted, by_key, by=by, reason=body.reason)

    return _with_fresh_card(_card_of(beside), work)


def move(
    user: User,
    card: AccessCard,
    wanted: Holding,
    by_key: Mapping[str, Role],
    *,
    by: Caller | None,
    reason: str,
) -> AccessCard:
    """Let somebody hold these roles: one transaction; ``by`` is None where a role has ended by itself.

    Raises ``LastSuperAdmin``, ``TransactionLost``.
    """
    tx = Transaction()
    rights = held.replace(tx, card, wanted, by_key, by_user_id=by.user_id if by else None)
    shown = [User.row["roleKeys"].set(list(wanted.keys))]
    tx.update(User, user.itself, shown, when=store.present(User), name="user")
    if by is not None:
        held.admitted(tx, by)
    before = Holding.of(card)
    changed = audit.changed(_shown(before), _shown(wanted))
    audit.write(tx, held.ROLES_CHANGED, user.id, by=by or SYSTEM, meta={"changed": changed}, reason=reason)
    tx.commit()
    card.role_keys = list(wanted.keys)
    return _became(card, rights)


def set_exceptions(user: User, beside: Sequence[Item | None], body: ExceptionsRequest, by: Caller) -> AccessCard:
    """Give somebody these exceptions and no others; in force from their next request. The card as it is then.

    The same again writes nothing. Raises as ``assign``, and ``RoleFixed`` for denying a super-admin something.
    """
    _check_actor(by, user)
    grants, denies = set(body.grants), set(body.denies)

    def work(card: AccessCard, by_key: Mapping[str, Role]) -> AccessCard:
        held.require_not_outranked(by, card)
        before = {"grants": sorted(card.grants or ()), "denies": sorted(card.denies or ())}
        after = {"grants": sorted(grants), "denies": sorted(denies)}
        if before == after:
            return card
        held.check_exceptions(card, body.grants, body.denies)
        # What a deny kept from somebody is given to them by lifting it.
        held.require_permissions(by, grants | {str(name) for name in card.denies or ()} - denies)
        tx = Transaction()
        rights = held.except_for(tx, card, grants, denies, by_key)
        held.admitted(tx, by)
        meta = {"changed": audit.changed(before, after)}
        audit.write(tx, held.PERMISSIONS_CHANGED, user.id, by=by, meta=meta, reason=body.reason)
        tx.commit()
        card.grants, card.denies = grants or None, denies or None
        return _became(card, rights)

    return _with_fresh_card(_card_of(beside), work)


def _check_actor(by: Caller, user: User) -> None:
    proof.require_recent(by)
    if user.id == by.user_id:
        raise held.NotOnYourself
    if user.status == DELETED:
        raise UserNotFound


def _card_of(beside: Sequence[Item | None]) -> AccessCard:
    card = beside[0] if beside else None
    if not isinstance(card, AccessCard):
        raise Unavailable
    return card


def _with_fresh_card(card: AccessCard, work: Callable[[AccessCard, Mapping[str, Role]], AccessCard]) -> AccessCard:
    """Run ``work``; again when somebody changed the card or one of the roles meanwhile."""
    for _ in range(TRIES):
        if card.status == DELETED:
            raise UserNotFound
        try:
            return work(card, held.every_role())
        except TransactionLost as lost:
            held.raise_if_not_admitted(lost)
            if lost.failed("user"):
                raise UserNotFound from lost
        card = read(str(card.user_id))[1]
    raise Conflict


def read(user_id: str) -> tuple[User, AccessCard]:
    """Profile and card as they are. Raises ``UserNotFound``, ``Unavailable`` without a card (ACC-60)."""
    user, card = store.get_many([user_key(user_id), AccessCard.place(user_id)])
    if not isinstance(user, User):
        raise UserNotFound
    return user, _card_of([card])


def _shown(holding: Holding) -> dict[str, object]:
    return {"roleKeys": list(holding.keys), "expiresAt": dict(holding.ends)}


def _became(card: AccessCard, rights: Rights) -> AccessCard:
    card.permissions = set(rights.permissions) or None
    card.timed_roles = {key: dict(one) for key, one in rights.timed.items()}
    card.roles_version = int(card.roles_version) + 1
    return card
