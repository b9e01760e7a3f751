"""Sessions: signing up, in and out, and the tokens that prove it."""

from chalicelib.identity.sessions.attempts import count_attempt, count_failure, failures_left
from chalicelib.identity.sessions.beginning import Begun, Known, SecondStep, begin, keys_of, known
from chalicelib.identity.sessions.cards import card_of, others_ended, unchanged
from chalicelib.identity.sessions.device import Device
from chalicelib.identity.sessions.ending import all_ended, end_others
from chalicelib.identity.sessions.errors import InvalidCredentials, RefreshInvalid, RefreshReused, SessionNotFound
from chalicelib.identity.sessions.guessing import add_code, counted_read, factor_keys, factor_of, one_guess, prove
from chalicelib.identity.sessions.items import Session
from chalicelib.identity.sessions.listing import live_sessions
from chalicelib.identity.sessions.notices import FactorChange, add_factor_changed
from chalicelib.identity.sessions.opening import Tokens, new_session, tokens_of
from chalicelib.identity.sessions.registering import AUTH_REGISTRATION, sign_up
from chalicelib.identity.sessions.revoking import ADMIN, USER
from chalicelib.identity.sessions.schemas import (
    DeviceLabel,
    RegisterRequest,
    SecondFactorCode,
    SecondStepAnswer,
    TokensAnswer,
)
from chalicelib.identity.sessions.sign_in import NOBODY

__all__ = [
    "ADMIN",
    "AUTH_REGISTRATION",
    "NOBODY",
    "USER",
    "Begun",
    "Device",
    "DeviceLabel",
    "FactorChange",
    "InvalidCredentials",
    "Known",
    "RefreshInvalid",
    "RefreshReused",
    "RegisterRequest",
    "SecondFactorCode",
    "SecondStep",
    "SecondStepAnswer",
    "Session",
    "SessionNotFound",
    "Tokens",
    "TokensAnswer",
    "add_code",
    "add_factor_changed",
    "all_ended",
    "begin",
    "card_of",
    "count_attempt",
    "count_failure",
    "counted_read",
    "end_others",
    "factor_keys",
    "factor_of",
    "failures_left",
    "keys_of",
    "known",
    "live_sessions",
    "new_session",
    "one_guess",
    "others_ended",
    "prove",
    "sign_up",
    "tokens_of",
    "unchanged",
]
