"""Confirming a second factor with its first code (AUTH-25): it counts, and other sessions end."""

from __future__ import annotations

from chalicelib.identity import factors
from chalicelib.identity.factors import MfaCodeInvalid
from chalicelib.identity.mfa.errors import MfaEnrolled
from chalicelib.identity.mfa.owner import MFA_ENABLE, Owner, mark_login
from chalicelib.identity.sessions import (
    USER,
    Device,
    FactorChange,
    Session,
    Tokens,
    add_factor_changed,
    counted_read,
    end_others,
    one_guess,
)
from chalicelib.platform import audit, store
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.errors import Conflict, SessionRevoked
from chalicelib.platform.store import Transaction, TransactionLost


def confirm(owner: Owner, code: str, device: Device) -> Tokens:
    """Make the pending factor count, and answer tokens of this session that say ``totp``. Three round trips.

    Raises ``MfaCodeInvalid``, also where nothing is pending; ``MfaEnrolled``; ``RateLimited``; ``SessionRevoked`` when
    this session was ended meanwhile; ``Conflict`` when it was refreshed, or the e-mail changed, at the same moment.
    """
    caller, factor = owner.caller, owner.factor
    place = Session.place(caller.user_id, caller.session_id)
    session = counted_read(caller.user_id, lambda: store.get(Session, place))
    if factor is None:
        raise MfaCodeInvalid
    if factor.is_confirmed:
        raise MfaEnrolled
    if session is None:
        raise SessionRevoked
    with one_guess(caller.user_id, owner.beside[1]):
        tx = Transaction()
        factors.confirm(tx, factor, code)
        amr = [*session.amr, factors.TOTP]
        enrolled = [AccessCard.mfa_enrolled.set(True)]
        tokens = end_others(tx, caller.card, session, device, amr=amr, also=enrolled, reason=USER)
        mark_login(tx, owner.user, enrolled=True)
        audit.write(tx, MFA_ENABLE, caller.user_id, by=caller)
        add_factor_changed(tx, owner.user, FactorChange.ENABLED, device.agent_shown)
        _commit(tx)
    return tokens


def _commit(tx: Transaction) -> None:
    try:
        tx.commit()
    except TransactionLost as lost:
        if lost.failed("card"):
            raise SessionRevoked from lost
        if lost.failed("session") or lost.failed("login"):
            raise Conflict from lost
        raise
