"""Verification of access tokens (AUTH-50): our own JWTs, ES256 or EdDSA, against the published keys; those of an
external provider (AUTH-60) by ``external``. A token's issuer, as yet unverified, chooses exactly one verifier.

Signing is the identity domain's; whoever only verifies reads ``JWT_PUBLIC_KEYS`` (a JWK set, each key with its
``retireAt`` where one is set) and never sees a private key.
"""

from __future__ import annotations

import json
import threading
from datetime import datetime
from typing import Any, NamedTuple

from chalicelib.platform import clock, settings
from chalicelib.platform.access import providers
from chalicelib.platform.access.claims import LEEWAY_SECONDS, Claims, check_times
from chalicelib.platform.errors import TokenInvalid
from chalicelib.platform.secrets import secret

JWT_PUBLIC_KEYS = secret("JWT_PUBLIC_KEYS")
AUTH_ISSUER = settings.text("AUTH_ISSUER", default="pathshala-local")
AUTH_AUDIENCE = settings.text("AUTH_AUDIENCE", default="pathshala")

ALGORITHMS = ("ES256", "EdDSA")
TOKEN_TYPE = "at+jwt"  # noqa: S105  # a media type
REFETCH_SECONDS = 60
_MAX_TOKEN_CHARS = 4096
_MAX_EXTERNAL_CHARS = 8192

__all__ = ["LEEWAY_SECONDS", "Claims", "verify"]


class _PublicKey(NamedTuple):
    key: Any
    algorithm: str
    retire_at: datetime | None


_lock = threading.Lock()
_parsed: tuple[str, dict[str, _PublicKey]] | None = None


def _keys(document: str) -> dict[str, _PublicKey]:
    global _parsed
    from jwt import PyJWK

    with _lock:
        if _parsed is None or _parsed[0] != document:
            found = {}
            for jwk in json.loads(document)["keys"]:
                if jwk.get("alg") in ALGORITHMS:
                    retire_at = clock.parse_iso(jwk["retireAt"]) if jwk.get("retireAt") else None
                    found[str(jwk["kid"])] = _PublicKey(PyJWK(jwk).key, jwk["alg"], retire_at)
            _parsed = (document, found)
        return _parsed[1]


def _key(kid: str) -> _PublicKey:
    """The published key of that id; asks the store again for an unknown one, at most once a minute (AUTH-56)."""
    found = _keys(JWT_PUBLIC_KEYS()).get(kid)
    if found is None and JWT_PUBLIC_KEYS.age() >= REFETCH_SECONDS:
        found = _keys(JWT_PUBLIC_KEYS.fetch()).get(kid)
    if found is None:
        raise TokenInvalid
    return found


def verify(token: str) -> Claims:
    """Check algorithm, key, signature, issuer, audience, type and times.

    Raises ``TokenExpired`` for a token that is right but too old, ``TokenInvalid`` for anything else; of the external
    provider's, also ``Unavailable``.
    """
    if not providers.is_external():
        return _verify_own(token)
    from chalicelib.platform.access import external, provider_keys

    issuer = _claimed_issuer(token)
    if providers.is_local() and issuer == AUTH_ISSUER():
        return _verify_own(token)
    if issuer != AUTH_ISSUER() and issuer == provider_keys.OIDC_ISSUER():
        return external.verify(token)
    raise TokenInvalid


def _claimed_issuer(token: str) -> object:
    """Who the token says issued it, before anything about it is verified."""
    import jwt

    if len(token) > _MAX_EXTERNAL_CHARS:
        raise TokenInvalid
    try:
        return jwt.decode(token, options={"verify_signature": False}).get("iss")
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
        raise TokenInvalid from error


def _verify_own(token: str) -> Claims:
    import jwt

    if len(token) > _MAX_TOKEN_CHARS:
        raise TokenInvalid
    try:
        header = jwt.get_unverified_header(token)
        kid = header.get("kid")
        if header.get("typ") != TOKEN_TYPE or not isinstance(kid, str):
            raise TokenInvalid
        key = _key(kid)
        if header.get("alg") != key.algorithm:
            raise TokenInvalid
        claims = jwt.decode(
            token,
            key.key,
            algorithms=[key.algorithm],
            audience=AUTH_AUDIENCE(),
            issuer=AUTH_ISSUER(),
            options={
                "require": ["exp", "iat", "sub", "sid", "tv", "ut", "jti"],
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
        found = Claims(
            user_id=str(claims["sub"]),
            session_id=str(claims["sid"]),
            token_version=int(claims["tv"]),
            user_type=str(claims["ut"]),
            amr=tuple(str(method) for method in claims.get("amr", ())),
            issued_at=int(claims["iat"]),
            expires_at=int(claims["exp"]),
        )
    except TokenInvalid:
        raise
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise TokenInvalid from error
    # Before its key's end counts: a phone that slept through it must hear that it may refresh.
    check_times(found)
    if key.retire_at is not None and key.retire_at <= clock.now():
        raise TokenInvalid
    return found
