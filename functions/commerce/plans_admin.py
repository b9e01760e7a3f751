"""Plans, for staff."""

from __future__ import annotations

from typing import Annotated

from chalicelib.commerce.plans import catalogue, editing, listing
from chalicelib.commerce.plans.errors import PlanKeyTaken, PlanNotFound
from chalicelib.commerce.plans.items import Plan
from chalicelib.commerce.plans.schemas import AllPlansQuery, NewPlan, PlanAnswer, PlanChange, PlanWithSales
from chalicelib.commerce.plans.terms import KEY_PATTERN
from chalicelib.platform.errors import VersionMismatch
from chalicelib.platform.http import Actions, Answer, Caller, Grant, Idempotency, Page, PathRule, Request, api

PlanKeyPart = Annotated[str, PathRule(KEY_PATTERN)]
READS = [Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY]
WRITES = [*READS, Grant.TABLE_WRITE]


@api.post(
    "/v1/admin/plans",
    action=Actions.PAYMENTS_MANAGE,
    status=201,
    grants=WRITES,
    raises=[PlanKeyTaken],
    idempotency=Idempotency.OPTIONAL,
)
def create_plan(body: NewPlan, caller: Caller) -> Answer[PlanAnswer]:
    """Create a plan.

    A price is 0 or at least 100 paise. Ids in `grants` must name active subjects, active topics and notes.
    """
    plan = editing.create(body, caller)
    return Answer(PlanAnswer.of(plan), location=f"/v1/admin/plans/{plan.plan_key}", version=int(plan.version))


@api.patch(
    "/v1/admin/plans/{planKey}",
    action=Actions.PAYMENTS_MANAGE,
    resource=catalogue.PLAN,
    grants=WRITES,
    raises=[PlanNotFound, VersionMismatch],
)
def update_plan(
    plan_key: PlanKeyPart, plan: Plan, body: PlanChange, caller: Caller, request: Request
) -> Answer[PlanAnswer]:
    """Change a plan, or take it off sale.

    Only the members that are given change; `null` clears an optional one. Running subscriptions and orders already
    placed keep what they were sold.
    """
    changed = editing.change(plan, body, caller, request.if_match())
    return Answer(PlanAnswer.of(changed), version=int(changed.version))


@api.get("/v1/admin/plans", action=Actions.PAYMENTS_READ, grants=[*READS, Grant.SECRET_CURSOR])
def list_all_plans(query: AllPlansQuery, caller: Caller) -> Page[PlanAnswer]:
    """All plans, also those that are not sold.

    The inactive ones come first, each kind by `orderIndex`.
    """
    return listing.for_staff(query, caller.user_id)


@api.get(
    "/v1/admin/plans/{planKey}",
    action=Actions.PAYMENTS_READ,
    resource=catalogue.PLAN,
    grants=READS,
    raises=[PlanNotFound],
)
def get_plan_for_staff(plan_key: PlanKeyPart, plan: Plan) -> Answer[PlanWithSales]:
    """One plan, with the orders paid in the last 30 days.

    The number comes from counters a day and follows a payment within seconds.
    """
    return Answer(listing.with_sales(plan), version=int(plan.version))
