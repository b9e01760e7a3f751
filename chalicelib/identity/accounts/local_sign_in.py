"""Whether people sign in here at all (AUTH-60), and before their address is verified (AUTH-01)."""

from __future__ import annotations

from chalicelib.identity.accounts.errors import EmailNotVerified, MethodDisabled
from chalicelib.identity.accounts.items import User
from chalicelib.platform import settings
from chalicelib.platform.access import providers

REQUIRE_VERIFIED_EMAIL = settings.boolean("REQUIRE_VERIFIED_EMAIL", default=False)


def require_local() -> None:
    """403 ``METHOD_DISABLED`` where an external provider alone signs people in."""
    if not providers.is_local():
        raise MethodDisabled


def require_verified(user: User) -> None:
    """403 ``EMAIL_NOT_VERIFIED`` where tokens wait for the proof of the address, and this one was not proven yet."""
    if REQUIRE_VERIFIED_EMAIL() and user.email_verified_at is None:
        raise EmailNotVerified
