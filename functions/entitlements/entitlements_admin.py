"""Entitlements, for staff."""

from __future__ import annotations

from chalicelib.commerce.subscriptions import entitled, explaining, granting, rebuilding, views
from chalicelib.commerce.subscriptions.entitlement_schemas import (
    EntitlementList,
    EntitlementsQuery,
    EntitlementView,
    ExplainedAccess,
    GrantEntitlementRequest,
    RevokeEntitlementRequest,
)
from chalicelib.commerce.subscriptions.errors import AccessCardFull, EntitlementNotFound, NoSuchTest, NotAStudent
from chalicelib.commerce.subscriptions.rebuilding import RebuildRequest, Rebuilt
from chalicelib.commerce.subscriptions.resources import INSPECTED_PERSON, SERVED_PERSON
from chalicelib.commerce.subscriptions.schemas import AccessQuery
from chalicelib.content.notes import NoteNotFound
from chalicelib.identity.accounts import User, UserNotFound
from chalicelib.identity.people.acting import card_beside
from chalicelib.platform.errors import Conflict
from chalicelib.platform.http import Actions, Answer, Caller, Grant, Idempotency, Request, api

READS = [Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY]
WRITES = [*READS, Grant.TABLE_WRITE]


@api.get(
    "/v1/admin/users/{userId}/entitlements",
    action=Actions.SUBSCRIPTIONS_INSPECT,
    resource=INSPECTED_PERSON,
    grants=READS,
    raises=[UserNotFound],
)
def list_user_entitlements(user_id: str, user: User, query: EntitlementsQuery) -> EntitlementList:
    """What somebody may open now or later, where it comes from and who granted it; newest first.

    With `includeEnded` also what has ended or was revoked.
    """
    return entitled.of_person(user_id, query)


@api.post(
    "/v1/admin/users/{userId}/entitlements/grant",
    action=Actions.ENTITLEMENTS_MANAGE,
    status=201,
    resource=SERVED_PERSON,
    grants=WRITES,
    raises=[UserNotFound, NotAStudent, AccessCardFull, Conflict],
    idempotency=Idempotency.OPTIONAL,
    examples={"kind": "NOTES", "durationDays": 30, "reason": "Scholarship"},
)
def grant_entitlement(
    user_id: str, user: User, body: GrantEntitlementRequest, caller: Caller, request: Request
) -> Answer[EntitlementView]:
    """Open something to a student for a time, from their next request on.

    An empty scope opens the whole kind; `ALL` has none. "Everything of one subject" is one grant each of NOTES, TESTS
    and PRACTICE. It stands beside subscriptions: whatever becomes of those, it stays.
    """
    made = granting.grant(card_beside(request.beside), body, caller, request.idempotency_key)
    location = f"/v1/admin/users/{user_id}/entitlements"
    return Answer(views.entitlement_view(made), location=location, version=int(made.version))


@api.post(
    "/v1/admin/users/{userId}/entitlements/revoke",
    action=Actions.ENTITLEMENTS_MANAGE,
    resource=SERVED_PERSON,
    grants=WRITES,
    raises=[UserNotFound, EntitlementNotFound, AccessCardFull, Conflict],
    examples={"entitlementId": "01JH8Z6V3N4Q5R6S7T8V9WXYZ0", "reason": "Granted to the wrong person"},
)
def revoke_entitlement(
    user_id: str, user: User, body: RevokeEntitlementRequest, caller: Caller, request: Request
) -> Answer[EntitlementView]:
    """Take back an entitlement, from the student's next request on. Revoked before: the same answer.

    The subscription that it belongs to stays, and shows `partiallyRevoked`.
    """
    return Answer(views.entitlement_view(granting.revoke(card_beside(request.beside), body, caller)))


@api.get(
    "/v1/admin/users/{userId}/entitlements/explain",
    action=Actions.SUBSCRIPTIONS_INSPECT,
    resource=INSPECTED_PERSON,
    grants=READS,
    raises=[UserNotFound, NoteNotFound, NoSuchTest],
)
def explain_entitlements(user_id: str, user: User, query: AccessQuery, request: Request) -> ExplainedAccess:
    """Why somebody may open a note, a test or practice, or may not: every entitlement, and what it does for that.

    Exactly one of `noteId`, `testId` and `feature`. What is unpublished is explained, what is unknown is 404.
    """
    return explaining.explained(card_beside(request.beside), query)


@api.post(
    "/v1/admin/users/{userId}/access-card/rebuild",
    action=Actions.USERS_MANAGE,
    resource=SERVED_PERSON,
    grants=WRITES,
    raises=[UserNotFound, AccessCardFull, Conflict],
    examples={"dryRun": True},
)
def rebuild_access_card(user_id: str, user: User, body: RebuildRequest, caller: Caller, request: Request) -> Rebuilt:
    """Compare what somebody's access card opens with their subscriptions and entitlements, and put it right.

    With `dryRun` (the default) nothing is written. Where there is no difference nothing changes.
    """
    return rebuilding.rebuild(card_beside(request.beside), caller, dry_run=body.dry_run)
