"""Where a request carries what signing in, refreshing and signing out need."""

from __future__ import annotations

from chalicelib.identity.sessions import cookies, refresh_tokens
from chalicelib.identity.sessions.beginning import Begun, SecondStep
from chalicelib.identity.sessions.cookies import REFRESH_COOKIE
from chalicelib.identity.sessions.device import Device
from chalicelib.identity.sessions.errors import RefreshInvalid
from chalicelib.identity.sessions.opening import Tokens
from chalicelib.identity.sessions.schemas import SignInAnswer, TokensAnswer, answer_of, sign_in_answer_of
from chalicelib.platform.access.tokens import Claims
from chalicelib.platform.errors import TokenExpired
from chalicelib.platform.http.answers import Answer
from chalicelib.platform.http.headers import AUTH_TOKEN_DELIVERY
from chalicelib.platform.http.request import Request
from chalicelib.platform.http.sign_in import check_cookie_request, claims_of


def device_of(request: Request, label: str | None = None) -> Device:
    """The device of a request."""
    return Device(request.source_ip, request.network, request.user_agent, request.device_hash, label)


def handed_out(begun: Begun) -> Answer[SignInAnswer]:
    """The answer of a sign-in: tokens with their cookies, or what the second step needs."""
    given = [] if isinstance(begun, SecondStep) else cookies.setting(begun)
    return Answer(sign_in_answer_of(begun), cookies=given)


def tokens_handed_out(tokens: Tokens) -> Answer[TokensAnswer]:
    """The answer of what always ends in tokens: registering, refreshing, a changed password."""
    return Answer(answer_of(tokens), cookies=cookies.setting(tokens))


def refresh_token_of(request: Request, in_body: str | None) -> str | None:
    """The refresh token: the body's counts, else the cookie's, with the checks that cookies need (AUTH-58).

    Raises ``RefreshInvalid`` for a cookie that holds none, ``OriginRefused``, ``CsrfFailed``.
    """
    if in_body is not None:
        return in_body
    cookie = None if AUTH_TOKEN_DELIVERY() == "body" else request.cookies.get(REFRESH_COOKIE)
    if not cookie:
        return None
    token = refresh_tokens.parse(cookie)
    if token is None:
        raise RefreshInvalid
    check_cookie_request(request, token.session_id)
    return cookie


def claims_or_refresh_token(request: Request, in_body: str | None) -> tuple[Claims | None, str | None]:
    """Whom to sign out: the access token's claims, or a refresh token where the access token is missing or expired.

    Raises what ``claims_of`` and ``refresh_token_of`` raise; ``TokenMissing`` when there is neither.
    """
    try:
        claims = claims_of(request, required=False)
        if claims is not None:
            return claims, None
    except TokenExpired:
        token = refresh_token_of(request, in_body)
        if token is None:
            raise
        return None, token
    token = refresh_token_of(request, in_body)
    return (claims_of(request, required=True), None) if token is None else (None, token)
