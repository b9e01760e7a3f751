"""Asking for the end of one's own account, and keeping it after all (USR-05, USR-06, USR-40)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import cast

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.identity.accounts import DELETED, User, UserNotFound
from chalicelib.identity.people.errors import AskASuperAdmin, DeletionDueNow, SubscriptionActive
from chalicelib.identity.people.items import DeletionDue
from chalicelib.identity.people.schemas import DeletionRequest
from chalicelib.identity.people.templates import USER_DELETION_DUE
from chalicelib.platform import audit, clock, messages, settings, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard, plain
from chalicelib.platform.access.catalogue import UserType
from chalicelib.platform.audit import AuditAction
from chalicelib.platform.errors import Conflict
from chalicelib.platform.store import Transaction, TransactionLost, became

USER_DELETE_GRACE_DAYS = settings.integer("USER_DELETE_GRACE_DAYS", default=7, minimum=0, maximum=90)

USER_DELETE = AuditAction("user.delete", "Somebody asked for the deletion of their account")
USER_KEEP = AuditAction("user.deletion_cancelled", "Somebody kept the account that they had asked to delete")

TRIES = 4


def require_own_end(by: Caller) -> None:
    """409 ``ASK_A_SUPER_ADMIN`` for whoever is not a student: others may depend on what staff alone can do."""
    if by.user_type != UserType.STUDENT:
        raise AskASuperAdmin


def schedule(user: User, wish: DeletionRequest, *, by: Caller) -> datetime:
    """Let the account end in ``USER_DELETE_GRACE_DAYS``, and answer when; a second wish changes nothing.

    Who it is must have been proved. One round trip. Raises ``SubscriptionActive`` unless the loss is accepted,
    ``Conflict`` when others kept changing the profile.
    """
    for _ in range(TRIES):
        asked = due_of(user)
        if asked is not None:
            return asked
        if not wish.accept_loss and is_entitled(by.card):
            raise SubscriptionActive
        due = clock.now() + timedelta(days=USER_DELETE_GRACE_DAYS())
        try:
            _scheduled(user, due, wish, by).commit()
        except TransactionLost as lost:
            if lost.failed("card"):
                # Something was bought meanwhile.
                raise SubscriptionActive from lost
            user = _as_it_is(lost)
            continue
        return due
    raise Conflict


def due_of(user: User) -> datetime | None:
    """When an account ends; None for one that stays."""
    return user.deletion_due_at


def is_entitled(card: AccessCard) -> bool:
    """Whether something that was paid for runs, or will: an entitlement, or the period of a subscription."""
    now = clock.epoch()
    periods = [period for family in plain(card.subscriptions).values() for period in family["periods"]]
    return any(int(one["endsAt"]) > now for one in [*plain(card.entitlements).values(), *periods])


def _scheduled(user: User, due: datetime, wish: DeletionRequest, by: Caller) -> Transaction:
    tx = Transaction()
    tx.update(User, user.itself, _changes(User.deletion_due_at.set(due)), when=_as_read(user), name="user")
    tx.put(DeletionDue.of(user.id, due), when=store.absent(DeletionDue), name="due")
    if not wish.accept_loss:
        until = AccessCard.entitled_until == int(by.card.entitled_until or 0)
        tx.check(AccessCard, by.card.itself, until, name="card")
    shown = clock.iso(due)
    messages.post(
        tx,
        USER_DELETION_DUE,
        user.email,
        dedup=f"USER_DELETION_DUE:{user.id}:{shown}",
        user_id=user.id,
        locale=user.locale,
        payload={"deletionDueAt": shown, "userName": user.name},
    )
    audit.write(tx, USER_DELETE, user.id, by=by, reason=wish.reason, meta={"dueAt": shown})
    return tx


def cancel(user: User, *, by: Caller) -> User:
    """Keep the account after all; one that is to stay stays as it is. Answers the profile. One round trip.

    Raises ``DeletionDueNow`` once it is due, ``UserNotFound`` when it was erased at the same moment, ``Conflict`` when
    others kept changing the profile.
    """
    for _ in range(TRIES):
        due = due_of(user)
        if due is None:
            return user
        if due <= clock.now():
            raise DeletionDueNow
        tx = Transaction()
        tx.update(User, user.itself, _changes(User.deletion_due_at.remove()), when=_as_read(user), name="user")
        tx.delete(DeletionDue, DeletionDue.place(user.id))
        audit.write(tx, USER_KEEP, user.id, by=by)
        try:
            tx.commit()
        except TransactionLost as lost:
            user = _as_it_is(lost)
            continue
        return became(user, {"deletion_due_at": None})
    raise Conflict


def _changes(action: Action) -> list[Action]:
    return [action, User.updated_at.set(clock.now()), User.version.add(1)]


def _as_read(user: User) -> Condition:
    return cast(Condition, User.version == user.version)


def _as_it_is(lost: TransactionLost) -> User:
    there = lost.item("user")
    if not isinstance(there, User) or there.status == DELETED:
        raise UserNotFound from lost
    return there
