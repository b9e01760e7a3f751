"""Moving to another e-mail address."""

from __future__ import annotations

from chalicelib.identity.accounts import OWN_USER, EmailTaken, MethodDisabled, User, UserNotFound
from chalicelib.identity.accounts.schemas import Profile, profile_of
from chalicelib.identity.credentials import EmailChange, OtpInvalid, OtpTooSoon
from chalicelib.identity.credentials.email_change import confirm_change, place_of, request_change
from chalicelib.identity.credentials.schemas import ChallengeAnswer, NewEmail, NewEmailProof, challenge_of
from chalicelib.identity.sessions import InvalidCredentials, TokensAnswer, transport
from chalicelib.platform.errors import Conflict, ReauthRequired
from chalicelib.platform.http import Actions, Answer, Caller, Grant, Limits, Request, api

HASHING_MEMORY = 512
"""MiB: room for four Argon2id hashes, and the share of a processor that comes with it."""

_WITH_WISH = OWN_USER._replace(beside=(lambda _, caller_id: place_of(caller_id),))
"""The caller's own profile, with the address that they want to move to."""


class MovedProfile(Profile):
    """The profile, and tokens that go on: access tokens made before have ended, the refresh token is the same."""

    tokens: TokensAnswer


@api.post(
    "/v1/users/me/email",
    action=Actions.CREDENTIALS_MANAGE,
    resource=OWN_USER,
    status=202,
    tag="profile",
    limits=[Limits.OTP_ADDRESS, Limits.OTP_HOUR, Limits.AUTH, Limits.AUTH_FAILURES],
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
    raises=[MethodDisabled, InvalidCredentials, ReauthRequired, OtpTooSoon, UserNotFound, Conflict],
    memory=HASHING_MEMORY,
    loads=["argon2", "cryptography.hazmat.primitives.ciphers.aead"],
    examples={"newEmail": "asha.verma@example.com", "password": "correct horse battery staple"},
)
def request_email_change(body: NewEmail, user: User, caller: Caller, request: Request) -> ChallengeAnswer:
    """Ask to move to another e-mail address: a code goes there, a notice to the address that one has.

    The answer is the same for an address that somebody else has. Use `autocomplete="email"` and
    `autocomplete="current-password"` on the fields.
    """
    item = request_change(
        user,
        body.new_email,
        body.password,
        by=caller,
        device=transport.device_of(request),
        counted=request.counting.settle,
    )
    return challenge_of(item.challenge_id, item.expires_at)


@api.post(
    "/v1/users/me/email/confirm",
    action=Actions.CREDENTIALS_MANAGE,
    resource=_WITH_WISH,
    tag="profile",
    limits=[Limits.AUTH, Limits.AUTH_ADDRESS, Limits.AUTH_FAILURES],
    limits_beside=True,
    grants=[
        Grant.TABLE_READ,
        Grant.TABLE_WRITE,
        Grant.LOGIN_READ,
        Grant.SECRET_TOKENS_VERIFY,
        Grant.SECRET_TOKENS_SIGN,
        Grant.SECRET_OTP,
        Grant.SECRET_DATA,
    ],
    raises=[MethodDisabled, OtpInvalid, EmailTaken, UserNotFound, Conflict],
    loads=["jwt"],
    examples={"challengeId": "01JH8Z6V3N4Q5R6S7T8V9WXYZ0", "code": "482913"},
)
def confirm_email_change(body: NewEmailProof, user: User, caller: Caller, request: Request) -> Answer[MovedProfile]:
    """Move to the address that the code was sent to. Other sessions end; this one goes on.

    Use `autocomplete="one-time-code"` and `inputmode="numeric"` on the field.
    """
    wish = next((one for one in request.beside if isinstance(one, EmailChange)), None)
    moved, tokens = confirm_change(
        user,
        wish,
        body.challenge_id,
        body.code,
        by=caller,
        device=transport.device_of(request),
        counted=request.counting.settle,
    )
    handed = transport.tokens_handed_out(tokens)
    profile = MovedProfile(**profile_of(moved).model_dump(), tokens=handed.body)
    return Answer(profile, version=int(moved.version), cookies=handed.cookies)
