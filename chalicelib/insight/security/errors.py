"""What can be wrong with looking after security."""

from __future__ import annotations

from chalicelib.platform.errors import ApiError


class NotAStudent(ApiError):
    status = 409
    code = "NOT_A_STUDENT"
    message = "Only the account of a student can have this"


class TooManyBans(ApiError):
    """SHIELD-70."""

    status = 409
    code = "TOO_MANY_BANS"
    message = "This person has 50 bans that run; ban them from all notes with * instead"


class BanNotFound(ApiError):
    status = 404
    code = "BAN_NOT_FOUND"
    message = "There is no such ban"


class ViewSessionNotFound(ApiError):
    status = 404
    code = "VIEW_SESSION_NOT_FOUND"
    message = "There is no such view session"


class SignalNotFound(ApiError):
    status = 404
    code = "SIGNAL_NOT_FOUND"
    message = "There is no such signal"


class LeakCaseNotFound(ApiError):
    status = 404
    code = "LEAK_CASE_NOT_FOUND"
    message = "There is no such leak case"
