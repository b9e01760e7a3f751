"""What can go wrong with setting up a second factor."""

from __future__ import annotations

from chalicelib.platform.errors import ApiError


class MfaEnrolled(ApiError):
    status = 409
    code = "MFA_ENROLLED"
    message = "A second factor is set up already; remove it first"
