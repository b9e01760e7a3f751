"""Blocking and unblocking (USR-30, USR-31): one transaction over profile, card, the counters of roles, and audit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.identity import roles, sessions
from chalicelib.identity.accounts import BLOCKED, User
from chalicelib.identity.people.acting import as_they_are, require_may_act
from chalicelib.identity.people.schemas import StatusRequest
from chalicelib.platform import audit, clock
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.audit import AuditAction
from chalicelib.platform.errors import Conflict, invalid
from chalicelib.platform.store import Transaction, TransactionLost, became

USER_BLOCK = AuditAction("user.block", "Somebody was blocked: every session ended")
USER_UNBLOCK = AuditAction("user.unblock", "A block was lifted: roles and what was paid for are as they were")

TRIES = 4


def set_status(user: User, card: AccessCard, wish: StatusRequest, *, by: Caller) -> tuple[User, AccessCard]:
    """Block somebody, or lift the block; in that status already, nothing is written (HTTP-61). One round trip.

    Answers profile and card as they are then. Raises ``NotOnYourself``, ``TargetOutranks``, ``LastSuperAdmin``,
    ``UserNotFound`` for a deleted account, ``Conflict`` when others kept changing it, ``AccountBlocked`` for a caller
    who was blocked meanwhile: of two who block each other the second to commit finds out.
    """
    if wish.status == BLOCKED and wish.reason is None:
        raise invalid("body.reason", "MISSING", "is needed to block somebody")
    for _ in range(TRIES):
        require_may_act(by, user, card)
        if user.status == wish.status:
            return user, card
        changes = _blocked(wish.reason, by) if wish.status == BLOCKED else _UNBLOCKED
        changed = {**changes, "status": wish.status, "updated_at": clock.now()}
        try:
            _transaction(user, card, changed, by, wish.reason).commit()
        except TransactionLost as lost:
            roles.raise_if_not_admitted(lost)
            roles.raise_if_last(lost)
            user, card = as_they_are(user.id)
            continue
        return became(user, changed), _became(card, wish.status)
    raise Conflict


def _transaction(
    user: User, card: AccessCard, changed: Mapping[str, Any], by: Caller, reason: str | None
) -> Transaction:
    blocked = changed["status"] == BLOCKED
    tx = Transaction()
    roles.admitted(tx, by)
    as_read = (AccessCard.status == user.status) & (AccessCard.roles_version == card.roles_version)
    ended = sessions.all_ended("BLOCKED") if blocked else [AccessCard.version.add(1)]
    actions = [AccessCard.status.set(changed["status"]), *ended]
    tx.update(AccessCard, card.itself, actions, when=cast(Condition, as_read), name="card")
    tx.update(User, user.itself, _actions(changed), when=User.version == user.version, name="user")
    roles.count_active(tx, card, -1 if blocked else 1)
    audit.write(tx, USER_BLOCK if blocked else USER_UNBLOCK, user.id, by=by, reason=reason)
    return tx


def _blocked(reason: str | None, by: Caller) -> dict[str, Any]:
    return {"blocked_at": clock.now(), "blocked_reason": reason, "blocked_by_user_id": by.user_id}


_UNBLOCKED = {"blocked_at": None, "blocked_reason": None, "blocked_by_user_id": None}


def _actions(changed: Mapping[str, Any]) -> list[Action]:
    found: list[Action] = [User.row["status"].set(changed["status"]), User.version.add(1)]
    for name, value in changed.items():
        attribute = getattr(User, name)
        found.append(attribute.remove() if value is None else attribute.set(value))
    return found


def _became(card: AccessCard, status: str) -> AccessCard:
    card.status = status
    if status == BLOCKED:
        card.sessions = {}
    return card
