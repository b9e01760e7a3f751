"""Proving with a second factor: a code is checked, and used up in the transaction of what it is for (AUTH-62)."""

from __future__ import annotations

import re
from typing import cast

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.identity.factors import recovery, totp
from chalicelib.identity.factors.errors import MfaCodeInvalid
from chalicelib.identity.factors.items import MfaFactor
from chalicelib.platform import clock, sealing
from chalicelib.platform.store import Transaction

METHODS = ("totp", "recovery")
"""What the second step can be answered with: the app's code, or a recovery code."""
_TOTP_CODE = re.compile(rf"[0-9]{{{totp.DIGITS}}}")


def consume(tx: Transaction, factor: MfaFactor | None, code: str, *, recovery_too: bool = True) -> bool:
    """Check a code of a confirmed factor, and add that it is used up; answers whether it was a recovery code.

    Raises ``MfaCodeInvalid`` for a code that is wrong or was used; whoever calls counts the guess. When the action
    ``factor`` loses, the code was used at the same moment, or the factor is gone: that too is ``MfaCodeInvalid``.
    """
    own, by_app = confirmed(factor), _TOTP_CODE.fullmatch(code) is not None
    if by_app:
        used: Action = MfaFactor.last_step.set(checked_step(own, code))
    elif recovery_too:
        used = MfaFactor.recovery.delete({checked_recovery_code(own, code)})
    else:
        raise MfaCodeInvalid
    tx.update(MfaFactor, own.itself, [used, MfaFactor.version.add(1)], when=unused(own, code), name="factor")
    return not by_app


def confirmed(factor: MfaFactor | None) -> MfaFactor:
    """The factor, if it counts. Raises ``MfaCodeInvalid``."""
    if factor is None or not factor.is_confirmed:
        raise MfaCodeInvalid
    return factor


def checked_step(factor: MfaFactor, code: str) -> int:
    """The step of a right and unused code of the app, confirmed or not. Raises ``MfaCodeInvalid``."""
    step = totp.step_of(sealing.unseal(factor.secret, about=factor.user_id), code, clock.epoch())
    if step is None or step <= int(factor.last_step):
        raise MfaCodeInvalid
    return step


def checked_recovery_code(factor: MfaFactor, code: str) -> str:
    """The hash of a recovery code that is left. Raises ``MfaCodeInvalid``."""
    hashed = recovery.hash_of(factor.user_id, code.upper())
    if hashed not in (factor.recovery or ()):
        raise MfaCodeInvalid
    return hashed


def unused(factor: MfaFactor, code: str) -> Condition:
    """That a right code of a confirmed factor is still unused, for whoever changes the factor with it."""
    if _TOTP_CODE.fullmatch(code):
        return _unused_step(factor, checked_step(factor, code))
    return cast(Condition, MfaFactor.recovery.contains(checked_recovery_code(factor, code)))


def _unused_step(factor: MfaFactor, step: int) -> Condition:
    return cast(Condition, (MfaFactor.last_step < step) & (MfaFactor.secret == factor.secret))
