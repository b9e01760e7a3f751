"""What the endpoints of sessions take and answer."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from chalicelib.identity.accounts import Email, Name, NewPassword, Password, Phone
from chalicelib.identity.sessions import cookies
from chalicelib.identity.sessions.opening import Tokens
from chalicelib.platform.http import Characters, Instant, RequestModel, ResponseModel

RefreshTokenText = Annotated[str, Field(min_length=1, max_length=256, examples=["prt1.AY…"])]


DeviceLabel = Annotated[str, Characters(1, 64)]


class RegisterRequest(RequestModel):
    """Who registers. ``acceptedTerms`` must be true; the version of the terms is kept."""

    email: Email
    password: NewPassword
    name: Name = Field(examples=["Asha Verma"])
    phone: Phone | None = None
    device_label: DeviceLabel | None = None
    accepted_terms: Literal[True]
    marketing_email: bool = False


class LoginRequest(RequestModel):
    """Who signs in."""

    email: Email
    password: Password
    device_label: DeviceLabel | None = None


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


SignInAnswer = TokensAnswer
"""What a sign-in of any kind answers."""


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
