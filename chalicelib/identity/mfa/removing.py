"""Removing one's second factor (AUTH-27), and making new recovery codes (AUTH-28)."""

from __future__ import annotations

from chalicelib.identity import factors
from chalicelib.identity.accounts import Login, is_right_password
from chalicelib.identity.mfa.owner import MFA_DISABLE, MFA_RENEW, Owner, mark_login
from chalicelib.identity.sessions import (
    USER,
    Device,
    FactorChange,
    InvalidCredentials,
    add_factor_changed,
    counted_read,
    one_guess,
    others_ended,
    unchanged,
)
from chalicelib.platform import audit, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.access.decisions import needs_mfa
from chalicelib.platform.errors import Conflict, MfaRequired
from chalicelib.platform.store import Transaction, TransactionLost


def require_second_factor(caller: Caller) -> None:
    """403 ``MFA_REQUIRED`` unless this session was begun, or is since proven, with a second factor."""
    if not caller.session.get("mfa"):
        raise MfaRequired


def remove(owner: Owner, password: str, code: str, device: Device) -> None:
    """Remove the factor by password and code; other sessions end, this one and its tokens go on. Three round trips.

    Raises ``MfaRequired`` where the session has no ``totp``, or where a factor is compulsory; ``InvalidCredentials``,
    ``MfaCodeInvalid``, ``RateLimited``; ``Conflict`` when the account was changed at the same moment.
    """
    caller, user = owner.caller, owner.user
    require_second_factor(caller)
    if needs_mfa(caller):
        raise MfaRequired
    login = counted_read(caller.user_id, lambda: store.get(Login, Login.place(user.email)))
    with one_guess(caller.user_id, owner.beside[1]):
        if not is_right_password(password, login.password_hash if login is not None else None):
            raise InvalidCredentials
        tx = Transaction()
        factors.remove(tx, owner.factor, code)
        card = caller.card
        actions = [*others_ended(card, caller.session_id, USER), AccessCard.mfa_enrolled.set(False)]
        if caller.at_provider is None:
            # This session goes on, without counting as one of two steps.
            actions.append(AccessCard.sessions[caller.session_id]["mfa"].set(False))
        tx.update(AccessCard, card.itself, actions, when=unchanged(card), name="card")
        mark_login(tx, user, enrolled=False)
        audit.write(tx, MFA_DISABLE, caller.user_id, by=caller)
        add_factor_changed(tx, user, FactorChange.DISABLED, device.agent_shown)
        _commit(tx)


def renew_recovery_codes(owner: Owner, code: str, device: Device) -> list[str]:
    """New recovery codes; the old ones are dead. Two round trips beside the counter.

    Raises ``MfaRequired`` where the session has no ``totp``, ``MfaCodeInvalid``, ``RateLimited``.
    """
    caller = owner.caller
    require_second_factor(caller)
    counted_read(caller.user_id, lambda: None)
    with one_guess(caller.user_id, owner.beside[1]):
        tx = Transaction()
        codes = factors.renew_recovery_codes(tx, owner.factor, code)
        audit.write(tx, MFA_RENEW, caller.user_id, by=caller)
        add_factor_changed(tx, owner.user, FactorChange.RECOVERY_CODES, device.agent_shown)
        _commit(tx)
    return codes


def _commit(tx: Transaction) -> None:
    try:
        tx.commit()
    except TransactionLost as lost:
        if lost.failed("card") or lost.failed("login"):
            raise Conflict from lost
        raise
