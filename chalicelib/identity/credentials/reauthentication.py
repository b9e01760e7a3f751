"""Proving once more who one is, in the session one has (AUTH-35): sensitive changes ask for it (AUTH-59)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import cast

from pynamodb.expressions.condition import Condition

from chalicelib.identity.accounts import Login, MethodDisabled, User, is_right_password, require_local
from chalicelib.identity.credentials import codes, guarding
from chalicelib.identity.credentials.codes import Purpose
from chalicelib.identity.credentials.items import OtpCode
from chalicelib.identity.factors import MfaCodeInvalid
from chalicelib.identity.sessions import Device, InvalidCredentials, prove
from chalicelib.platform import clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.access.proof import require_recent
from chalicelib.platform.errors import AccountBlocked, SessionRevoked
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Transaction, TransactionLost


@frozen
class Proof:
    """One of: the password; a code for LOGIN by e-mail with its challenge; a code of the authenticator app."""

    password: str | None = None
    code: str | None = None
    challenge_id: str | None = None
    totp: str | None = None


def reauthenticate(user: User, proof: Proof, *, by: Caller, device: Device, counted: Callable[[], object]) -> None:
    """Mark the caller's session as proven now; its tokens stay. Two round trips.

    Whatever is wrong with the proof is one ``InvalidCredentials``. Raises ``MethodDisabled`` for sessions of an
    external provider, ``SessionRevoked`` for one that ended in the same moment, ``RateLimited``.
    """
    require_local()
    if by.at_provider is not None:
        raise MethodDisabled
    try:
        if proof.totp is not None:
            counted()
            prove(by.user_id, proof.totp, partial(_mark, by), recovery_too=False)
            return
        tx = Transaction()
        if proof.password is not None:
            _check_password(user, proof.password, by, device, counted)
        else:
            codes.consume(tx, _right_code(user, proof, by, device, counted))
        _mark(by, tx)
        tx.commit()
    except MfaCodeInvalid as wrong:
        raise guarding.failed(device, InvalidCredentials) from wrong
    except TransactionLost as lost:
        raise _lost(lost) from lost


def prove_or_recent(
    user: User, password: str | None, *, by: Caller, device: Device, counted: Callable[[], object]
) -> None:
    """That a sensitive request carries the right password, or comes from a session proven within 10 minutes (AUTH-59).

    One round trip with a password. Raises ``InvalidCredentials``, ``ReauthRequired``, ``MethodDisabled``,
    ``RateLimited``.
    """
    if password is None:
        counted()
        require_recent(by)
        return
    require_local()
    if by.at_provider is not None:
        raise MethodDisabled
    _check_password(user, password, by, device, counted)


def _check_password(user: User, password: str, by: Caller, device: Device, counted: Callable[[], object]) -> None:
    login = guarding.beside_counters(
        lambda: store.get(Login, Login.place(str(user.email))),
        subject=f"own:{by.user_id}",
        device=device,
        counted=counted,
    )
    own_hash = login.password_hash if login is not None and login.user_id == by.user_id else None
    if not is_right_password(password, own_hash):
        raise guarding.failed(device, InvalidCredentials)


def _right_code(user: User, proof: Proof, by: Caller, device: Device, counted: Callable[[], object]) -> OtpCode:
    email = str(user.email)
    item = guarding.beside_counters(
        lambda: codes.guess(email, Purpose.LOGIN, str(proof.challenge_id), str(proof.code)),
        subject=f"own:{by.user_id}",
        device=device,
        counted=counted,
    )
    if item is None or item.user_id != by.user_id:
        raise guarding.failed(device, InvalidCredentials)
    return item


def _mark(by: Caller, tx: Transaction) -> None:
    alive = (
        (AccessCard.status == "ACTIVE")
        & (AccessCard.token_version == by.card.token_version)
        & AccessCard.sessions[by.session_id].exists()
    )
    actions = [AccessCard.sessions[by.session_id]["authAt"].set(clock.epoch()), AccessCard.version.add(1)]
    tx.update(AccessCard, by.card.itself, actions, when=cast(Condition, alive), name="card")


def _lost(lost: TransactionLost) -> Exception:
    if not lost.failed("card"):
        return InvalidCredentials()
    card = lost.item("card")
    return AccountBlocked() if isinstance(card, AccessCard) and card.status == "BLOCKED" else SessionRevoked()
