"""What can go wrong with signing in and staying so."""

from __future__ import annotations

from chalicelib.platform.errors import ApiError, SignedInElsewhere, Unauthenticated


class InvalidCredentials(Unauthenticated):
    code = "INVALID_CREDENTIALS"
    message = "E-mail or password is not right"


class RefreshInvalid(Unauthenticated):
    """``details``: ``{reason}`` where the session was ended, and it is known by what (AUTH-55)."""

    code = "REFRESH_INVALID"
    message = "The refresh token is not valid; sign in again"


class RefreshReused(Unauthenticated):
    code = "REFRESH_REUSED"
    message = "This refresh token was used before, so its session has been ended; sign in again"


class RefreshedElsewhere(RefreshInvalid):
    """As ``SignedInElsewhere``, for the refresh token of that session (AUTH-76)."""

    message = SignedInElsewhere.message


class SessionNotFound(ApiError):
    status = 404
    code = "SESSION_NOT_FOUND"
    message = "There is no such session"
