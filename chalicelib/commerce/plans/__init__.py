"""Plans: what the academy sells for a time."""

from chalicelib.commerce.plans.errors import CurrencyUnsupported, PlanLimitReached, PlanNotForSale, PlanNotFound
from chalicelib.commerce.plans.items import Plan, PlanUse
from chalicelib.commerce.plans.offers import features_of, unlocking
from chalicelib.commerce.plans.references import read_items, unknown_ids
from chalicelib.commerce.plans.terms import (
    Days,
    GrantKind,
    PlanGrant,
    PlanKey,
    PlanTerms,
    Scope,
    ScopeIds,
    grants_hash,
    is_key,
)
from chalicelib.commerce.plans.trials import claim, contacts_of_newcomer

__all__ = [
    "CurrencyUnsupported",
    "Days",
    "GrantKind",
    "Plan",
    "PlanGrant",
    "PlanKey",
    "PlanLimitReached",
    "PlanNotForSale",
    "PlanNotFound",
    "PlanTerms",
    "PlanUse",
    "Scope",
    "ScopeIds",
    "claim",
    "contacts_of_newcomer",
    "features_of",
    "grants_hash",
    "is_key",
    "read_items",
    "unknown_ids",
    "unlocking",
]
