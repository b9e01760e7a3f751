"""What can be wrong with reading."""

from __future__ import annotations

from chalicelib.platform.errors import ApiError, Unauthenticated


class ViewTokenInvalid(Unauthenticated):
    """The same answer whatever is wrong with the token (SHIELD-42)."""

    code = "VIEW_TOKEN_INVALID"
    message = "The view session has ended or its token is not valid; open a new one"


class RangeRequired(ApiError):
    """``details``: ``{contentLength, maxRangeBytes}``."""

    status = 400
    code = "RANGE_REQUIRED"
    message = "The file is larger than one answer; ask for a range of it"


class RangeNotSatisfiable(ApiError):
    status = 416
    code = "RANGE_NOT_SATISFIABLE"
    message = "The file has no such range"
