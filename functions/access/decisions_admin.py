"""Why somebody may or may not, and what is deployed, for staff who read access."""

from __future__ import annotations

from chalicelib.identity.accounts import UserNotFound
from chalicelib.identity.explaining.explanation import explained
from chalicelib.identity.explaining.matrix import deployed, matrix
from chalicelib.identity.explaining.schemas import DeployedPolicies, Explained, ExplainRequest, Matrix, MatrixQuery
from chalicelib.platform.http import Actions, Caller, Grant, api
from functions.access.things import THINGS


@api.post(
    "/v1/admin/access/explain",
    action=Actions.ACCESS_READ,
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_VERIFY],
    raises=[UserNotFound, *(thing.missing for thing in THINGS.values())],
    examples={"action": "notes.open", "resourceType": "Note", "context": {"now": "2026-01-31T10:00:00.000Z"}},
)
def explain_access(body: ExplainRequest, caller: Caller) -> Explained:
    """Why somebody may do something, or may not.

    The decision that a request of theirs would meet now, on their current access card and the thing as it is, with the
    policies that made it and what they saw. `context` supposes another instant, address or centre. Audited.
    """
    return explained(body, caller, THINGS)


@api.get(
    "/v1/admin/access/policies",
    action=Actions.ACCESS_READ,
    grants=[Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY],
)
def list_policies() -> DeployedPolicies:
    """The policies that are deployed, and their version."""
    return deployed()


@api.get(
    "/v1/admin/access/matrix",
    action=Actions.ACCESS_READ,
    grants=[Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY],
    memory=512,
)
def access_matrix(query: MatrixQuery) -> Matrix:
    """Which endpoint needs which permission, and which of the current roles reach it.

    `permission` names any of several that suffice; where there is none, ownership, entitlement or publication decides.
    """
    return matrix(query)
