"""Changing one's own password (AUTH-13): other sessions end, this one goes on with new tokens. Three round trips."""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.identity.accounts import (
    Login,
    MethodDisabled,
    User,
    check_password,
    hash_password,
    is_right_password,
    require_local,
)
from chalicelib.identity.credentials import guarding, resetting
from chalicelib.identity.sessions import Device, InvalidCredentials, Session, Tokens, end_others
from chalicelib.platform import audit, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.access.decisions import require_set_up
from chalicelib.platform.access.proof import require_recent
from chalicelib.platform.audit import AuditAction
from chalicelib.platform.errors import AccountBlocked, Conflict, SessionRevoked
from chalicelib.platform.parallel import together
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Transaction, TransactionLost

USER_PASSWORD_CHANGED = AuditAction("user.password_changed", "Somebody changed their own password")


@frozen
class Own:
    """Who changes something about how they sign in: as the request read them, and what was read for it."""

    caller: Caller
    user: User
    login: Login
    session: Session


def change_password(
    user: User, current: str | None, new: str, *, by: Caller, device: Device, counted: Callable[[], object]
) -> Tokens:
    """Set another password; ``current`` may be missing only where none is set and the session was proven just now.

    Raises ``InvalidCredentials``, ``ReauthRequired``, ``PasswordTooWeak``, ``MfaRequired``, ``MethodDisabled``,
    ``RateLimited``.
    """
    if not by.must_change_password:
        # Who must set up a second factor first does that first (AUTH-62).
        require_set_up(by)
    own = read_own(user, by, device, counted)
    check_own_password(own, current, device)
    check_password(new, user_type=user.type, email=str(user.email), name=user.name, field="body.newPassword")
    if current is not None and current == new:
        raise resetting.same_password()
    hashed = hash_password(new)
    tx = Transaction()
    unchanged = (Login.user_id == user.id) & (Login.reset_generation == own.login.reset_generation)
    tx.update(Login, own.login.itself, resetting.new_password(hashed), when=unchanged, name="login")
    clears = AccessCard.must_change_password.set(False)
    tokens = end_others(tx, by.card, own.session, device, also=[clears], reason="PASSWORD")
    resetting.clear_must_change(tx, user)
    audit.write(tx, USER_PASSWORD_CHANGED, user.id, by=by)
    resetting.add_notice(tx, user, f"{own.session.id}#{int(own.login.reset_generation)}", device)
    try:
        tx.commit()
    except TransactionLost as lost:
        raise lost_own(lost) from lost
    return tokens


def read_own(user: User, by: Caller, device: Device, counted: Callable[[], object]) -> Own:
    """Login and session of the caller, read beside what counts the attempt. One round trip.

    Raises ``MethodDisabled`` for sessions of an external provider, ``SessionRevoked`` for one that has ended.
    """
    require_local()
    if by.at_provider is not None:
        raise MethodDisabled
    found = guarding.beside_counters(
        lambda: together(
            lambda: store.get(Login, Login.place(str(user.email))),
            lambda: store.get(Session, Session.place(by.user_id, by.session_id)),
        ),
        subject=f"own:{by.user_id}",
        device=device,
        counted=counted,
    )
    login, session = found
    if not isinstance(login, Login) or login.user_id != by.user_id:
        # The address was changed since the profile was read.
        raise Conflict
    if not isinstance(session, Session):
        raise SessionRevoked
    return Own(by, user, login, session)


def check_own_password(own: Own, password: str | None, device: Device) -> None:
    """That the caller's password is right; where none is set, that the session was proven within 10 minutes."""
    none_set = own.login.password_hash is None
    if none_set and password is None:
        require_recent(own.caller)
    elif password is None or not is_right_password(password, own.login.password_hash):
        raise guarding.failed(device, InvalidCredentials)


def lost_own(lost: TransactionLost) -> Exception:
    """Why a change of one's own lost: blocked, signed out, the password changed, or refreshed in the same moment."""
    card = lost.item("card")
    if lost.failed("card"):
        return AccountBlocked() if isinstance(card, AccessCard) and card.status == "BLOCKED" else SessionRevoked()
    return InvalidCredentials() if lost.failed("login") else Conflict()
