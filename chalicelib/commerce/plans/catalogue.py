"""What everybody may know about plans (PLAN-01, PLAN-02), and plans as functions load them."""

from __future__ import annotations

from chalicelib.commerce.plans.errors import PlanNotFound
from chalicelib.commerce.plans.items import Plan
from chalicelib.commerce.plans.offers import selling
from chalicelib.commerce.plans.references import subject_names
from chalicelib.commerce.plans.schemas import Opens, PublicPlan, PublicPlans, PublicPlanWithScope
from chalicelib.commerce.plans.terms import CURRENCY
from chalicelib.platform import clock
from chalicelib.platform.access.resources import ACADEMY, Resource

PLAN = Resource(
    param="plan",
    item=Plan,
    key=lambda path, _: Plan.place(path["planKey"]),
    entity=lambda _: ACADEMY,
    missing=PlanNotFound,
)
ACTIVE_PLAN = Resource(
    param="plan",
    item=Plan,
    key=lambda path, _: Plan.place(path["planKey"]),
    entity=lambda _: ACADEMY,
    missing=PlanNotFound,
    visible=lambda plan: plan.terms.is_active,
)


def on_sale(currency: str) -> PublicPlans:
    """All plans on sale now that have a price in that currency. One query."""
    now = clock.now()
    found = []
    for plan, terms in selling(now):
        price = terms.price_in(currency)
        if price is not None:
            found.append(PublicPlan.of(plan, terms, price, currency))
    return PublicPlans(items=found)


def opened_by(plan: Plan) -> PublicPlanWithScope:
    """One plan with the kinds and the names of the subjects that it opens. One batch read, if it names any."""
    terms = plan.terms
    names = subject_names(terms)
    opens = [
        Opens(
            kind=grant.kind,
            whole=not grant.scope.size,
            subjects=[names[subject] for subject in grant.scope.subject_ids if subject in names],
        )
        for grant in terms.grants
    ]
    shown = PublicPlan.of(plan, terms, terms.price_paise, CURRENCY)
    return PublicPlanWithScope(**shown.model_dump(), opens=opens)
