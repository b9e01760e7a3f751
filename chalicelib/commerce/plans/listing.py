"""Lists of plans for staff (PLAN-05, PLAN-06)."""

from __future__ import annotations

from chalicelib.commerce.plans import sales
from chalicelib.commerce.plans.items import Plan, plans_in_order
from chalicelib.commerce.plans.schemas import AllPlansQuery, PlanAnswer, PlanWithSales
from chalicelib.platform.http import Page, lists


def for_staff(query: AllPlansQuery, caller_id: str) -> Page[PlanAnswer]:
    """A page of plans: inactive ones first, each kind by order index. One query."""
    return lists.page("plans", caller_id, query, plans_in_order(active=query.active), PlanAnswer.of)


def with_sales(plan: Plan) -> PlanWithSales:
    """A plan and its orders of the last 30 days. One query."""
    return PlanWithSales.with_sales(plan, sales.recent(plan.plan_key))
