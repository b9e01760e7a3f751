"""Whether people sign in here at all (AUTH-60)."""

from __future__ import annotations

from chalicelib.identity.accounts.errors import MethodDisabled
from chalicelib.platform.access import providers


def require_local() -> None:
    """403 ``METHOD_DISABLED`` where an external provider alone signs people in."""
    if not providers.is_local():
        raise MethodDisabled
