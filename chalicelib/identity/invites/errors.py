"""What can go wrong with invitations."""

from __future__ import annotations

from chalicelib.platform.errors import ApiError, Unauthenticated


class InviteInvalid(Unauthenticated):
    code = "INVITE_INVALID"
    message = "This invitation is not valid any more; ask for a new one"


class InviteNotFound(ApiError):
    status = 404
    code = "INVITE_NOT_FOUND"
    message = "There is no such invitation"


class InvitePending(ApiError):
    status = 409
    code = "INVITE_PENDING"
    message = "Somebody has invited this e-mail address already"


class InviteNotPending(ApiError):
    """``details``: ``{status}``, what the invitation is instead."""

    status = 409
    code = "INVITE_NOT_PENDING"
    message = "This invitation is not waiting for an answer any more"


class InviteResentTooOften(ApiError):
    status = 409
    code = "INVITE_RESENT_TOO_OFTEN"
    message = "This invitation was sent again as often as it can be; revoke it and make a new one"


class InviteStale(ApiError):
    status = 409
    code = "INVITE_STALE"
    message = "The roles of this invitation do not exist any more; ask for a new one"
