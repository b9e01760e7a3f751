"""What is for sale, for everybody."""

from __future__ import annotations

import hashlib
from typing import Annotated, TypeVar

from chalicelib.commerce.plans import catalogue
from chalicelib.commerce.plans.errors import PlanNotFound
from chalicelib.commerce.plans.items import Plan
from chalicelib.commerce.plans.schemas import PlansQuery, PublicPlans, PublicPlanWithScope
from chalicelib.commerce.plans.terms import KEY_PATTERN
from chalicelib.platform.http import Answer, Grant, PathRule, Request, ResponseModel, api, etags

BodyT = TypeVar("BodyT", bound=ResponseModel)
CACHING = "public, max-age=60"


def _cacheable(body: BodyT, request: Request) -> Answer[BodyT | None]:
    tag = f'"{hashlib.sha256(body.model_dump_json(by_alias=True).encode()).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": CACHING}
    if etags.none_match(request.headers.get("if-none-match"), tag):
        return Answer(None, status=304, headers=headers)
    return Answer(body, headers=headers)


@api.get("/v1/plans", public=True, also=(304,), grants=[Grant.TABLE_READ])
def list_plans(query: PlansQuery, request: Request) -> Answer[PublicPlans | None]:
    """The plans on sale now, in their order.

    With `currency`: those that have a price in it, at that price. Prices are in minor units (paise).
    """
    return _cacheable(catalogue.on_sale(query.currency), request)


@api.get(
    "/v1/plans/{planKey}",
    public=True,
    resource=catalogue.ACTIVE_PLAN,
    also=(304,),
    grants=[Grant.TABLE_READ],
    raises=[PlanNotFound],
)
def get_plan(
    plan_key: Annotated[str, PathRule(KEY_PATTERN)], plan: Plan, request: Request
) -> Answer[PublicPlanWithScope | None]:
    """One plan, and what it opens.

    404 `PLAN_NOT_FOUND` when it is unknown or inactive.
    """
    return _cacheable(catalogue.opened_by(plan), request)
