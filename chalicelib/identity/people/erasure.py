"""Erasing accounts whose deletion is due (USR-20, USR-40): one transaction an account."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from pynamodb.expressions.condition import Condition

from chalicelib.identity import accounts, sessions
from chalicelib.identity.accounts import User
from chalicelib.identity.credentials import EmailChange
from chalicelib.identity.factors import MfaFactor
from chalicelib.identity.people.deleting import due_of
from chalicelib.identity.people.items import DeletionDue
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access.card import AccessCard, plain
from chalicelib.platform.access.identities import ExternalIdentity
from chalicelib.platform.audit import AuditAction
from chalicelib.platform.http import ResponseModel
from chalicelib.platform.logs import alarm, unexpected
from chalicelib.platform.store import Transaction, TransactionLost, fetch

USER_ERASE = AuditAction("user.erase", "An account was erased: nothing is left but its id")

BATCH = 25
TRIES = 3
RESERVE_SECONDS = 20.0
MAX_IDENTITIES = 50
"""As many go with the account; should there be more, they go right after."""


class Erasures(ResponseModel):
    """What a run did. ``failed``: accounts that the next run tries again."""

    erased: int = 0
    failed: int = 0


def erase_due(remaining: Callable[[], float]) -> Erasures:
    """Erase every account that is due by now, 25 at a time, as long as ``remaining`` seconds allow."""
    done, due, start = Erasures(), DeletionDue.until(clock.now()), None
    while remaining() > RESERVE_SECONDS:
        found = fetch(due, limit=BATCH, start=start)
        for one in found.items:
            user_id = str(plain(one.row)["userId"])
            try:
                done.erased += erase(user_id)
            except Exception as error:  # noqa: BLE001  # one that cannot be erased must not hold up the others
                unexpected(error)
                done.failed += 1
                alarm("an account could not be erased", userId=user_id)
        if found.next_key is None:
            break
        start = found.next_key
    return done


def erase(user_id: str) -> bool:
    """Erase an account if that is due; whether it was this call that did. Three round trips.

    What it bought stays, as tax law asks, under its id. Raises ``TransactionLost`` when others kept changing it.
    """
    for last in (False,) * (TRIES - 1) + (True,):
        user, card = store.get_many([accounts.user_key(user_id), AccessCard.place(user_id)])
        if not isinstance(user, User) or not isinstance(card, AccessCard):
            return False
        due = due_of(user)
        if due is None or due > clock.now():
            return False
        try:
            _erased(user, card).commit()
        except TransactionLost:
            if last:
                raise
            continue
        return True
    return False


def _erased(user: User, card: AccessCard) -> Transaction:
    tx = Transaction()
    accounts.anonymize(tx, user, due=clock.now())
    tx.put(_empty(card), when=cast(Condition, AccessCard.token_version == card.token_version), name="card")
    tx.delete(MfaFactor, MfaFactor.place(user.id))
    for identity in store.every(ExternalIdentity.of(user.id))[:MAX_IDENTITIES]:
        tx.delete(ExternalIdentity, identity.itself)
    tx.delete(DeletionDue, DeletionDue.place(user.id))
    audit.write(tx, USER_ERASE, user.id, meta={"type": user.type, "via": user.created_via})
    return tx


def _empty(card: AccessCard) -> AccessCard:
    """A card that lets nobody in and holds nothing: without sessions, roles, entitlements, bans."""
    return AccessCard(
        *card.itself,
        user_id=card.user_id,
        user_type=card.user_type,
        status=accounts.DELETED,
        token_version=int(card.token_version) + 1,
        tokens_valid_from=clock.epoch(),
        roles_version=int(card.roles_version) + 1,
        version=int(card.version) + 1,
    )


def forget_leftovers(user_id: str) -> None:
    """Remove what an erased account left behind that its transaction did not hold.

    Sessions, an identity that was linked late, the address that the person wanted to move to.
    """
    for session in store.every(sessions.Session.of(user_id)):
        store.delete(sessions.Session, session.itself)
    for identity in store.every(ExternalIdentity.of(user_id)):
        store.delete(ExternalIdentity, identity.itself)
    store.delete(EmailChange, EmailChange.place(user_id))
