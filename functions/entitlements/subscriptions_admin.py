"""Subscriptions, for staff."""

from __future__ import annotations

from chalicelib.commerce.plans import PlanNotFound
from chalicelib.commerce.subscriptions import history, staff, views
from chalicelib.commerce.subscriptions.errors import (
    AccessCardFull,
    AlreadySubscribed,
    NotAStudent,
    SubscriptionCancelledBefore,
    SubscriptionNotFound,
    SubscriptionOver,
    SubscriptionTooLong,
)
from chalicelib.commerce.subscriptions.resources import INSPECTED_PERSON, SERVED_PERSON
from chalicelib.commerce.subscriptions.staff_schemas import (
    CancelSubscriptionRequest,
    ExtendSubscriptionRequest,
    GivePlanRequest,
    PersonSubscriptions,
    SubscriptionRow,
    SubscriptionsQuery,
    SubscriptionView,
)
from chalicelib.identity.accounts import User, UserNotFound
from chalicelib.identity.people.acting import card_beside
from chalicelib.platform.errors import Conflict
from chalicelib.platform.http import Actions, Answer, Caller, Grant, Idempotency, Page, Request, api

READS = [Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY]
WRITES = [*READS, Grant.TABLE_WRITE]


@api.get("/v1/admin/subscriptions", action=Actions.PAYMENTS_READ, grants=[*READS, Grant.SECRET_CURSOR])
def list_subscriptions(query: SubscriptionsQuery, caller: Caller) -> Page[SubscriptionRow]:
    """Subscriptions of a plan, newest first; or the active ones that end on a day, first to end first.

    With `status`, or a plan beside a day, a page may hold fewer than `limit`, even none, before the end.
    """
    return history.for_staff(query, caller)


@api.get(
    "/v1/admin/users/{userId}/subscriptions",
    action=Actions.SUBSCRIPTIONS_INSPECT,
    resource=INSPECTED_PERSON,
    grants=READS,
    raises=[UserNotFound],
)
def get_user_subscriptions(user_id: str, user: User) -> PersonSubscriptions:
    """All of somebody's subscriptions, what happened to them, and their entitlements; newest first."""
    return history.of_person(user_id)


@api.post(
    "/v1/admin/users/{userId}/subscriptions",
    action=Actions.PAYMENTS_MANAGE,
    status=201,
    resource=SERVED_PERSON,
    grants=WRITES,
    raises=[UserNotFound, NotAStudent, PlanNotFound, AccessCardFull, SubscriptionTooLong, Conflict],
    idempotency=Idempotency.REQUIRED,
    examples={"planKey": "notes-yearly", "durationDays": 30, "reason": "Won the essay prize"},
)
def give_plan(
    user_id: str, user: User, body: GivePlanRequest, caller: Caller, request: Request
) -> Answer[SubscriptionView]:
    """Give a student a plan, with the effect that buying it would have: it starts, extends, replaces or waits.

    Nothing is paid: no order, no ledger entry. With `startsAt` it begins then, or behind what runs longer.
    """
    given, effect = staff.give_plan(card_beside(request.beside), body, caller, request.idempotency_key)
    location = f"/v1/admin/users/{user_id}/subscriptions"
    return Answer(views.with_entitlements(given, effect), location=location, version=int(given.version))


@api.post(
    "/v1/admin/users/{userId}/subscriptions/{subscriptionId}/extend",
    action=Actions.PAYMENTS_MANAGE,
    resource=SERVED_PERSON,
    grants=WRITES,
    raises=[
        *(UserNotFound, SubscriptionNotFound, SubscriptionCancelledBefore, SubscriptionOver, AlreadySubscribed),
        *(AccessCardFull, SubscriptionTooLong, Conflict),
    ],
    idempotency=Idempotency.REQUIRED,
    examples={"days": 7, "reason": "The site was down for a week"},
)
def extend_subscription(
    user_id: str, subscription_id: str, user: User, body: ExtendSubscriptionRequest, caller: Caller, request: Request
) -> Answer[SubscriptionView]:
    """Let a subscription go on for more days; what waits behind it moves.

    One that ended within 30 days runs again, from now, unless another of its family has come since.
    """
    card = card_beside(request.beside)
    changed = staff.extend(card, subscription_id, body, caller, request.idempotency_key)
    return Answer(views.with_entitlements(changed), version=int(changed.version))


@api.post(
    "/v1/admin/users/{userId}/subscriptions/{subscriptionId}/cancel",
    action=Actions.PAYMENTS_MANAGE,
    resource=SERVED_PERSON,
    grants=WRITES,
    raises=[UserNotFound, SubscriptionNotFound, SubscriptionOver, AccessCardFull, Conflict],
    examples={"reason": "Bought for the wrong person"},
)
def cancel_subscription(
    user_id: str, subscription_id: str, user: User, body: CancelSubscriptionRequest, caller: Caller, request: Request
) -> Answer[SubscriptionView]:
    """End a subscription now, with all that it opens; what waits behind it follows at once.

    No money moves: that is a refund's business. Cancelled before: the same answer.
    """
    ended = staff.cancel(card_beside(request.beside), subscription_id, body, caller)
    return Answer(views.with_entitlements(ended), version=int(ended.version))
