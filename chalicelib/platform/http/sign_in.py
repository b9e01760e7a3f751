"""Where the token of a request is, and the checks that cookies need (AUTH-58)."""

from __future__ import annotations

import base64
import hashlib
import hmac

from chalicelib.platform.access.claims import Claims
from chalicelib.platform.access.identities import Welcome, settled
from chalicelib.platform.access.tokens import verify
from chalicelib.platform.errors import CsrfFailed, OriginRefused, TokenInvalid, TokenMissing
from chalicelib.platform.http.headers import AUTH_TOKEN_DELIVERY, CORS_ORIGINS
from chalicelib.platform.http.request import Request
from chalicelib.platform.secrets import secret

ACCESS_COOKIE = "ps_access"
CSRF_COOKIE = "ps_csrf"
CSRF_KEY = secret("CSRF_KEY")


def csrf_token(session_id: str) -> str:
    """What ``X-CSRF-Token`` must be in a session: an HMAC of its id."""
    digest = hmac.new(CSRF_KEY().encode(), b"csrf:" + session_id.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def bearer(request: Request) -> tuple[str | None, bool]:
    """The access token and whether it came as a cookie; with both, the header counts."""
    header = request.headers.get("authorization")
    if header is not None:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise TokenInvalid
        return token.strip(), False
    if AUTH_TOKEN_DELIVERY() == "body":
        return None, False
    cookie = request.cookies.get(ACCESS_COOKIE)
    return cookie, cookie is not None


def check_cookie_request(request: Request, session_id: str) -> None:
    """A request signed in by cookie that changes something: listed origin, and the session's CSRF token."""
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return
    if request.headers.get("origin") not in CORS_ORIGINS():
        raise OriginRefused
    given = request.headers.get("x-csrf-token", "")
    if not hmac.compare_digest(given.encode(), csrf_token(session_id).encode()):
        raise CsrfFailed


def claims_of(request: Request, *, required: bool, welcome: Welcome | None = None) -> Claims | None:
    """The verified claims; None for an anonymous request where that is allowed.

    ``welcome`` gives somebody an account whom the external provider vouches for and nobody knows here.
    """
    token, by_cookie = bearer(request)
    if token is None:
        if required:
            raise TokenMissing
        return None
    claims = verify(token)
    if by_cookie:
        check_cookie_request(request, claims.session_id)
    return settled(claims, welcome)
