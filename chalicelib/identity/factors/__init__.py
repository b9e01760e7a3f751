"""Second factors: what is known of somebody's authenticator, and the challenges that wait for its code."""

from chalicelib.identity.factors.challenges import (
    TOTP,
    PendingStep,
    begin_challenge,
    count_guess,
    find,
    is_live,
    redeem,
)
from chalicelib.identity.factors.enrolling import (
    NewFactor,
    begin,
    confirm,
    remove,
    remove_without_code,
    renew_recovery_codes,
)
from chalicelib.identity.factors.errors import MfaCodeInvalid
from chalicelib.identity.factors.items import MfaChallenge, MfaFactor
from chalicelib.identity.factors.proving import consume

__all__ = [
    "TOTP",
    "MfaChallenge",
    "MfaCodeInvalid",
    "MfaFactor",
    "NewFactor",
    "PendingStep",
    "begin",
    "begin_challenge",
    "confirm",
    "consume",
    "count_guess",
    "find",
    "is_live",
    "redeem",
    "remove",
    "remove_without_code",
    "renew_recovery_codes",
]
