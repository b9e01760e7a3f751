"""Ending sessions before their time, by their owner or by staff (AUTH-05, AUTH-08, USR-10, USR-13, AUTH-55)."""

from __future__ import annotations

from chalicelib.identity.sessions import cards
from chalicelib.identity.sessions.audited import SESSION_REVOKE, revoked
from chalicelib.identity.sessions.ending import all_ended
from chalicelib.identity.sessions.errors import SessionNotFound
from chalicelib.identity.sessions.items import Session
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.audit import AuditAction
from chalicelib.platform.errors import Conflict, SessionRevoked
from chalicelib.platform.store import ConditionFailed, Transaction, TransactionLost

USER_FORCE_LOGOUT = AuditAction("user.force_logout", "Staff ended all sessions of somebody")

USER = "USER"
ADMIN = "ADMIN"
TRIES = 5


def end_one(card: AccessCard, session_id: str, reason: str, *, by: Caller) -> None:
    """End one session of a card's owner; its next request is told the ``reason`` (USER, ADMIN). One round trip.

    Raises ``SessionNotFound`` for one that is not theirs, or has ended.
    """
    if session_id not in cards.live_ids(card):
        raise SessionNotFound
    tx = Transaction()
    alive = store.present(Session) & Session.revoked_at.does_not_exist()
    tx.update(Session, Session.place(card.user_id, session_id), revoked(reason), when=alive, name="session")
    ended = [cards.ended_entry(session_id, reason), AccessCard.version.add(1)]
    still_there = AccessCard.sessions[session_id].exists()
    tx.update(AccessCard, card.itself, ended, when=still_there, name="card")
    audit.write(tx, SESSION_REVOKE, session_id, by=by, meta={"userId": card.user_id}, reason=reason)
    try:
        tx.commit()
    except TransactionLost:
        # It ended at the same moment: no second audit entry. Should the card still list it, that must not let it in.
        try:
            store.update(AccessCard, card.itself, ended, when=still_there)
        except ConditionFailed:
            return


def end_own(caller: Caller, *, keep_current: bool) -> None:
    """End the caller's sessions and note view sessions: all, or all but this one, whose tokens stay as they are.

    One round trip. Raises ``SessionRevoked`` when this one was ended meanwhile, ``Conflict`` when others kept signing
    in to the account.
    """
    if keep_current:
        _end_others(caller)
        return
    tx = Transaction()
    tx.update(AccessCard, caller.card.itself, all_ended(USER), when=store.present(AccessCard), name="card")
    audit.write(tx, SESSION_REVOKE, caller.user_id, by=caller, meta={"sessions": "all"}, reason=USER)
    tx.commit()


def _end_others(caller: Caller) -> None:
    """All but the caller's. No token version passes, since the current token carries it; so each is ended by name."""
    card = caller.card
    for _ in range(TRIES):
        actions = cards.others_ended(card, caller.session_id, USER)
        if caller.at_provider is None:
            actions.append(AccessCard.tokens_valid_from.set(clock.epoch()))
            if caller.session_id not in cards.live_ids(card):
                raise SessionRevoked
        tx = Transaction()
        tx.update(AccessCard, card.itself, actions, when=cards.unchanged(card), name="card")
        audit.write(tx, SESSION_REVOKE, caller.user_id, by=caller, meta={"sessions": "others"}, reason=USER)
        try:
            tx.commit()
        except TransactionLost as lost:
            there = lost.item("card")
            if not isinstance(there, AccessCard) or there.token_version != card.token_version:
                raise SessionRevoked from lost
            card = there
            continue
        return
    raise Conflict


def force_logout(card: AccessCard, *, by: Caller, reason: str | None) -> None:
    """Staff end all sessions and note view sessions of somebody, in one write whatever their number (USR-10)."""
    tx = Transaction()
    tx.update(AccessCard, card.itself, all_ended(ADMIN), when=store.present(AccessCard), name="card")
    audit.write(tx, USER_FORCE_LOGOUT, card.user_id, by=by, meta={"sessions": len(cards.live_ids(card))}, reason=reason)
    tx.commit()
