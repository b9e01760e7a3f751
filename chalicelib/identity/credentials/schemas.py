"""What the endpoints of credentials take and answer."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, RootModel, model_validator

from chalicelib.identity.accounts import Email, NewPassword, Password
from chalicelib.identity.credentials.codes import RESEND_SECONDS, Purpose
from chalicelib.identity.sessions import DeviceLabel, SecondStepAnswer, TokensAnswer
from chalicelib.platform.http import Characters, Instant, RequestModel, ResponseModel
from chalicelib.platform.ids import Ulid

Code = Annotated[str, Characters(6, 6, pattern="^[0-9]{6}$"), Field(examples=["482913"])]
"""Six digits."""
ResetTokenText = Annotated[
    str, Field(min_length=1, max_length=128, examples=["Zk3v9Qm2Lr8Xw5Tb7Yc1Nd4Hf6Js0GaPe2Uo8Iw1Kq0"])
]
Reason = Annotated[str, Characters(3, 500)]

AskedPurpose = Literal["LOGIN", "RESET", "VERIFY_EMAIL"]


class OtpRequest(RequestModel):
    """Where to send a code, and what for."""

    email: Email
    purpose: AskedPurpose = "LOGIN"


class ChallengeAnswer(ResponseModel):
    """The challenge that the code answers. The same for addresses without an account."""

    challenge_id: str
    expires_at: Instant
    resend_after_seconds: int = RESEND_SECONDS


class OtpProof(RequestModel):
    """A code with its challenge."""

    email: Email
    code: Code
    challenge_id: Ulid
    purpose: AskedPurpose = "LOGIN"
    device_label: DeviceLabel | None = None


class ResetTokenAnswer(ResponseModel):
    """Of purpose RESET: what `POST /v1/auth/reset-password` takes."""

    reset_token: str
    expires_at: Instant


class VerifiedAnswer(ResponseModel):
    """Of purpose VERIFY_EMAIL."""

    verified: Literal[True] = True


class VerifiedTokensAnswer(TokensAnswer):
    """Of purpose VERIFY_EMAIL, where the registration waited for it."""

    verified: Literal[True] = True


def _one_of(schema: dict[str, Any]) -> None:
    schema["oneOf"] = schema.pop("anyOf")


class CodeAnswer(RootModel[TokensAnswer | SecondStepAnswer | ResetTokenAnswer | VerifiedTokensAnswer | VerifiedAnswer]):
    """What a right code is worth, by its purpose."""

    model_config = ConfigDict(defer_build=True)


class RegisterAnswer(RootModel[TokensAnswer | ChallengeAnswer]):
    """Tokens; or, where addresses are verified first, the challenge of the code that was sent (202)."""

    model_config = ConfigDict(defer_build=True, json_schema_extra=_one_of)


class ResetLinkRequest(RequestModel):
    """Where to send the link."""

    email: Email


class Accepted(ResponseModel):
    """It will be seen to; there is nothing more to say."""


class PasswordReset(RequestModel):
    """The token of the link, and the password to set."""

    token: ResetTokenText
    new_password: NewPassword


class PasswordChange(RequestModel):
    """``currentPassword`` may be left out only where none is set and the session was proven within 10 minutes."""

    current_password: Password | None = None
    new_password: NewPassword


class Reauthentication(RequestModel):
    """One proof: ``password``; ``code`` with ``challengeId`` (a code for LOGIN); or ``totp``."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"password": "correct horse battery staple"}]})

    password: Password | None = None
    code: Code | None = None
    challenge_id: Ulid | None = None
    totp: Code | None = None

    @model_validator(mode="after")
    def _one_proof(self) -> Self:
        given = [self.password is not None, self.code is not None, self.totp is not None]
        if sum(given) != 1 or (self.code is None) != (self.challenge_id is None):
            raise ValueError("must be one of password, code with challengeId, totp")
        return self


class NewEmail(RequestModel):
    """Where to move to. Without ``password`` the session must have been proven within 10 minutes."""

    new_email: Email
    password: Password | None = None


class NewEmailProof(RequestModel):
    """The code that was sent to the new address."""

    challenge_id: Ulid
    code: Code


class StaffReset(RequestModel):
    """``requireChange``: until a new password is set, the old one works only to change it."""

    reason: Reason | None = Field(default=None, examples=["The student wrote from another address"])
    require_change: bool = True


class ExternalProvider(ResponseModel):
    """``authorizeUrl`` is null where it is found by the issuer's discovery."""

    issuer: str
    authorize_url: str | None


class GoogleClient(ResponseModel):
    """The client that sign-in by Google is set up for."""

    client_id: str


class PasswordRules(ResponseModel):
    """Lengths in code points; ``minLengthStaff`` for admins and operators. What is too easy is told when one is set."""

    min_length: int
    min_length_staff: int
    max_length: int


class Providers(ResponseModel):
    """How people can sign in; what is null or false is not offered."""

    password: bool
    otp: bool
    google: GoogleClient | None
    external: ExternalProvider | None
    registration: bool
    password_rules: PasswordRules


def challenge_of(challenge_id: str, expires_at: Any) -> ChallengeAnswer:
    """The answer to who asked for a code."""
    return ChallengeAnswer(challenge_id=challenge_id, expires_at=expires_at)


def purpose_of(asked: AskedPurpose) -> Purpose:
    """The purpose that a body names."""
    return Purpose(asked)
