"""Permissions and who has them, for super-admins."""

from __future__ import annotations

from chalicelib.identity.access import assignment, everyone
from chalicelib.identity.access.schemas import (
    ExceptionsRequest,
    PersonAccess,
    RevokedEveryone,
    RevokeEveryoneRequest,
    RolesRequest,
)
from chalicelib.identity.accounts import ANY_USER, User, UserNotFound
from chalicelib.identity.roles import LastSuperAdmin, NotOnYourself, RoleFixed, TargetOutranks, WouldEscalate
from chalicelib.identity.roles.schemas import Permissions
from chalicelib.platform.errors import Conflict, ReauthRequired
from chalicelib.platform.http import Actions, Caller, Grant, Request, ResponseModel, api

READS = [Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY]
WRITES = [*READS, Grant.TABLE_WRITE]
ACTING = [UserNotFound, NotOnYourself, TargetOutranks, WouldEscalate, ReauthRequired, Conflict]


class Pong(ResponseModel):
    """Who asked."""

    pong: bool
    user_id: str
    roles: list[str]


@api.get("/v1/admin/access/permissions", action=Actions.ACCESS_READ, grants=READS)
def list_permissions() -> Permissions:
    """Every permission there is: what it lets its holder do, and whose it can be."""
    return Permissions.all()


@api.get("/v1/admin/ping", action=Actions.ADMIN_PING, grants=READS)
def ping(caller: Caller) -> Pong:
    """The example of a guarded endpoint: answers super-admins."""
    return Pong(pong=True, user_id=caller.user_id, roles=list(caller.roles))


@api.put(
    "/v1/admin/users/{userId}/roles",
    action=Actions.ACCESS_MANAGE,
    resource=ANY_USER,
    grants=WRITES,
    raises=[*ACTING, LastSuperAdmin],
    examples={"roleKeys": ["ADMIN_TEST"], "reason": "Moves to the examination desk"},
)
def assign_roles(user_id: str, user: User, body: RolesRequest, caller: Caller, request: Request) -> PersonAccess:
    """Give somebody these roles instead of those they have; from their next request on.

    Nobody gives what they do not have, or acts on someone mightier or on themselves. With `expiresAt` a role ends by
    itself, to the second. The same again changes nothing.
    """
    return PersonAccess.of(assignment.assign(user, request.beside, body, caller))


@api.put(
    "/v1/admin/users/{userId}/permissions",
    action=Actions.ACCESS_MANAGE,
    resource=ANY_USER,
    grants=WRITES,
    raises=[*ACTING, RoleFixed],
    examples={"grants": ["analytics.read"], "denies": [], "reason": "Writes the yearly report"},
)
def set_permissions(
    user_id: str, user: User, body: ExceptionsRequest, caller: Caller, request: Request
) -> PersonAccess:
    """Make exceptions for one person, instead of those they have: a deny beats roles and grants."""
    return PersonAccess.of(assignment.set_exceptions(user, request.beside, body, caller))


@api.post(
    "/v1/admin/access/revoke-everyone",
    action=Actions.ACCESS_REVOKE_EVERYONE,
    status=202,
    grants=WRITES,
    raises=[ReauthRequired, Conflict],
    examples={"userType": "STUDENT", "reason": "A signing key has leaked"},
)
def revoke_everyone(body: RevokeEveryoneRequest, caller: Caller) -> RevokedEveryone:
    """End everybody's sessions, or those of one user type: for the day on which a key has leaked.

    Refresh tokens are void at once, access tokens within 30 seconds. The caller signs in again like everyone.
    """
    return everyone.revoke(body, caller)
