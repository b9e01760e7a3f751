"""What the endpoints about people's access take and answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from chalicelib.identity.roles import Holding, PermissionNames, RoleKey, RolePatch
from chalicelib.platform import clock
from chalicelib.platform.access.card import AccessCard, permissions_at, plain
from chalicelib.platform.http import Characters, Instant, ListQuery, RequestModel, ResponseModel

Reason = Annotated[str, Characters(3, 500), Field(examples=["Moves to the examination desk"])]
Exceptions = Annotated[PermissionNames, Field(max_length=20)]


class RolesRequest(RequestModel):
    """The roles that somebody shall have, instead of those they have. ``expiresAt``: of roles that end, when."""

    role_keys: list[RoleKey] = Field(min_length=1, max_length=5)
    expires_at: dict[RoleKey, Instant] = Field(default_factory=dict, max_length=5)
    reason: Reason

    def holding(self) -> Holding:
        """The same, without repetitions; ends in whole seconds."""
        ends = {key: int(end.timestamp()) for key, end in self.expires_at.items()}
        return Holding(tuple(dict.fromkeys(self.role_keys)), ends)


class ExceptionsRequest(RequestModel):
    """Exceptions for one person, instead of those they have: a deny beats roles and grants."""

    grants: Exceptions = Field(default_factory=list)
    denies: Exceptions = Field(default_factory=list)
    reason: Reason


class PersonAccess(ResponseModel):
    """What somebody may do now. ``expiresAt``: of roles that end, when."""

    user_id: str
    role_keys: list[str]
    permissions: list[str]
    expires_at: dict[str, Instant]
    grants: list[str]
    denies: list[str]

    @classmethod
    def of(cls, card: AccessCard) -> PersonAccess:
        """As the card says at this instant."""
        return cls(
            user_id=card.user_id,
            role_keys=list(Holding.of(card).keys),
            permissions=sorted(permissions_at(card, clock.now().timestamp())),
            expires_at=_instants(plain(card.timed_roles)),
            grants=sorted(str(name) for name in card.grants or ()),
            denies=sorted(str(name) for name in card.denies or ()),
        )


def _instants(timed: Mapping[str, Any]) -> dict[str, datetime]:
    return {key: datetime.fromtimestamp(int(one["endsAt"]), UTC) for key, one in timed.items()}


class HoldersQuery(ListQuery):
    """Which page of the holders."""


class HolderAnswer(ResponseModel):
    """Somebody who holds a role. ``email`` is null for who may not see people's. ``expiresAt``: null: it does not."""

    user_id: str
    name: str | None
    email: str | None
    status: str | None
    assigned_at: Instant
    assigned_by: str | None
    expires_at: Instant | None


class RevokeEveryoneRequest(RequestModel):
    """Whose sessions end: those of one user type, or without it everybody's."""

    user_type: Literal["STUDENT", "ADMIN", "OPERATOR"] | None = None
    reason: Reason


class RevokedEveryone(ResponseModel):
    """Tokens and sessions from before ``validFrom`` are void for these user types."""

    user_types: list[str]
    valid_from: Instant


class SimulationRequest(RolePatch):
    """A role as it could be: the edit that would make it so. ``limit``, ``cursor``: which of its holders."""

    key: RoleKey
    limit: int = Field(default=50, ge=1, le=50)
    cursor: str | None = Field(default=None, min_length=1, max_length=2048)


class Difference(ResponseModel):
    """What is gained or lost: permissions, and the actions that these alone decide about."""

    permissions: list[str]
    actions: list[str]


class PersonDifference(ResponseModel):
    """What one holder would gain and lose, given all else that they have."""

    user_id: str
    name: str | None
    gains: Difference
    loses: Difference


class SimulationAnswer(ResponseModel):
    """What an edit would change. ``items``: those of this page's holders who gain or lose; nothing was changed."""

    role_key: str
    holders: int
    gains: Difference
    loses: Difference
    items: list[PersonDifference]
    next_cursor: str | None = None
