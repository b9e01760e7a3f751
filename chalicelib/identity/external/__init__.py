"""People whom the external OIDC provider vouches for: which account is theirs (AUTH-61)."""

from chalicelib.identity.external.provisioning import IDENTITY_LINK, OIDC_PROVISION, welcome

__all__ = ["IDENTITY_LINK", "OIDC_PROVISION", "welcome"]
