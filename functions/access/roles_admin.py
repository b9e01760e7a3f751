"""Roles, for super-admins."""

from __future__ import annotations

from typing import Annotated

from chalicelib.identity.access import editing, holders, simulation
from chalicelib.identity.access.schemas import HolderAnswer, HoldersQuery, SimulationAnswer, SimulationRequest
from chalicelib.identity.roles import (
    Role,
    RoleExists,
    RoleFixed,
    RoleInUse,
    RoleNotFound,
    TooManyRoles,
    WouldEscalate,
    every_role,
)
from chalicelib.identity.roles.propagation import of_role, of_roles
from chalicelib.identity.roles.resources import KEY_PATTERN, ROLE
from chalicelib.identity.roles.schemas import EditedRole, NewRole, Propagation, RoleAnswer, RolePatch, Roles
from chalicelib.platform.errors import Conflict, CursorInvalid, HeaderInvalid, ReauthRequired, VersionMismatch
from chalicelib.platform.http import Actions, Answer, Caller, Grant, Page, PathRule, Request, api

RoleKeyPart = Annotated[str, PathRule(KEY_PATTERN)]
READS = [Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY]
WRITES = [*READS, Grant.TABLE_WRITE]
TELLS = [*WRITES, Grant.SECRET_DATA]


@api.get("/v1/admin/access/roles", action=Actions.ACCESS_READ, grants=READS)
def list_roles() -> Roles:
    """All roles, by key; there are at most 50."""
    found = list(every_role().values())
    return Roles.of(found, of_roles(found))


@api.get("/v1/admin/access/roles/{key}", action=Actions.ACCESS_READ, resource=ROLE, grants=READS, raises=[RoleNotFound])
def get_role(key: RoleKeyPart, role: Role) -> Answer[RoleAnswer]:
    """One role. While an edit is being carried to many holders, `propagation` says how many are left."""
    return Answer(RoleAnswer.of(role, of_role(role)), version=int(role.version))


@api.post(
    "/v1/admin/access/roles",
    action=Actions.ACCESS_MANAGE,
    status=201,
    grants=TELLS,
    raises=[RoleExists, TooManyRoles, WouldEscalate, ReauthRequired, Conflict],
    examples={
        "key": "EXAM_DESK",
        "name": "Examination desk",
        "userType": "ADMIN",
        "permissions": ["tests.read", "attempts.read"],
    },
)
def create_role(body: NewRole, caller: Caller) -> Answer[RoleAnswer]:
    """Create a role.

    It can have only what its maker has, and needs a recent proof. With something sensitive in it, all super-admins are
    told by mail.
    """
    role = editing.create(body, caller)
    return Answer(RoleAnswer.of(role, None), location=f"/v1/admin/access/roles/{role.key}", version=int(role.version))


@api.patch(
    "/v1/admin/access/roles/{key}",
    action=Actions.ACCESS_MANAGE,
    resource=ROLE,
    grants=TELLS,
    raises=[RoleNotFound, RoleFixed, WouldEscalate, VersionMismatch, HeaderInvalid, ReauthRequired, Conflict],
    examples={"add": ["questions.read"], "remove": ["tests.write"]},
)
def update_role(key: RoleKeyPart, role: Role, body: RolePatch, caller: Caller, request: Request) -> Answer[EditedRole]:
    """Change a role's name, description or permissions.

    Up to 80 holders have the new permissions from their next request on. For more, `propagation` says how many are
    left; whoever is given the role in between has the new permissions at once, and what is taken away goes first.
    """
    edited, change = editing.change(role, body, caller, request.if_match())
    answer = EditedRole(role=RoleAnswer.of(edited, change), propagation=Propagation.of(change))
    return Answer(answer, version=int(edited.version))


@api.delete(
    "/v1/admin/access/roles/{key}",
    action=Actions.ACCESS_MANAGE,
    resource=ROLE,
    status=204,
    grants=WRITES,
    raises=[RoleNotFound, RoleFixed, RoleInUse, ReauthRequired, Conflict],
)
def delete_role(key: RoleKeyPart, role: Role, caller: Caller) -> None:
    """Delete a role that nobody holds; those of the system stay."""
    editing.delete(role, caller)


@api.get(
    "/v1/admin/access/roles/{key}/holders",
    action=Actions.ACCESS_READ,
    resource=ROLE,
    grants=[*READS, Grant.SECRET_CURSOR],
    raises=[RoleNotFound],
)
def list_role_holders(key: RoleKeyPart, role: Role, query: HoldersQuery, caller: Caller) -> Page[HolderAnswer]:
    """Who holds a role. E-mail addresses are there for those who may see people's."""
    return holders.holders(role, query, caller)


@api.post(
    "/v1/admin/access/simulate",
    action=Actions.ACCESS_READ,
    grants=[*READS, Grant.SECRET_CURSOR],
    raises=[RoleNotFound, CursorInvalid],
    examples={"key": "ADMIN_TEST", "remove": ["tests.publish"]},
)
def simulate_role(body: SimulationRequest, caller: Caller) -> SimulationAnswer:
    """Who would gain and lose which permissions and actions by an edit of a role; nothing is changed.

    Whoever has a permission by another role, too, loses nothing. People come in pages of the role's holders: a page
    may name fewer than `limit`, even nobody, before the end.
    """
    return simulation.simulate(body, caller)
