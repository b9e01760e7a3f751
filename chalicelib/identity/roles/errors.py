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


class TargetOutranks(ApiError):
    """``details``: ``{permissions}``, what they have and the caller has not (ACC-53)."""

    status = 403
    code = "TARGET_OUTRANKS"
    message = "This person has permissions that you do not have"


class LastSuperAdmin(ApiError):
    status = 409
    code = "LAST_SUPER_ADMIN"
    message = "The academy must keep at least one active super-admin"


class NotOnYourself(ApiError):
    status = 409
    code = "SELF"
    message = "You cannot do this to your own account"


class RoleExists(ApiError):
    status = 409
    code = "ROLE_EXISTS"
    message = "There is a role of this key already"


class RoleFixed(ApiError):
    status = 409
    code = "ROLE_FIXED"
    message = "This role is part of the system and stays as it is"


class RoleInUse(ApiError):
    status = 409
    code = "ROLE_IN_USE"
    message = "Somebody holds this role"


class TooManyRoles(ApiError):
    status = 409
    code = "TOO_MANY_ROLES"
    message = "The academy has as many roles as it can have"
