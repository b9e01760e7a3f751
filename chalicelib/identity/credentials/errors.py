"""What can go wrong with codes, links and what they prove."""

from __future__ import annotations

from chalicelib.platform.errors import RateLimited, Unauthenticated


class OtpInvalid(Unauthenticated):
    code = "OTP_INVALID"
    message = "This code is not valid, or not any more; ask for a new one"


class ResetTokenInvalid(Unauthenticated):
    code = "RESET_TOKEN_INVALID"
    message = "This link is not valid, or not any more; ask for a new one"


class OtpTooSoon(RateLimited):
    """``Retry-After``: whole seconds until the next may be asked for."""

    code = "OTP_TOO_SOON"
    message = "A message was sent to this address a moment ago; wait before asking for another"
