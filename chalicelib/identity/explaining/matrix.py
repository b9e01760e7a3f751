"""Which endpoint needs which permission, and which roles reach it: from the declarations (ACC-13, ACC-70)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from chalicelib.identity.explaining.schemas import DeployedPolicies, DeployedPolicy, Matrix, MatrixQuery, MatrixRow
from chalicelib.identity.roles import Role
from chalicelib.platform import registry, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.access.catalogue import Action
from chalicelib.platform.access.decisions import MISSING_PERMISSION, decide, screen
from chalicelib.platform.access.policies import policies, policy_version, resource_types
from chalicelib.platform.access.resources import ACADEMY
from chalicelib.platform.errors import ApiError, WrongUserType
from chalicelib.platform.http.endpoint import Endpoint


class RoleFacts(NamedTuple):
    """What of a role decides where its holders get."""

    key: str
    user_type: str
    permissions: frozenset[str]


def deployed() -> DeployedPolicies:
    """Every policy that is deployed, and the version of all of them together."""
    items = [
        DeployedPolicy(id=one.id, effect=one.effect, description=one.description, file=one.file, text=one.text)
        for one in policies().values()
    ]
    return DeployedPolicies(version=policy_version(), items=items)


def matrix(query: MatrixQuery) -> Matrix:
    """The matrix for the roles as they are now. One query."""
    registry.load_declarations()
    roles = [
        RoleFacts(str(role.key), str(role.user_type), frozenset(map(str, role.permissions or ())))
        for role in store.every(Role.every())
    ]
    rows = rows_of(registry.of(Endpoint), roles)
    return Matrix(
        actions=[
            row for row in rows if query.area in (None, row.area) and (query.role is None or query.role in row.roles)
        ]
    )


def rows_of(endpoints: Iterable[Endpoint], roles: Iterable[RoleFacts]) -> list[MatrixRow]:
    """A row for each endpoint that names an action and each of its methods, by path."""
    holders = [(role.key, _holder(role)) for role in sorted(roles)]
    reached: dict[str, list[str]] = {}
    rows = []
    for endpoint, action in _guarded(endpoints):
        if action.name not in reached:
            reached[action.name] = [key for key, holder in holders if _reaches(holder, action)]
        rows += [
            MatrixRow(
                action=action.name,
                method=method,
                path=endpoint.path,
                area=endpoint.area,
                permission=" or ".join(map(str, action.permissions or action.centre)) or None,
                roles=reached[action.name],
            )
            for method in endpoint.methods
        ]
    return sorted(rows, key=lambda row: (row.path, row.method))


def _guarded(endpoints: Iterable[Endpoint]) -> Iterator[tuple[Endpoint, Action]]:
    for endpoint in endpoints:
        if endpoint.action is not None:
            yield endpoint, endpoint.action


def _holder(role: RoleFacts) -> Caller:
    """Somebody who holds this role alone, signed in with a second factor."""
    card = AccessCard(
        *AccessCard.place(role.key),
        user_id=role.key,
        user_type=role.user_type,
        status="ACTIVE",
        role_keys=[role.key],
        permissions=set(role.permissions) or None,
        sessions={"session": {"exp": 2**40, "authAt": 0, "mfa": True}},
    )
    return Caller(card, "session")


def _reaches(holder: Caller, action: Action) -> bool:
    """Whether a holder gets as far as the thing itself: what is asked of it afterwards is not the role's.

    An action that permissions allow is screened as a request would be, and decided where it is about the academy; for
    another the policies are asked whether it is for this kind of account at all.
    """
    try:
        screen(holder, action)
    except ApiError:
        return False
    decision = decide(holder, action)
    if action.for_staff:
        return decision.allowed or action.late or ACADEMY.type not in resource_types()[action.name]
    return decision.reason not in {WrongUserType.code, *([MISSING_PERMISSION] if action.centre else [])}
