"""What the endpoints that explain decisions take and answer."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from chalicelib.platform.http.models import Characters, Instant, QueryModel, RequestModel, ResponseModel
from chalicelib.platform.ids import Ulid

MAX_CHECKS = 50

ActionName = Annotated[str, Field(max_length=64, pattern=r"^[a-zA-Z]+(\.[a-zA-Z]+)+$", examples=["notes.open"])]
TypeName = Annotated[str, Field(max_length=32, pattern=r"^[A-Z][A-Za-z]+$", examples=["Note"])]
ThingId = Annotated[
    str, Field(max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", examples=["01JH8Z6V3N4Q5R6S7T8V9WXYZ0"])
]


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as error:
        raise ValueError("must be an IPv4 or IPv6 address") from error


Address = Annotated[str, Characters(2, 45), AfterValidator(_address)]


class Surroundings(RequestModel):
    """What to suppose of a request: when it comes (entitlements and bans as they are then), whence, in which centre."""

    now: Instant | None = None
    ip: Address | None = Field(default=None, examples=["203.0.113.7"])
    centre_id: Ulid | None = None

    def around(self) -> dict[str, str]:
        """What the policies are told of it."""
        given = {"ip": self.ip, "centreId": self.centre_id}
        return {name: value for name, value in given.items() if value is not None}


class About(RequestModel):
    """An action, and the thing that it is about where it is about one."""

    action: ActionName
    resource_type: TypeName | None = None
    resource_id: ThingId | None = None


class ExplainRequest(About):
    """Whose action to explain."""

    user_id: Ulid
    context: Surroundings | None = None


class PolicyName(ResponseModel):
    """A policy that decided."""

    id: str = Field(max_length=80, examples=["open-entitled-note"])
    effect: str = Field(max_length=8, examples=["permit"])
    description: str = Field(max_length=400)
    file: str = Field(max_length=120, examples=["policies/access/content.cedar"])


class Facts(ResponseModel):
    """What the policies saw. ``card``: what of the access card it was made of, with dates, also what has ended."""

    principal: dict[str, Any]
    resource: dict[str, Any]
    context: dict[str, Any]
    card: dict[str, Any]


class Explained(ResponseModel):
    """A decision and why. ``missingPermission``: one that would have helped. ``evaluatedAt``: the instant supposed."""

    allowed: bool
    reason: str = Field(max_length=40, examples=["ALLOWED"])
    policies: list[PolicyName]
    missing_permission: str | None = Field(default=None, max_length=64)
    facts: Facts
    evaluated_at: Instant


class DeployedPolicy(PolicyName):
    """One policy as it is deployed."""

    text: str = Field(max_length=4_000)


class DeployedPolicies(ResponseModel):
    """All policies. ``version``: hash of policies and schema, as the health answer says it too."""

    version: str = Field(max_length=16, examples=["0f5c1d9a7b3e2468"])
    items: list[DeployedPolicy]


class MatrixQuery(QueryModel):
    """Which rows: those that a role reaches, those of an area."""

    role: Annotated[str, Characters(3, 40, pattern="^[A-Z][A-Z0-9_]+$")] | None = None
    area: Annotated[str, Characters(2, 40, pattern="^[a-z]+$")] | None = Field(default=None, examples=["content"])


class MatrixRow(ResponseModel):
    """An endpoint, its action, the permissions of which any one suffices, and the roles that reach it.

    Where there is no permission, ownership, entitlement or publication decides for those who reach it.
    """

    action: str = Field(max_length=64, examples=["notes.publish"])
    method: str = Field(max_length=8, examples=["POST"])
    path: str = Field(max_length=200)
    area: str = Field(max_length=40, examples=["content"])
    permission: str | None = Field(default=None, max_length=400, examples=["notes.publish"])
    roles: list[str]


class Matrix(ResponseModel):
    """Which endpoint needs what, and which of the current roles reach it."""

    actions: list[MatrixRow]


class CheckRequest(RequestModel):
    """What the caller wants to know whether they may."""

    checks: list[About] = Field(min_length=1, max_length=MAX_CHECKS)


class Checked(ResponseModel):
    """Whether one of them is allowed, and why not."""

    allowed: bool
    reason: str = Field(max_length=40, examples=["NO_ENTITLEMENT"])


class CheckAnswer(ResponseModel):
    """The answers in the order of the questions."""

    items: list[Checked]
