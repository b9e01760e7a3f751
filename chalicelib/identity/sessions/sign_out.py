"""Signing out (AUTH-04). By access token; by an expired or missing one with a refresh token of the session."""

from __future__ import annotations

from chalicelib.identity.sessions import refresh_tokens
from chalicelib.identity.sessions.audited import SESSION_REVOKE, revoked
from chalicelib.identity.sessions.errors import RefreshInvalid
from chalicelib.identity.sessions.items import Session
from chalicelib.identity.sessions.refresh import is_genuine, read
from chalicelib.platform import audit, store
from chalicelib.platform.access.card import AccessCard, plain
from chalicelib.platform.access.tokens import Claims
from chalicelib.platform.audit import Actor
from chalicelib.platform.errors import AccountBlocked, Unavailable
from chalicelib.platform.store import Transaction, TransactionLost

LOGOUT = "LOGOUT"


def sign_out(claims: Claims) -> None:
    """End the session of a verified access token; one that has ended already stays so. Two round trips.

    Raises ``AccountBlocked``.
    """
    card = store.get(AccessCard, AccessCard.place(claims.user_id))
    if card is None:
        raise Unavailable
    _end(card, claims.session_id)


def sign_out_by_refresh_token(presented: str) -> None:
    """End the session of a refresh token, the current or an older one of it. Two round trips.

    Raises ``RefreshInvalid`` for a token that is none of ours, ``AccountBlocked``.
    """
    token = refresh_tokens.parse(presented)
    if token is None:
        raise RefreshInvalid
    session, card = read(token)
    if not is_genuine(token, session):
        raise RefreshInvalid
    _end(card, session.id)


def _end(card: AccessCard, session_id: str) -> None:
    if card.status == "BLOCKED":
        raise AccountBlocked
    tx = Transaction()
    place = Session.place(card.user_id, session_id)
    alive = store.present(Session) & Session.revoked_at.does_not_exist()
    tx.update(Session, place, revoked(LOGOUT), when=alive, name="session")
    leave = [AccessCard.sessions[session_id].remove(), AccessCard.version.add(1)]
    tx.update(AccessCard, card.itself, leave)
    by = Actor(card.user_id, card.user_type, "USER")
    audit.write(tx, SESSION_REVOKE, session_id, by=by, reason=LOGOUT)
    try:
        tx.commit()
    except TransactionLost:
        # It has ended before: no second audit entry (HTTP-61). Should the card still list it, that must not let it in.
        if session_id in plain(card.sessions):
            store.update(AccessCard, card.itself, leave, when=store.present(AccessCard))
