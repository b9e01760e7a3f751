"""Signing in and out: for everyone."""

from __future__ import annotations

from chalicelib.identity.accounts import (
    OWN_USER,
    EmailNotVerified,
    MethodDisabled,
    User,
    UserNotFound,
    require_local,
)
from chalicelib.identity.accounts.schemas import CentreMembership, Me, MfaState
from chalicelib.identity.external import welcome
from chalicelib.identity.factors import MfaCodeInvalid
from chalicelib.identity.sessions import InvalidCredentials, RefreshInvalid, RefreshReused, cookies, transport
from chalicelib.identity.sessions.refresh import refresh as refresh_session
from chalicelib.identity.sessions.schemas import (
    LoginRequest,
    RefreshRequest,
    SignInAnswer,
    TokensAnswer,
)
from chalicelib.identity.sessions.sign_in import Wish, sign_in
from chalicelib.identity.sessions.sign_out import sign_out, sign_out_by_refresh_token
from chalicelib.platform.access.card import plain
from chalicelib.platform.access.decisions import needs_mfa
from chalicelib.platform.errors import (
    AccountBlocked,
    Conflict,
    CsrfFailed,
    NotProvisioned,
    OriginRefused,
    TokenExpired,
    TokenInvalid,
    TokenMissing,
)
from chalicelib.platform.http import Actions, Answer, Caller, Grant, Limits, Request, api

HASHING_MEMORY = 512
"""MiB: room for four Argon2id hashes, and the share of a processor that comes with it."""


@api.post(
    "/v1/auth/login",
    public=True,
    limits=[Limits.AUTH, Limits.AUTH_ADDRESS, Limits.AUTH_FAILURES],
    limits_beside=True,
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.LOGIN_READ, Grant.SECRET_TOKENS_SIGN, Grant.SECRET_DATA],
    raises=[InvalidCredentials, MfaCodeInvalid, AccountBlocked, EmailNotVerified, MethodDisabled, Conflict],
    memory=HASHING_MEMORY,
    loads=["jwt", "argon2"],
    examples={"email": "asha@example.in", "password": "correct horse battery staple"},
)
def login(body: LoginRequest, request: Request) -> Answer[SignInAnswer]:
    """Sign in with e-mail and password.

    An unknown e-mail and a wrong password answer alike. Signing in on more devices than are allowed ends the oldest
    session. Where a second factor is set up, the answer is `mfaRequired` with an `mfaToken`, unless `mfaCode` came
    along. After ten failures within 15 minutes every attempt has to wait; `Retry-After` says how long.

    Use `autocomplete="username"` and `autocomplete="current-password"` on the fields.
    """
    require_local()
    device = transport.device_of(request, body.device_label)
    wish = Wish(body.email, body.password, body.mfa_code)
    return transport.handed_out(sign_in(wish, device, request.counting.settle))


@api.post(
    "/v1/auth/refresh",
    public=True,
    limits=[Limits.REFRESH],
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_SIGN],
    raises=[RefreshInvalid, RefreshReused, AccountBlocked, MethodDisabled, CsrfFailed, OriginRefused, Conflict],
    headers=["X-CSRF-Token"],
    loads=["jwt"],
    examples={"refreshToken": "prt1.AY…"},
)
def refresh(body: RefreshRequest | None, request: Request) -> Answer[TokensAnswer]:
    """Exchange a refresh token for new tokens; each can be used once.

    A phone that lost the answer may ask again within 10 seconds and gets the same refresh token. A token that is used
    again later has been stolen or copied: its session ends. Without a body the cookie `ps_refresh` is taken.
    """
    require_local()
    token = transport.refresh_token_of(request, body.refresh_token if body else None)
    return transport.tokens_handed_out(refresh_session(token, transport.device_of(request), request.received_at))


@api.post(
    "/v1/auth/logout",
    public=True,
    status=204,
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_VERIFY, Grant.SECRET_REFRESH],
    raises=[
        TokenMissing,
        TokenInvalid,
        TokenExpired,
        RefreshInvalid,
        AccountBlocked,
        MethodDisabled,
        NotProvisioned,
        CsrfFailed,
        OriginRefused,
        Conflict,
    ],
    headers=["X-CSRF-Token"],
    loads=["jwt"],
    examples={"refreshToken": "prt1.AY…"},
)
def logout(body: RefreshRequest | None, request: Request) -> Answer[None]:
    """End the session of the access token, and clear the cookies.

    With an access token that has expired, a refresh token of the session, in the body or as cookie, does. A session
    that has ended already stays so: 204 again.
    """
    require_local()
    claims, token = transport.claims_or_refresh_token(request, body.refresh_token if body else None)
    if claims is not None:
        sign_out(claims)
    else:
        sign_out_by_refresh_token(token or "")
    return Answer(None, cookies=cookies.clearing())


@api.get(
    "/v1/auth/me",
    action=Actions.PROFILE_READ,
    resource=OWN_USER,
    before_setup=True,
    newcomers=welcome,
    grants=[
        Grant.TABLE_READ,
        Grant.TABLE_WRITE,
        Grant.LOGIN_READ,
        Grant.SECRET_TOKENS_VERIFY,
        Grant.SECRET_PERSONAL,
    ],
    raises=[UserNotFound],
)
def who_am_i(user: User, caller: Caller) -> Me:
    """Who is signed in, with roles and permissions as they are at this moment.

    Whoever comes with a token of the external identity provider asks this first: it finds their account by its e-mail,
    or gives them one, as the academy is configured.
    """
    centres = plain(caller.card.centres)
    return Me(
        user_id=caller.user_id,
        type=caller.user_type,
        name=user.name,
        email=user.email,
        email_verified=user.email_verified_at is not None,
        status=str(caller.card.status),
        roles=list(caller.roles),
        permissions=sorted(caller.permissions),
        session_id=caller.session_id,
        amr=list(caller.amr),
        mfa=MfaState(enrolled=bool(caller.card.mfa_enrolled), required=needs_mfa(caller)),
        must_change_password=caller.must_change_password,
        centres=[
            CentreMembership(centre_id=centre, permissions=sorted(names)) for centre, names in sorted(centres.items())
        ],
    )
