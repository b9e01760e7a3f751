"""Plans: what the academy sells for a time."""

from chalicelib.commerce.plans.errors import CurrencyUnsupported, PlanLimitReached, PlanNotForSale, PlanNotFound
from chalicelib.commerce.plans.items import Plan, PlanUse
from chalicelib.commerce.plans.offers import features_of, unlocking
from chalicelib.commerce.plans.terms import PlanGrant, PlanTerms, grants_hash, is_key

__all__ = [
    "CurrencyUnsupported",
    "Plan",
    "PlanGrant",
    "PlanLimitReached",
    "PlanNotForSale",
    "PlanNotFound",
    "PlanTerms",
    "PlanUse",
    "features_of",
    "grants_hash",
    "is_key",
    "unlocking",
]
