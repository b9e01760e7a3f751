"""What can be wrong with reading."""

from __future__ import annotations

from chalicelib.platform.errors import ApiError, Unauthenticated


class ViewTokenInvalid(Unauthenticated):
    """The same answer whatever is wrong with the token (SHIELD-42)."""

    code = "VIEW_TOKEN_INVALID"
    message = "The view session has ended or its token is not valid; open a new one"


class PagesNotReady(ApiError):
    status = 409
    code = "PAGES_NOT_READY"
    message = "There are no single pages of this note; read it by ranges"


class PagesOnly(ApiError):
    status = 409
    code = "PAGES_ONLY"
    message = "This note is read by single pages"


class NoPreview(ApiError):
    status = 404
    code = "NO_PREVIEW"
    message = "The note has no preview"


class NoticeNotAccepted(ApiError):
    """``details``: ``{version, text}`` of the notice; opening with that version as ``acceptNotice`` agrees to it."""

    status = 403
    code = "NOTICE_NOT_ACCEPTED"
    message = "Agree to the notice before reading"
