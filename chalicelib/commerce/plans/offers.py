"""What is sold now, as other domains ask."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from chalicelib.commerce.plans.items import Plan, plans_in_order
from chalicelib.commerce.plans.terms import PlanGrant, PlanTerms
from chalicelib.platform import clock, store

MAX_UNLOCKING = 5


def selling(now: datetime) -> list[tuple[Plan, PlanTerms]]:
    """Plans on sale at an instant, in their order. One query."""
    plans = ((plan, plan.terms) for plan in store.every(plans_in_order(active=True)))
    return [(plan, terms) for plan, terms in plans if terms.on_sale(now)]


def unlocking(opens: Callable[[PlanGrant], bool]) -> list[str]:
    """Keys of at most 5 plans on sale with a grant that opens it, cheapest first. One query."""
    fitting = [
        (terms.price_paise, terms.order_index, plan.plan_key)
        for plan, terms in selling(clock.now())
        if any(opens(grant) for grant in terms.grants)
    ]
    return [key for _, _, key in sorted(fitting)[:MAX_UNLOCKING]]


def features_of(keys: list[str]) -> dict[str, list[str]]:
    """What plans say of themselves, by key; a plan that is gone says nothing. One batch read."""
    if not keys:
        return {}
    found = store.get_many([Plan.place(key) for key in keys], consistent=False)
    return {plan.plan_key: list(plan.terms.features) for plan in found if isinstance(plan, Plan)}
