"""Proving with a second factor: a code is checked, and used up in the transaction of what it is for (AUTH-62)."""

from __future__ import annotations

import re

from chalicelib.identity.factors import recovery, totp
from chalicelib.identity.factors.errors import MfaCodeInvalid
from chalicelib.identity.factors.items import MfaFactor
from chalicelib.platform import clock, sealing
from chalicelib.platform.store import Transaction

METHODS = ("totp", "recovery")
"""What the second step can be answered with: the app's code, or a recovery code."""
_TOTP_CODE = re.compile(rf"[0-9]{{{totp.DIGITS}}}")


def consume(tx: Transaction, factor: MfaFactor | None, code: str, *, recovery_too: bool = True) -> None:
    """Check a code of a confirmed factor, and add to the transaction that it is used up.

    Raises ``MfaCodeInvalid`` for a code that is wrong or was used; whoever calls counts the guess. When the action
    ``factor`` loses, the code was used at the same moment, or the factor is gone: that too is ``MfaCodeInvalid``.
    """
    if factor is None or factor.confirmed_at is None:
        raise MfaCodeInvalid
    if _TOTP_CODE.fullmatch(code):
        _use_step(tx, factor, code)
    elif recovery_too:
        _use_recovery_code(tx, factor, code)
    else:
        raise MfaCodeInvalid


def checked_step(factor: MfaFactor, code: str) -> int:
    """The step of a right and unused code of the app, confirmed or not. Raises ``MfaCodeInvalid``."""
    step = totp.step_of(sealing.unseal(factor.secret, about=factor.user_id), code, clock.epoch())
    if step is None or step <= int(factor.last_step):
        raise MfaCodeInvalid
    return step


def _use_step(tx: Transaction, factor: MfaFactor, code: str) -> None:
    step = checked_step(factor, code)
    actions = [MfaFactor.last_step.set(step), MfaFactor.version.add(1)]
    unused = (MfaFactor.last_step < step) & (MfaFactor.secret == factor.secret)
    tx.update(MfaFactor, factor.itself, actions, when=unused, name="factor")


def _use_recovery_code(tx: Transaction, factor: MfaFactor, code: str) -> None:
    own = recovery.hash_of(factor.user_id, code.upper())
    if own not in (factor.recovery or ()):
        raise MfaCodeInvalid
    actions = [MfaFactor.recovery.delete({own}), MfaFactor.version.add(1)]
    tx.update(MfaFactor, factor.itself, actions, when=MfaFactor.recovery.contains(own), name="factor")
