"""What the endpoints of roles take and answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field

from chalicelib.identity.roles.items import Role, RoleChange
from chalicelib.identity.roles.permissions import DESCRIPTIONS, SENSITIVE, area_of, user_type_of
from chalicelib.identity.roles.resources import KEY_PATTERN
from chalicelib.platform.access.catalogue import Permission
from chalicelib.platform.http import Characters, Instant, RequestModel, ResponseModel

RoleKey = Annotated[str, Characters(3, 40, pattern=f"^{KEY_PATTERN}$"), Field(examples=["EXAM_DESK"])]
RoleName = Annotated[str, Characters(1, 60), Field(examples=["Examination desk"])]
RoleDescription = Annotated[str, Characters(0, 300, multiline=True)]
PermissionName = Annotated[str, Characters(1, 64), Field(examples=["tests.read"])]
PermissionNames = Annotated[list[PermissionName], Field(max_length=100)]
SomePermissions = Annotated[list[PermissionName], Field(min_length=1, max_length=100)]


class PermissionAnswer(ResponseModel):
    """One permission. ``sensitive``: adding it to a role is mailed to all super-admins."""

    name: str
    area: str
    description: str
    user_type: str
    sensitive: bool

    @classmethod
    def of(cls, name: Permission) -> PermissionAnswer:
        """As the catalogue has it."""
        return cls(
            name=name.value,
            area=area_of(name),
            description=DESCRIPTIONS[name],
            user_type=user_type_of(name).value,
            sensitive=name in SENSITIVE,
        )


class Permissions(ResponseModel):
    """The catalogue."""

    items: list[PermissionAnswer]

    @classmethod
    def all(cls) -> Permissions:
        """In the catalogue's order."""
        return cls(items=[PermissionAnswer.of(name) for name in Permission])


class NewRole(RequestModel):
    """A role to create. ``copyFrom``: another role whose permissions it has too.

    Roles of operators have no permissions: theirs are held inside a centre, by membership.
    """

    key: RoleKey
    name: RoleName
    description: RoleDescription = ""
    user_type: Literal["ADMIN", "OPERATOR"]
    permissions: PermissionNames = Field(default_factory=list)
    copy_from: RoleKey | None = None


class RolePatch(RequestModel):
    """What to change of a role: ``permissions`` replaces all, ``add`` and ``remove`` are about those it has."""

    name: RoleName | None = None
    description: RoleDescription | None = None
    permissions: SomePermissions | None = None
    add: PermissionNames = Field(default_factory=list)
    remove: PermissionNames = Field(default_factory=list)


class Propagation(ResponseModel):
    """How far an edit has come to the access of those who hold the role; ``remaining``: holders it has not reached."""

    state: Literal["RUNNING", "DONE", "FAILED"]
    remaining: int

    @classmethod
    def of(cls, change: RoleChange | None) -> Propagation:
        """Of the last edit; without one that took a worker, everything is in force."""
        if change is None:
            return cls(state="DONE", remaining=0)
        return cls.model_validate({"state": change.state, "remaining": int(change.remaining)})


class RoleAnswer(ResponseModel):
    """A role. ``activeHolders``: of those who hold it, who is not blocked."""

    key: str
    name: str
    description: str
    user_type: str
    permissions: list[str]
    system: bool
    editable: bool
    version: int
    holders: int
    active_holders: int
    propagation: Propagation
    created_at: Instant
    updated_at: Instant
    updated_by_user_id: str | None

    @classmethod
    def of(cls, role: Role, change: RoleChange | None) -> RoleAnswer:
        """A role and the last edit of it that took a worker."""
        return cls(
            key=role.key,
            name=role.name,
            description=role.description,
            user_type=role.user_type,
            permissions=sorted(str(name) for name in role.permissions or ()),
            system=bool(role.system),
            editable=bool(role.editable),
            version=int(role.version),
            holders=int(role.holders),
            active_holders=int(role.active_holders),
            propagation=Propagation.of(change),
            created_at=role.created_at,
            updated_at=role.updated_at,
            updated_by_user_id=role.updated_by_user_id,
        )


class Roles(ResponseModel):
    """All roles, by key."""

    items: list[RoleAnswer]

    @classmethod
    def of(cls, found: Iterable[Role], changes: dict[str, RoleChange]) -> Roles:
        """With the last edits by role key."""
        return cls(items=[RoleAnswer.of(role, changes.get(str(role.key))) for role in found])


class EditedRole(ResponseModel):
    """A role as it is now, and how far the edit has come."""

    role: RoleAnswer
    propagation: Propagation
