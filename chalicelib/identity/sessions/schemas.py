"""What the endpoints of sessions take and answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, RootModel

from chalicelib.identity.accounts import BirthDate, Email, Name, NewPassword, Password, Phone
from chalicelib.identity.sessions import cookies
from chalicelib.identity.sessions.beginning import Begun, SecondStep
from chalicelib.identity.sessions.items import Session
from chalicelib.identity.sessions.opening import Tokens
from chalicelib.platform.http import Characters, Instant, RequestModel, ResponseModel

RefreshTokenText = Annotated[str, Field(min_length=1, max_length=256, examples=["prt1.AY…"])]


DeviceLabel = Annotated[str, Characters(1, 64)]

SecondFactorCode = Annotated[str, Characters(6, 10, pattern="^([0-9]{6}|[A-Za-z0-9]{10})$"), Field(examples=["482913"])]
"""Six digits of the authenticator app, or a recovery code."""


class RegisterRequest(RequestModel):
    """Who registers. ``acceptedTerms`` must be true; the version of the terms is kept.

    ``dateOfBirth`` and ``guardianEmail`` only where the academy asks for them; under 18 ``marketingEmail`` stays off.
    """

    email: Email
    password: NewPassword
    name: Name = Field(examples=["Asha Verma"])
    phone: Phone | None = None
    device_label: DeviceLabel | None = None
    accepted_terms: Literal[True]
    marketing_email: bool = False
    date_of_birth: BirthDate | None = None
    guardian_email: Email | None = None


class LoginRequest(RequestModel):
    """Who signs in. ``mfaCode``: the code of the second factor, to be asked for it no more."""

    email: Email
    password: Password
    device_label: DeviceLabel | None = None
    mfa_code: SecondFactorCode | None = None


class RefreshRequest(RequestModel):
    """The refresh token, unless it comes as a cookie."""

    refresh_token: RefreshTokenText | None = None


class SignedInUser(ResponseModel):
    """Who is signed in."""

    id: str
    type: str


class TokensAnswer(ResponseModel):
    """``refreshToken`` is null where it travels as a cookie only. ``expiresIn``: seconds the access token lives."""

    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  # a scheme
    access_token: str
    expires_in: int
    refresh_token: str | None
    refresh_expires_at: Instant
    session_id: str
    user: SignedInUser


class SecondStepAnswer(ResponseModel):
    """The proof was right; ``mfaToken`` and a code go to `POST /v1/auth/mfa/verify` within 5 minutes.

    ``methods``: what the code can be: `totp` (six digits of the app), `recovery` (a recovery code).
    """

    mfa_required: Literal[True] = True
    mfa_token: str = Field(max_length=64, examples=["Zk3v9Qm2Lr8Xw5Tb7Yc1Nd4Hf6Js0GaPe2Uo8Iw1Kq0"])
    methods: list[str] = Field(examples=[["totp", "recovery"]])


def _one_of(schema: dict[str, Any]) -> None:
    schema["oneOf"] = schema.pop("anyOf")


class SignInAnswer(RootModel[TokensAnswer | SecondStepAnswer]):
    """What a sign-in of any kind answers: tokens, or that the second factor is asked for."""

    model_config = ConfigDict(defer_build=True, json_schema_extra=_one_of)


class LogoutAllRequest(RequestModel):
    """``keepCurrent``: this session goes on."""

    keep_current: bool = False


class ForceLogoutRequest(RequestModel):
    """Why; kept in the audit trail."""

    reason: Annotated[str, Characters(1, 500)] | None = None


class SessionRow(ResponseModel):
    """One sign-in. ``expiresAt``: unless it is used again before. ``current``: the session of this request."""

    id: str
    device_label: str
    user_agent: str
    ip: str
    created_at: Instant
    last_used_at: Instant
    expires_at: Instant
    amr: list[str]
    current: bool


class SessionList(ResponseModel):
    """All live sessions of somebody, at most 10, the last used first."""

    items: list[SessionRow]


def session_list(sessions: Iterable[Session], *, current: str | None = None) -> SessionList:
    """The answer that lists these sessions."""
    return SessionList(
        items=[
            SessionRow(
                id=one.id,
                device_label=one.device_label,
                user_agent=one.user_agent,
                ip=one.ip,
                created_at=one.created_at,
                last_used_at=one.last_used_at,
                expires_at=one.expires_at,
                amr=list(one.amr),
                current=one.id == current,
            )
            for one in sessions
        ]
    )


def answer_of(tokens: Tokens) -> TokensAnswer:
    """The body of a sign-in or refresh."""
    return TokensAnswer(
        access_token=tokens.access,
        expires_in=tokens.expires_in,
        refresh_token=tokens.refresh if cookies.in_bodies() else None,
        refresh_expires_at=tokens.refresh_expires_at,
        session_id=tokens.session_id,
        user=SignedInUser(id=tokens.user_id, type=tokens.user_type),
    )


def sign_in_answer_of(begun: Begun) -> SignInAnswer:
    """The body of a sign-in."""
    if isinstance(begun, SecondStep):
        return SignInAnswer(SecondStepAnswer(mfa_token=begun.token, methods=list(begun.methods)))
    return SignInAnswer(answer_of(begun))
