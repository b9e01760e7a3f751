"""Sessions: signing up, in and out, and the tokens that prove it."""

from chalicelib.identity.sessions import attempts
from chalicelib.identity.sessions.attempts import count_attempt, count_failure, failures_left
from chalicelib.identity.sessions.beginning import Begun, Known, SecondStep, begin, keys_of, known
from chalicelib.identity.sessions.device import Device
from chalicelib.identity.sessions.ending import all_ended, end_others
from chalicelib.identity.sessions.errors import InvalidCredentials, RefreshInvalid, RefreshReused, SessionNotFound
from chalicelib.identity.sessions.guessing import prove
from chalicelib.identity.sessions.items import Session
from chalicelib.identity.sessions.opening import Tokens, new_session, tokens_of
from chalicelib.identity.sessions.schemas import DeviceLabel, RegisterRequest, SecondStepAnswer, TokensAnswer
from chalicelib.identity.sessions.sign_in import NOBODY
from chalicelib.identity.sessions.sign_up import AUTH_REGISTRATION, sign_up

__all__ = [
    "AUTH_REGISTRATION",
    "NOBODY",
    "Begun",
    "Device",
    "DeviceLabel",
    "InvalidCredentials",
    "Known",
    "RefreshInvalid",
    "RefreshReused",
    "RegisterRequest",
    "SecondStep",
    "SecondStepAnswer",
    "Session",
    "SessionNotFound",
    "Tokens",
    "TokensAnswer",
    "all_ended",
    "attempts",
    "begin",
    "count_attempt",
    "count_failure",
    "end_others",
    "failures_left",
    "keys_of",
    "known",
    "new_session",
    "prove",
    "sign_up",
    "tokens_of",
]
