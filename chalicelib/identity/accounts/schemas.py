"""What the endpoints of accounts take and answer."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from chalicelib.identity.accounts.items import User
from chalicelib.identity.accounts.normalization import Name, Phone
from chalicelib.platform.http import Instant, RequestModel, ResponseModel
from chalicelib.platform.ids import Ulid

Locale = Literal["en-IN", "hi-IN"]


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


class ProfilePatch(RequestModel):
    """The fields to change; ``null`` removes ``phone`` or ``avatarAssetId``, the others cannot be removed."""

    name: Name = Field(default="", json_schema_extra=_without_default, examples=["Asha Verma"])
    phone: Phone | None = None
    locale: Locale = Field(default="en-IN", json_schema_extra=_without_default)
    avatar_asset_id: Ulid | None = None


class Profile(ResponseModel):
    """A person as they see themselves."""

    id: str
    email: str
    email_verified: bool
    phone: str | None
    name: str
    type: str
    status: str
    avatar_asset_id: str | None
    locale: str
    created_at: Instant
    deletion_due_at: Instant | None
    version: int


def profile_of(user: User) -> Profile:
    """The profile of an item."""
    return Profile(
        id=user.id,
        email=user.email,
        email_verified=user.email_verified_at is not None,
        phone=user.phone,
        name=user.name,
        type=user.type,
        status=user.status,
        avatar_asset_id=user.avatar_asset_id,
        locale=user.locale,
        created_at=user.created_at,
        deletion_due_at=user.deletion_due_at,
        version=int(user.version),
    )


class MfaState(ResponseModel):
    """Whether a second factor is set up, and whether the academy asks for one."""

    enrolled: bool
    required: bool


class CentreMembership(ResponseModel):
    """What somebody may do in one study centre."""

    centre_id: str
    permissions: list[str]


class Me(ResponseModel):
    """The caller: who, and what their access card says at this moment."""

    user_id: str
    type: str
    name: str
    email: str
    email_verified: bool
    status: str
    roles: list[str]
    permissions: list[str]
    session_id: str
    amr: list[str]
    mfa: MfaState
    must_change_password: bool
    centres: list[CentreMembership]
