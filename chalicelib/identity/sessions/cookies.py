"""Cookies that carry tokens to browsers (AUTH-58)."""

from __future__ import annotations

from chalicelib.identity.sessions.opening import Tokens
from chalicelib.platform import clock
from chalicelib.platform.http.headers import AUTH_TOKEN_DELIVERY
from chalicelib.platform.http.sign_in import ACCESS_COOKIE, CSRF_COOKIE, csrf_token

REFRESH_COOKIE = "ps_refresh"
ACCESS_PATH = "/v1"
REFRESH_PATH = "/v1/auth"
CSRF_PATH = "/"


def _cookie(name: str, value: str, path: str, seconds: int, *, readable: bool = False) -> str:
    hidden = "" if readable else "; HttpOnly"
    return f"{name}={value}; Path={path}; Max-Age={seconds}{hidden}; Secure; SameSite=Lax"


def setting(tokens: Tokens) -> list[str]:
    """The ``Set-Cookie`` values of a sign-in or refresh; none where tokens travel in bodies only."""
    if AUTH_TOKEN_DELIVERY() == "body":
        return []
    lasting = max(0, int(tokens.refresh_expires_at.timestamp()) - clock.epoch())
    return [
        _cookie(ACCESS_COOKIE, tokens.access, ACCESS_PATH, tokens.expires_in),
        _cookie(REFRESH_COOKIE, tokens.refresh, REFRESH_PATH, lasting),
        _cookie(CSRF_COOKIE, csrf_token(tokens.session_id), CSRF_PATH, lasting, readable=True),
    ]


def clearing() -> list[str]:
    """The ``Set-Cookie`` values that remove them."""
    if AUTH_TOKEN_DELIVERY() == "body":
        return []
    return [
        _cookie(ACCESS_COOKIE, "", ACCESS_PATH, 0),
        _cookie(REFRESH_COOKIE, "", REFRESH_PATH, 0),
        _cookie(CSRF_COOKIE, "", CSRF_PATH, 0, readable=True),
    ]


def in_bodies() -> bool:
    """Whether refresh tokens are handed out in bodies."""
    return AUTH_TOKEN_DELIVERY() != "cookie"
