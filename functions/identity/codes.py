"""One-time codes by e-mail: for everyone."""

from __future__ import annotations

from chalicelib.identity.accounts import MethodDisabled
from chalicelib.identity.credentials import OtpInvalid, OtpTooSoon
from chalicelib.identity.credentials.requesting import request_code
from chalicelib.identity.credentials.resetting import NewReset
from chalicelib.identity.credentials.schemas import (
    ChallengeAnswer,
    CodeAnswer,
    OtpProof,
    OtpRequest,
    ResetTokenAnswer,
    VerifiedAnswer,
    VerifiedTokensAnswer,
    challenge_of,
    purpose_of,
)
from chalicelib.identity.credentials.verifying import Guess, Verified, verify_code
from chalicelib.identity.sessions import Begun, TokensAnswer, transport
from chalicelib.platform.errors import AccountBlocked
from chalicelib.platform.http import Answer, Grant, Limits, Request, api


@api.post(
    "/v1/auth/request-otp",
    public=True,
    status=202,
    tag="auth",
    limits=[Limits.OTP_ADDRESS, Limits.OTP_HOUR],
    limits_beside=True,
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.LOGIN_READ, Grant.SECRET_OTP, Grant.SECRET_DATA],
    raises=[MethodDisabled, OtpTooSoon],
    loads=["cryptography.hazmat.primitives.ciphers.aead"],
    examples={"email": "asha@example.in", "purpose": "LOGIN"},
)
def request_otp(body: OtpRequest, request: Request) -> ChallengeAnswer:
    """Have a code of six digits sent to an e-mail address: to sign in, to set a new password, or to verify it.

    The answer is the same whether there is an account or not. An address gets one message a minute for each purpose,
    and five an hour. A new code replaces the one before. Use `autocomplete="username"` on the field.
    """
    item = request_code(body.email, purpose_of(body.purpose), request.counting.settle)
    return challenge_of(item.challenge_id, item.expires_at)


@api.post(
    "/v1/auth/verify-otp",
    public=True,
    tag="auth",
    limits=[Limits.AUTH, Limits.AUTH_ADDRESS, Limits.AUTH_FAILURES],
    limits_beside=True,
    grants=[
        Grant.TABLE_READ,
        Grant.TABLE_WRITE,
        Grant.LOGIN_READ,
        Grant.SECRET_OTP,
        Grant.SECRET_TOKENS_SIGN,
        Grant.SECRET_DATA,
    ],
    raises=[MethodDisabled, OtpInvalid, AccountBlocked],
    loads=["jwt"],
    examples={"email": "asha@example.in", "code": "482913", "challengeId": "01JH8Z6V3N4Q5R6S7T8V9WXYZ0"},
)
def verify_otp(body: OtpProof, request: Request) -> Answer[CodeAnswer]:
    """Use a code. LOGIN signs in; RESET answers a token that sets a new password; VERIFY_EMAIL verifies the address.

    A code serves once, only its address, purpose and challenge, and dies after five wrong tries. Whatever is wrong with
    it is one answer. Use `autocomplete="one-time-code"` and `inputmode="numeric"` on the field, and let people paste.
    """
    guess = Guess(body.email, body.challenge_id, body.code)
    device = transport.device_of(request, body.device_label)
    return _worth(verify_code(guess, purpose_of(body.purpose), device, request.counting.settle))


def _worth(outcome: Begun | NewReset | Verified) -> Answer[CodeAnswer]:
    if isinstance(outcome, NewReset):
        return Answer(CodeAnswer(ResetTokenAnswer(reset_token=outcome.token, expires_at=outcome.expires_at)))
    begun = outcome.begun if isinstance(outcome, Verified) else outcome
    if begun is None:
        return Answer(CodeAnswer(VerifiedAnswer()))
    handed = transport.handed_out(begun)
    answered = handed.body.root
    if isinstance(outcome, Verified) and isinstance(answered, TokensAnswer):
        answered = VerifiedTokensAnswer(**answered.model_dump())
    return Answer(CodeAnswer(answered), cookies=handed.cookies)
