"""What can go wrong with signing in and staying so."""

from __future__ import annotations

from chalicelib.platform.errors import Unauthenticated


class InvalidCredentials(Unauthenticated):
    code = "INVALID_CREDENTIALS"
    message = "E-mail or password is not right"


class RefreshInvalid(Unauthenticated):
    """``details``: ``{reason}`` where the session was ended by more sign-ins than are allowed (LIMIT)."""

    code = "REFRESH_INVALID"
    message = "The refresh token is not valid; sign in again"


class RefreshReused(Unauthenticated):
    code = "REFRESH_REUSED"
    message = "This refresh token was used before, so its session has been ended; sign in again"
