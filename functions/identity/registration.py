"""Signing up, and how people can sign in: for everyone."""

from __future__ import annotations

from chalicelib.identity.accounts import EmailTaken, MethodDisabled, PasswordTooWeak, RegistrationClosed
from chalicelib.identity.credentials import OtpCode
from chalicelib.identity.credentials.offered import ways_in
from chalicelib.identity.credentials.registration import register as register_student
from chalicelib.identity.credentials.schemas import Providers, RegisterAnswer, challenge_of
from chalicelib.identity.sessions import transport
from chalicelib.identity.sessions.schemas import RegisterRequest
from chalicelib.platform.http import Answer, Grant, Limits, Request, api

HASHING_MEMORY = 512
"""MiB: room for four Argon2id hashes, and the share of a processor that comes with it."""
SHOWN_SECONDS = 60


@api.post(
    "/v1/auth/register",
    public=True,
    status=201,
    also=(202,),
    tag="auth",
    limits=[Limits.REGISTER, Limits.REGISTER_DAY],
    limits_beside=True,
    grants=[
        Grant.TABLE_WRITE,
        Grant.SECRET_TOKENS_SIGN,
        Grant.SECRET_PERSONAL,
        Grant.SECRET_OTP,
        Grant.SECRET_DATA,
    ],
    raises=[EmailTaken, MethodDisabled, PasswordTooWeak, RegistrationClosed],
    memory=HASHING_MEMORY,
    loads=["jwt", "argon2", "cryptography.hazmat.primitives.ciphers.aead"],
    examples={
        "email": "asha@example.in",
        "password": "correct horse battery staple",
        "name": "Asha Verma",
        "acceptedTerms": True,
    },
)
def register(body: RegisterRequest, request: Request) -> Answer[RegisterAnswer]:
    """Register as a student, and be signed in; a code that verifies the address is on its way.

    Where the academy wants addresses verified first, the answer is 202 with the `challengeId` of that code, and tokens
    come from `POST /v1/auth/verify-otp` with purpose VERIFY_EMAIL. Use `autocomplete="email"` and
    `autocomplete="new-password"` on the fields, and let people paste.
    """
    device = transport.device_of(request, body.device_label)
    begun = register_student(body, device, request.counting.settle)
    if isinstance(begun, OtpCode):
        return Answer(RegisterAnswer(challenge_of(begun.challenge_id, begun.expires_at)), status=202)
    handed = transport.tokens_handed_out(begun)
    return Answer(RegisterAnswer(handed.body), cookies=handed.cookies)


@api.get("/v1/auth/providers", public=True, tag="auth")
def providers() -> Answer[Providers]:
    """How people can sign in here: what a front end draws."""
    return Answer(ways_in(), headers={"Cache-Control": f"public, max-age={SHOWN_SECONDS}"})
