"""What the endpoints of invitations take and answer."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from chalicelib.identity.accounts import Email, Name, NewPassword
from chalicelib.identity.invites.items import Invite
from chalicelib.platform import clock
from chalicelib.platform.http import Characters, Instant, ListQuery, RequestModel, ResponseModel
from chalicelib.platform.ids import Ulid

InviteStatus = Literal["PENDING", "ACCEPTED", "REVOKED", "EXPIRED"]
RoleKey = Annotated[str, Characters(3, 40, pattern="^[A-Z][A-Z0-9_]{2,39}$")]
InviteToken = Annotated[str, Field(min_length=1, max_length=128, examples=["inv1.01JH…"])]


class NewInvite(RequestModel):
    """Whom to invite, and to what. ``centreId`` is for operators of a study centre."""

    email: Email
    name: Name | None = None
    type: Literal["ADMIN", "OPERATOR"] = "ADMIN"
    role_keys: list[RoleKey] = Field(min_length=1, max_length=5)
    centre_id: Ulid | None = None


class InvitesQuery(ListQuery):
    """Which invitations."""

    status: InviteStatus = "PENDING"


class InviteAnswer(ResponseModel):
    """An invitation; never its token. ``resent``: how often it was sent again."""

    id: str
    email: str
    name: str | None
    type: str
    role_keys: list[str]
    centre_id: str | None
    status: str
    invited_by_user_id: str
    accepted_user_id: str | None
    resent: int
    expires_at: Instant
    created_at: Instant


def answer_of(invite: Invite) -> InviteAnswer:
    """The answer of an item, read from the table or from its index. A waiting one past its end counts as expired."""
    facts = InviteAnswer.model_validate(invite.facts)
    if facts.status == "PENDING" and facts.expires_at <= clock.now():
        facts.status = "EXPIRED"
    return facts


class InviteTokenRequest(RequestModel):
    """The token of an invitation's link. In a body, so that it stands in no address and no log."""

    token: InviteToken


class InviteInfo(ResponseModel):
    """What the page of an invitation shows."""

    email: str
    name: str | None
    type: str
    role_names: list[str]
    academy_name: str
    expires_at: Instant


class AcceptInviteRequest(RequestModel):
    """Who accepts."""

    token: InviteToken
    name: Name = Field(examples=["Meera Nair"])
    password: NewPassword
    device_label: Annotated[str, Characters(1, 64)] | None = None
