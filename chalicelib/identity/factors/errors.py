"""What can go wrong with second factors."""

from __future__ import annotations

from chalicelib.platform.errors import Unauthenticated


class MfaCodeInvalid(Unauthenticated):
    code = "MFA_CODE_INVALID"
    message = "This code is not right, was used before, or came too late"
