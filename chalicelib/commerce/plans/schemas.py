"""What requests about plans take and answer."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from chalicelib.commerce.plans.items import Plan
from chalicelib.commerce.plans.terms import (
    Currency,
    Days,
    Features,
    GrantKind,
    Grants,
    Metadata,
    OrderIndex,
    PerUser,
    PlanDescription,
    PlanKey,
    PlanName,
    PlanTerms,
    Price,
    Prices,
    TaxCategory,
    Tier,
)
from chalicelib.platform.http import Instant, ListQuery, QueryModel, RequestModel, ResponseModel


class NewPlan(PlanTerms):
    """A plan to create; it is sold from when ``isActive``."""

    key: PlanKey

    def terms(self) -> PlanTerms:
        """Without the key; the family is the plan's own where none was given."""
        stored = self.stored()
        return PlanTerms.read({**stored, "family": self.family or self.key})


def ungiven() -> Any:
    """The default of a member that may be left out of a change, but not be ``null``; no document shows it."""
    return Field(default_factory=lambda: None)


class PlanChange(RequestModel):
    """What to change of a plan: only the members that are given. ``null`` clears what a plan need not have."""

    name: PlanName = ungiven()
    description: PlanDescription = ungiven()
    price_paise: Price = ungiven()
    currency: Literal["INR"] = ungiven()
    list_price_paise: Price | None = None
    prices: Prices = ungiven()
    duration_days: Days = ungiven()
    is_active: bool = ungiven()
    order_index: OrderIndex = ungiven()
    family: PlanKey = ungiven()
    tier: Tier = ungiven()
    grants: Grants = ungiven()
    features: Features = ungiven()
    price_includes_tax: bool = ungiven()
    tax_category: TaxCategory = ungiven()
    max_per_user: PerUser | None = None
    sale_starts_at: Instant | None = None
    sale_ends_at: Instant | None = None
    metadata: Metadata = ungiven()

    def given(self) -> dict[str, Any]:
        """The members that the request named, as the table keeps them; None clears."""
        return self.model_dump(mode="json", by_alias=True, include=self.model_fields_set)


class PlansQuery(QueryModel):
    """In which currency prices are shown; plans without a price in it are left out."""

    currency: Currency = "INR"


class AllPlansQuery(ListQuery):
    """Which plans: all, the active ones, or the others."""

    active: bool | None = None


class PublicPlan(ResponseModel):
    """A plan as everybody sees it."""

    key: str
    name: str
    description: str
    price_paise: int
    list_price_paise: int | None
    currency: str
    duration_days: int
    tier: int
    features: list[str]
    family: str

    @classmethod
    def of(cls, plan: Plan, terms: PlanTerms, price: int, currency: str) -> PublicPlan:
        """With its price in that currency; the struck-through price exists in the plan's own only."""
        return cls(
            key=plan.plan_key,
            name=terms.name,
            description=terms.description,
            price_paise=price,
            list_price_paise=terms.list_price_paise if currency == terms.currency else None,
            currency=currency,
            duration_days=terms.duration_days,
            tier=terms.tier,
            features=list(terms.features),
            family=terms.family,
        )


class PublicPlans(ResponseModel):
    """All plans on sale, by order index."""

    items: list[PublicPlan]


class Opens(ResponseModel):
    """One thing that a plan opens; ``whole``: everything of its kind."""

    kind: GrantKind
    whole: bool
    subjects: list[str] = Field(description="Names of subjects")


class PublicPlanWithScope(PublicPlan):
    """A plan and what it opens."""

    opens: list[Opens]


class ScopeShown(ResponseModel):
    """Ids that a grant is about; all empty: the whole kind."""

    subject_ids: list[str]
    topic_ids: list[str]
    note_ids: list[str]


class GrantShown(ResponseModel):
    """One thing that a plan opens."""

    kind: GrantKind
    scope: ScopeShown


class PlanAnswer(ResponseModel):
    """A plan as staff see it."""

    key: str
    name: str
    description: str
    price_paise: int
    currency: str
    list_price_paise: int | None
    prices: dict[str, int]
    duration_days: int
    is_active: bool
    order_index: int
    family: str
    tier: int
    grants: list[GrantShown]
    features: list[str]
    price_includes_tax: bool
    tax_category: str
    max_per_user: int | None
    sale_starts_at: Instant | None
    sale_ends_at: Instant | None
    metadata: dict[str, str]
    version: int
    created_by: str
    updated_by: str
    created_at: Instant
    updated_at: Instant

    @classmethod
    def of(cls, plan: Plan) -> PlanAnswer:
        """From the item, or from a list of them."""
        return cls.model_validate(_shown(plan))


class PlanWithSales(PlanAnswer):
    """A plan, and how it sells."""

    orders_paid_30_days: int = Field(alias="ordersPaid30Days", description="Today and the 29 days before")

    @classmethod
    def with_sales(cls, plan: Plan, orders: int) -> PlanWithSales:
        """From the item and the sum of its day counters."""
        return cls.model_validate({**_shown(plan), "ordersPaid30Days": orders})


def _shown(plan: Plan) -> dict[str, Any]:
    empty = {"listPricePaise": None, "maxPerUser": None, "saleStartsAt": None, "saleEndsAt": None}
    return {**empty, **plan.facts, "key": plan.plan_key, "version": int(plan.version)}
