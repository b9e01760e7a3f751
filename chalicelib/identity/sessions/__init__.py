"""Sessions: signing up, in and out, and the tokens that prove it."""

from chalicelib.identity.sessions.device import Device
from chalicelib.identity.sessions.ending import all_ended
from chalicelib.identity.sessions.errors import InvalidCredentials, RefreshInvalid, RefreshReused
from chalicelib.identity.sessions.items import Session
from chalicelib.identity.sessions.opening import Tokens

__all__ = ["Device", "InvalidCredentials", "RefreshInvalid", "RefreshReused", "Session", "Tokens", "all_ended"]
