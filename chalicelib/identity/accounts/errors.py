"""What can go wrong with accounts."""

from __future__ import annotations

from chalicelib.platform.errors import ApiError, problem


class RegistrationClosed(ApiError):
    status = 403
    code = "REGISTRATION_CLOSED"
    message = "New accounts cannot be registered at the moment"


class EmailNotVerified(ApiError):
    status = 403
    code = "EMAIL_NOT_VERIFIED"
    message = "Verify your e-mail address first, with the code that was sent to it"


class MethodDisabled(ApiError):
    status = 403
    code = "METHOD_DISABLED"
    message = "This way of signing in is not offered here"


class UserNotFound(ApiError):
    status = 404
    code = "USER_NOT_FOUND"
    message = "There is no such user"


class EmailTaken(ApiError):
    status = 409
    code = "EMAIL_TAKEN"
    message = "There is an account with this e-mail address already"


class PasswordTooWeak(ApiError):
    """``details``: one problem whose ``issue`` is the reason: LENGTH, COMMON, PERSONAL, REPEATED, RUN."""

    status = 422
    code = "PASSWORD_TOO_WEAK"
    message = "This password is too easy to guess"

    @classmethod
    def because(cls, issue: str, message: str, field: str) -> PasswordTooWeak:
        """The error for one reason."""
        return cls([problem(field, issue, message)])
