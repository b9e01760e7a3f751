"""Setting up a second factor: a secret is shown once, and counts from its first code on (AUTH-24)."""

from __future__ import annotations

from chalicelib.identity import factors
from chalicelib.identity.accounts import MethodDisabled, User
from chalicelib.identity.factors import NewFactor
from chalicelib.identity.mfa.errors import MfaEnrolled
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.catalogue import UserType
from chalicelib.platform.access.decisions import MFA_ADMIN
from chalicelib.platform.access.proof import require_recent
from chalicelib.platform.sites import ACADEMY_NAME


def set_up(caller: Caller, user: User) -> NewFactor:
    """A new factor that waits for its first code, in the place of another such. Two round trips.

    Raises ``ReauthRequired`` unless the session was proven within 10 minutes; ``MfaEnrolled``; ``MethodDisabled`` for
    staff where ``MFA_ADMIN`` is off, and for whoever is signed in by an external provider, which has its own.
    """
    require_recent(caller)
    if caller.at_provider is not None or (caller.user_type == UserType.ADMIN and MFA_ADMIN() == "off"):
        raise MethodDisabled
    new = factors.begin(caller.user_id, account=user.email, issuer=ACADEMY_NAME())
    if new is None:
        raise MfaEnrolled
    return new
