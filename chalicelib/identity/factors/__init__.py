"""Second factors: what is known of somebody's authenticator, and the challenges that wait for its code."""

from chalicelib.identity.factors.challenges import TOTP, PendingStep, begin_challenge, count_guess, is_live, redeem
from chalicelib.identity.factors.errors import MfaCodeInvalid
from chalicelib.identity.factors.items import MfaChallenge, MfaFactor
from chalicelib.identity.factors.proving import METHODS, consume
from chalicelib.identity.factors.recovery import RECOVERY_CODES, new_recovery_codes

__all__ = [
    "METHODS",
    "RECOVERY_CODES",
    "TOTP",
    "MfaChallenge",
    "MfaCodeInvalid",
    "MfaFactor",
    "PendingStep",
    "begin_challenge",
    "consume",
    "count_guess",
    "is_live",
    "new_recovery_codes",
    "redeem",
]
