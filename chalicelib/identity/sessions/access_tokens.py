"""Making access tokens (AUTH-50); their verification is the platform's."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.identity.sessions.keys import signing_key
from chalicelib.platform import clock, settings
from chalicelib.platform.access.tokens import AUTH_AUDIENCE, AUTH_ISSUER, TOKEN_TYPE
from chalicelib.platform.ids import new_ulid

ACCESS_TTL_SECONDS = settings.integer("ACCESS_TTL_SECONDS", default=900, minimum=30, maximum=86_400)


def issue(user_id: str, user_type: str, session_id: str, token_version: int, amr: Sequence[str]) -> str:
    """A signed token that says who, in which session, and how they proved it; never what they may do."""
    import jwt

    key, now = signing_key(), clock.epoch()
    claims = {
        "iss": AUTH_ISSUER(),
        "aud": AUTH_AUDIENCE(),
        "sub": user_id,
        "sid": session_id,
        "tv": token_version,
        "ut": user_type,
        "amr": list(amr),
        "iat": now,
        "exp": now + ACCESS_TTL_SECONDS(),
        "jti": new_ulid(),
    }
    return jwt.encode(claims, key.key, algorithm=key.algorithm, headers={"kid": key.kid, "typ": TOKEN_TYPE})
