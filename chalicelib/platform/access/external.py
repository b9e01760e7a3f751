"""Tokens of the external OIDC provider (AUTH-60): verified here, whoever they are about found by ``identities``."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from chalicelib.platform import clock, settings
from chalicelib.platform.access import provider_keys
from chalicelib.platform.access.claims import LEEWAY_SECONDS, Claims, ExternalFacts, check_times
from chalicelib.platform.access.provider_keys import OIDC_ISSUER
from chalicelib.platform.errors import TokenInvalid

OIDC_AUDIENCE = settings.text("OIDC_AUDIENCE")
OIDC_CLAIM_EMAIL = settings.text("OIDC_CLAIM_EMAIL", default="email")
OIDC_CLAIM_EMAIL_VERIFIED = settings.text("OIDC_CLAIM_EMAIL_VERIFIED", default="email_verified")
OIDC_CLAIM_NAME = settings.text("OIDC_CLAIM_NAME", default="name")
OIDC_CLAIM_TYPE = settings.text("OIDC_CLAIM_TYPE")
"""The claim that holds our user type; empty: none does."""

TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
METHOD = "oidc"
MAX_SUBJECT = 255


def verify(token: str) -> Claims:
    """Check key, algorithm, signature, issuer, audience and times. ``user_id`` of the answer is still empty.

    Raises ``TokenExpired`` for a token that is right but too old, ``Unavailable`` when its key is not known and the
    provider does not answer, ``TokenInvalid`` for anything else.
    """
    import jwt

    try:
        header = jwt.get_unverified_header(token)
        kid, kind = header.get("kid"), header.get("typ", "JWT")
        if not isinstance(kid, str) or str(kind).lower() not in TYPES or "crit" in header:
            raise TokenInvalid
        key = provider_keys.key_of(kid)
        if header.get("alg") != key.algorithm:
            raise TokenInvalid
        claims = jwt.decode(
            token,
            key.key,
            algorithms=[key.algorithm],
            issuer=OIDC_ISSUER(),
            options={
                "require": ["exp", "iat", "sub"],
                "verify_aud": False,
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
        found = _read(claims)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise TokenInvalid from error
    check_times(found)
    return found


def _read(claims: Mapping[str, Any]) -> Claims:
    subject, not_before = claims["sub"], claims.get("nbf")
    is_subject = isinstance(subject, str) and 0 < len(subject) <= MAX_SUBJECT and subject.isascii()
    if not is_subject or not _is_for_us(claims):
        raise TokenInvalid
    if not_before is not None and int(not_before) > clock.epoch() + LEEWAY_SECONDS:
        raise TokenInvalid
    issued_at = int(claims["iat"])
    methods = claims.get("amr")
    return Claims(
        user_id="",
        session_id=_session_id(claims),
        token_version=0,
        user_type="",
        amr=(METHOD,),
        issued_at=issued_at,
        expires_at=int(claims["exp"]),
        external=ExternalFacts(
            issuer=OIDC_ISSUER(),
            subject=subject,
            email=_text(claims, OIDC_CLAIM_EMAIL()),
            email_verified=claims.get(OIDC_CLAIM_EMAIL_VERIFIED()) in (True, "true"),
            name=_text(claims, OIDC_CLAIM_NAME()),
            user_type=_text(claims, OIDC_CLAIM_TYPE()) if OIDC_CLAIM_TYPE() else None,
            # When the provider last saw a proof; that it issued a token is none. Never later than the token itself.
            proven_at=min(int(claims.get("auth_time") or 0), issued_at),
            mfa=isinstance(methods, list) and "mfa" in methods,
        ),
    )


def _is_for_us(claims: Mapping[str, Any]) -> bool:
    """Whether ``OIDC_AUDIENCE`` is meant; Cognito's access tokens have no ``aud`` and say it in ``client_id``."""
    audience = claims.get("aud", claims.get("client_id"))
    named = audience if isinstance(audience, list) else [audience]
    return OIDC_AUDIENCE() != "" and OIDC_AUDIENCE() in named


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    value = claims.get(name)
    return value if isinstance(value, str) and value.strip() else None


def _session_id(claims: Mapping[str, Any]) -> str:
    """Stable for a session at the provider, where it names one (``sid``); else for the person."""
    named = _text(claims, "sid")
    about = f"sid\0{named}" if named is not None else f"sub\0{claims['sub']}"
    return "ext-" + hashlib.sha256(f"{claims['iss']}\0{about}".encode()).hexdigest()[:32]
