"""The second factor: an authenticator app, and recovery codes for the day it is lost."""

from __future__ import annotations

from chalicelib.identity.accounts import MethodDisabled, User, UserNotFound, require_local
from chalicelib.identity.factors import MfaCodeInvalid
from chalicelib.identity.mfa import MfaEnrolled
from chalicelib.identity.mfa.confirming import confirm
from chalicelib.identity.mfa.owner import OWN_FACTOR, Owner
from chalicelib.identity.mfa.removing import remove, renew_recovery_codes
from chalicelib.identity.mfa.schemas import (
    MfaVerifyRequest,
    RecoveryCodes,
    RecoveryCodesRequest,
    TotpConfirmRequest,
    TotpRemoveRequest,
    TotpSetup,
    setup_of,
)
from chalicelib.identity.mfa.setup import set_up
from chalicelib.identity.mfa.verifying import verify
from chalicelib.identity.sessions import InvalidCredentials, transport
from chalicelib.identity.sessions.schemas import TokensAnswer
from chalicelib.platform.errors import AccountBlocked, Conflict, MfaRequired, ReauthRequired
from chalicelib.platform.http import Actions, Answer, Caller, Grant, Limits, Request, api

HASHING_MEMORY = 512
"""MiB: room for four Argon2id hashes, and the share of a processor that comes with it."""


@api.post(
    "/v1/auth/mfa/totp/setup",
    action=Actions.CREDENTIALS_MANAGE,
    resource=OWN_FACTOR,
    before_setup=True,
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_VERIFY, Grant.SECRET_DATA],
    raises=[UserNotFound, ReauthRequired, MfaEnrolled, MethodDisabled],
)
def setup_totp(user: User, caller: Caller) -> TotpSetup:
    """Have a secret for an authenticator app, and recovery codes; both are shown once.

    It counts once a code of the app has confirmed it. Needs a proof of the last 10 minutes.
    """
    return setup_of(set_up(caller, user))


@api.post(
    "/v1/auth/mfa/totp/confirm",
    action=Actions.CREDENTIALS_MANAGE,
    resource=OWN_FACTOR,
    before_setup=True,
    limits=[Limits.AUTH],
    grants=[
        Grant.TABLE_READ,
        Grant.TABLE_WRITE,
        Grant.LOGIN_READ,
        Grant.SECRET_TOKENS_VERIFY,
        Grant.SECRET_TOKENS_SIGN,
        Grant.SECRET_DATA,
    ],
    raises=[UserNotFound, MfaCodeInvalid, MfaEnrolled, Conflict],
    examples={"code": "482913"},
)
def confirm_totp(body: TotpConfirmRequest, user: User, caller: Caller, request: Request) -> Answer[TokensAnswer]:
    """Confirm the authenticator app with its first code. All other sessions end; this one goes on with new tokens."""
    owner = Owner(caller, user, request.beside)
    return transport.tokens_handed_out(confirm(owner, body.code, transport.device_of(request)))


@api.post(
    "/v1/auth/mfa/verify",
    public=True,
    limits=[Limits.AUTH, Limits.AUTH_ADDRESS, Limits.AUTH_FAILURES],
    limits_beside=True,
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_SIGN, Grant.SECRET_DATA],
    raises=[MfaCodeInvalid, AccountBlocked, MethodDisabled, Conflict],
    loads=["jwt"],
    examples={"code": "482913"},
)
def verify_second_factor(body: MfaVerifyRequest, request: Request) -> Answer[TokensAnswer]:
    """Bring the second factor to a sign-in that asked for it.

    Use `autocomplete="one-time-code"` on the field. Five wrong codes end it, and so do five minutes.
    """
    require_local()
    device = transport.device_of(request)
    return transport.tokens_handed_out(verify(body.mfa_token, body.code, device, request.counting.settle))


@api.delete(
    "/v1/auth/mfa/totp",
    action=Actions.CREDENTIALS_MANAGE,
    resource=OWN_FACTOR,
    status=204,
    limits=[Limits.AUTH],
    grants=[
        Grant.TABLE_READ,
        Grant.TABLE_WRITE,
        Grant.LOGIN_READ,
        Grant.SECRET_TOKENS_VERIFY,
        Grant.SECRET_DATA,
    ],
    raises=[UserNotFound, InvalidCredentials, MfaCodeInvalid, MfaRequired, Conflict],
    memory=HASHING_MEMORY,
    loads=["argon2"],
    examples={"password": "correct horse battery staple", "code": "482913"},
)
def remove_totp(body: TotpRemoveRequest, user: User, caller: Caller, request: Request) -> Answer[None]:
    """Remove one's second factor, by password and code. All other sessions end."""
    remove(Owner(caller, user, request.beside), body.password, body.code, transport.device_of(request))
    return Answer(None)


@api.post(
    "/v1/auth/mfa/recovery-codes",
    action=Actions.CREDENTIALS_MANAGE,
    resource=OWN_FACTOR,
    limits=[Limits.AUTH],
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_VERIFY, Grant.SECRET_DATA],
    raises=[UserNotFound, MfaCodeInvalid, MfaRequired],
    examples={"code": "482913"},
)
def renew_codes(body: RecoveryCodesRequest, user: User, caller: Caller, request: Request) -> RecoveryCodes:
    """Have ten new recovery codes; the old ones are dead."""
    owner = Owner(caller, user, request.beside)
    return RecoveryCodes(recovery_codes=renew_recovery_codes(owner, body.code, transport.device_of(request)))
