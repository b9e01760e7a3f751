"""Setting up, using and removing a second factor (AUTH-24 … AUTH-29, AUTH-62)."""

from chalicelib.identity.mfa.errors import MfaEnrolled

__all__ = ["MfaEnrolled"]
