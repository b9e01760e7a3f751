"""Passwords: set anew by a link, changed, and asked for once more."""

from __future__ import annotations

from chalicelib.identity.accounts import OWN_USER, MethodDisabled, PasswordTooWeak, User, UserNotFound
from chalicelib.identity.credentials import OtpTooSoon, ResetTokenInvalid
from chalicelib.identity.credentials import reauthentication as again
from chalicelib.identity.credentials.changing import change_password as change_own
from chalicelib.identity.credentials.resetting import request_link
from chalicelib.identity.credentials.resetting import reset_password as set_by_token
from chalicelib.identity.credentials.schemas import (
    Accepted,
    PasswordChange,
    PasswordReset,
    Reauthentication,
    ResetLinkRequest,
)
from chalicelib.identity.sessions import InvalidCredentials, transport
from chalicelib.identity.sessions.schemas import TokensAnswer
from chalicelib.platform.errors import Conflict, MfaRequired, ReauthRequired
from chalicelib.platform.http import Actions, Answer, Caller, Grant, Limits, Request, api

HASHING_MEMORY = 512
"""MiB: room for four Argon2id hashes, and the share of a processor that comes with it."""
_PROVING = [Limits.AUTH, Limits.AUTH_ADDRESS, Limits.AUTH_FAILURES]


@api.post(
    "/v1/auth/request-password-reset",
    public=True,
    status=202,
    tag="auth",
    limits=[Limits.OTP_ADDRESS, Limits.OTP_HOUR],
    limits_beside=True,
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.LOGIN_READ, Grant.SECRET_OTP, Grant.SECRET_DATA],
    raises=[MethodDisabled, OtpTooSoon],
    loads=["cryptography.hazmat.primitives.ciphers.aead"],
    examples={"email": "asha@example.in"},
)
def request_password_reset(body: ResetLinkRequest, request: Request) -> Accepted:
    """Have a link sent to an e-mail address that sets a new password.

    The answer is the same whether there is an account or not. A newer link makes older ones void. Use
    `autocomplete="username"` on the field.
    """
    request_link(body.email, request.counting.settle)
    return Accepted()


@api.post(
    "/v1/auth/reset-password",
    public=True,
    status=204,
    tag="auth",
    limits=_PROVING,
    limits_beside=True,
    grants=[
        Grant.TABLE_READ,
        Grant.TABLE_WRITE,
        Grant.LOGIN_READ,
        Grant.SECRET_OTP,
        Grant.SECRET_DATA,
        Grant.SECRET_REFRESH,
    ],
    raises=[MethodDisabled, ResetTokenInvalid, PasswordTooWeak],
    memory=HASHING_MEMORY,
    loads=["argon2"],
    examples={"token": "Zk3v9Qm2Lr8Xw5Tb7Yc1Nd4Hf6Js0GaPe2Uo8Iw1Kq0", "newPassword": "correct horse battery staple"},
)
def reset_password(body: PasswordReset, request: Request) -> None:
    """Set a new password by the token of a link or code, once. All sessions end; it signs nobody in.

    A password that is too easy to guess leaves the token usable. Use `autocomplete="new-password"` on the field, and
    let people paste.
    """
    set_by_token(body.token, body.new_password, transport.device_of(request), request.counting.settle)


@api.post(
    "/v1/auth/change-password",
    action=Actions.CREDENTIALS_MANAGE,
    resource=OWN_USER,
    before_setup=True,
    tag="auth",
    limits=_PROVING,
    limits_beside=True,
    grants=[
        Grant.TABLE_READ,
        Grant.TABLE_WRITE,
        Grant.LOGIN_READ,
        Grant.SECRET_TOKENS_VERIFY,
        Grant.SECRET_TOKENS_SIGN,
        Grant.SECRET_DATA,
    ],
    raises=[MethodDisabled, InvalidCredentials, ReauthRequired, PasswordTooWeak, MfaRequired, UserNotFound, Conflict],
    memory=HASHING_MEMORY,
    loads=["argon2"],
    examples={"currentPassword": "correct horse battery staple", "newPassword": "seven lilacs over Jaipur"},
)
def change_password(body: PasswordChange, user: User, caller: Caller, request: Request) -> Answer[TokensAnswer]:
    """Change one's own password. Other sessions end; this one goes on with the tokens of the answer.

    Whoever must change the password can do this and little else. Use `autocomplete="current-password"` and
    `autocomplete="new-password"` on the fields, and let people paste.
    """
    tokens = change_own(
        user,
        body.current_password,
        body.new_password,
        by=caller,
        device=transport.device_of(request),
        counted=request.counting.settle,
    )
    return transport.tokens_handed_out(tokens)


@api.post(
    "/v1/auth/reauthenticate",
    action=Actions.CREDENTIALS_MANAGE,
    resource=OWN_USER,
    status=204,
    tag="auth",
    limits=_PROVING,
    limits_beside=True,
    grants=[
        Grant.TABLE_READ,
        Grant.TABLE_WRITE,
        Grant.LOGIN_READ,
        Grant.SECRET_TOKENS_VERIFY,
        Grant.SECRET_REFRESH,
        Grant.SECRET_OTP,
        Grant.SECRET_DATA,
    ],
    raises=[MethodDisabled, InvalidCredentials, UserNotFound],
    memory=HASHING_MEMORY,
    loads=["argon2"],
    examples={"password": "correct horse battery staple"},
)
def reauthenticate(body: Reauthentication, user: User, caller: Caller, request: Request) -> None:
    """Prove once more who one is, in the session one has: by password, a code for LOGIN, or the authenticator app.

    What answered `REAUTH_REQUIRED` works for the next 10 minutes. Tokens stay as they are.
    """
    proof = again.Proof(body.password, body.code, body.challenge_id, body.totp)
    device = transport.device_of(request)
    again.reauthenticate(user, proof, by=caller, device=device, counted=request.counting.settle)
