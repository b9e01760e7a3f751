"""What can go wrong with roles."""

from __future__ import annotations

from chalicelib.platform.errors import ApiError


class RoleNotFound(ApiError):
    status = 404
    code = "ROLE_NOT_FOUND"
    message = "There is no such role"


class WouldEscalate(ApiError):
    """``details``: ``{permissions}``, the missing names."""

    status = 403
    code = "WOULD_ESCALATE"
    message = "You cannot give what you do not have"
