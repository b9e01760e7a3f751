"""How people can sign in here (AUTH-22)."""

from __future__ import annotations

from chalicelib.identity.accounts import MAX_LENGTH, MINIMUM_LENGTH
from chalicelib.identity.credentials.codes import AUTH_OTP_LOGIN
from chalicelib.identity.credentials.schemas import ExternalProvider, PasswordRules, Providers
from chalicelib.identity.sessions import AUTH_REGISTRATION
from chalicelib.platform import settings
from chalicelib.platform.access import providers
from chalicelib.platform.access.catalogue import UserType
from chalicelib.platform.access.provider_keys import OIDC_ISSUER

OIDC_AUTHORIZE_URL = settings.text("OIDC_AUTHORIZE_URL")
"""Where front ends send people to sign in at the external provider; empty: they find it by discovery."""


def ways_in() -> Providers:
    """What the configuration offers. Reads nothing."""
    local = providers.is_local()
    external = None
    if providers.is_external():
        external = ExternalProvider(issuer=OIDC_ISSUER(), authorize_url=OIDC_AUTHORIZE_URL() or None)
    return Providers(
        password=local,
        otp=local and AUTH_OTP_LOGIN(),
        google=None,
        external=external,
        registration=local and AUTH_REGISTRATION() == "open",
        password_rules=PasswordRules(
            min_length=MINIMUM_LENGTH[UserType.STUDENT],
            min_length_staff=MINIMUM_LENGTH[UserType.ADMIN],
            max_length=MAX_LENGTH,
        ),
    )
