"""What a plan says: its price, its time, what it opens; and the rules that no plan breaks (PLAN-10, PLAN-11)."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from chalicelib.platform.errors import problem
from chalicelib.platform.http import Characters, Instant, RequestModel
from chalicelib.platform.ids import Ulid

KEY_PATTERN = r"[a-z0-9][a-z0-9_-]{1,39}"
CURRENCY = "INR"
LEAST_PRICE = 100
"""The least amount that gateways take, in paise; a price is 0 or at least this."""
MAX_PRICE = 100_000_000
MAX_SCOPE_IDS = 200
MAX_PLAN_SCOPE_IDS = 600
"""More would never fit on a student's access card (ENT-19)."""

GrantKind = Literal["ALL", "NOTES", "TESTS", "PRACTICE"]
PlanKey = Annotated[str, Field(pattern=f"^{KEY_PATTERN}$", max_length=40, examples=["prelims-30"])]
PlanName = Annotated[str, Characters(1, 120)]
PlanDescription = Annotated[str, Characters(0, 2000, multiline=True)]
Price = Annotated[int, Field(ge=0, le=MAX_PRICE, examples=[49900])]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$", max_length=3, examples=["INR"])]
Prices = Annotated[dict[Currency, Price], Field(max_length=20)]
Days = Annotated[int, Field(ge=1, le=3650, examples=[30])]
OrderIndex = Annotated[int, Field(ge=0, le=99_999)]
Tier = Annotated[int, Field(ge=0, le=100)]
Feature = Annotated[str, Characters(1, 200)]
Features = Annotated[tuple[Feature, ...], Field(max_length=20)]
TaxCategory = Annotated[str, Field(pattern="^[A-Z][A-Z0-9_]{1,39}$", max_length=40)]
PerUser = Annotated[int, Field(ge=1, le=1000)]
ScopeIds = Annotated[tuple[Ulid, ...], Field(max_length=MAX_SCOPE_IDS)]
Label = Annotated[str, Characters(1, 40)]
LabelText = Annotated[str, Characters(0, 500)]
Metadata = Annotated[dict[Label, LabelText], Field(max_length=8)]


class Scope(RequestModel):
    """Ids that a grant is about; all empty: the whole kind."""

    subject_ids: ScopeIds = ()
    topic_ids: ScopeIds = ()
    note_ids: ScopeIds = ()

    @property
    def size(self) -> int:
        """How many ids."""
        return len(self.subject_ids) + len(self.topic_ids) + len(self.note_ids)


class PlanGrant(RequestModel):
    """One thing that a plan opens."""

    kind: GrantKind
    scope: Scope = Scope()


Grants = Annotated[tuple[PlanGrant, ...], Field(min_length=1, max_length=4)]


class PlanTerms(RequestModel):
    """Everything that staff decide about a plan, but its key."""

    name: PlanName = Field(examples=["Prelims, one month"])
    description: PlanDescription = ""
    price_paise: Price
    currency: Literal["INR"] = "INR"
    list_price_paise: Price | None = Field(default=None, description="Struck-through price")
    prices: Prices = Field(default={}, description="Prices in other currencies, in their minor units")
    duration_days: Days
    is_active: bool = False
    order_index: OrderIndex = 0
    family: PlanKey = Field(
        default_factory=str, description="Plans of one family are variants; default: the plan's own key"
    )
    tier: Tier = 0
    grants: Grants
    features: Features = ()
    price_includes_tax: bool = True
    tax_category: TaxCategory = "COACHING"
    max_per_user: PerUser | None = None
    sale_starts_at: Instant | None = None
    sale_ends_at: Instant | None = None
    metadata: Metadata = Field(default={})

    def on_sale(self, now: datetime) -> bool:
        """Whether it can be bought at this instant."""
        started = self.sale_starts_at is None or self.sale_starts_at <= now
        return self.is_active and started and (self.sale_ends_at is None or now < self.sale_ends_at)

    @property
    def is_trial(self) -> bool:
        """Free, and once for each person (SUB-45)."""
        return self.price_paise == 0 and self.max_per_user == 1

    def price_in(self, currency: str) -> int | None:
        """Its price in a currency, in minor units; None where it has none (TAXN-14)."""
        return self.price_paise if currency == self.currency else self.prices.get(currency)

    def stored(self) -> dict[str, Any]:
        """As the table and the audit trail keep it: by the names of the interface."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> PlanTerms:
        """What ``stored`` made; other members are ignored."""
        names = {field.alias or name for name, field in cls.model_fields.items()}
        return cls.model_validate({name: value for name, value in stored.items() if name in names}, strict=False)


def grants_hash(grants: tuple[PlanGrant, ...]) -> str:
    """16 hex digits, equal for grants that open the same things, in whatever order they are written."""
    canonical = sorted(
        [grant.kind, sorted(grant.scope.subject_ids), sorted(grant.scope.topic_ids), sorted(grant.scope.note_ids)]
        for grant in grants
    )
    return hashlib.sha256(json.dumps(canonical).encode()).hexdigest()[:16]


def broken_rules(terms: PlanTerms) -> Iterator[dict[str, str]]:
    """The rules between fields that the terms break, each as an entry of ``details``."""
    yield from _price_rules(terms)
    start, end = terms.sale_starts_at, terms.sale_ends_at
    if start is not None and end is not None and start >= end:
        yield problem("body.saleEndsAt", "BEFORE_START", "must be after saleStartsAt")
    for position, grant in enumerate(terms.grants):
        yield from _grant_rules(f"body.grants[{position}].scope", grant)
    if sum(grant.scope.size for grant in terms.grants) > MAX_PLAN_SCOPE_IDS:
        yield problem("body.grants", "TOO_MANY_IDS", f"name at most {MAX_PLAN_SCOPE_IDS} ids in all")


def _price_rules(terms: PlanTerms) -> Iterator[dict[str, str]]:
    least = f"must be 0 or at least {LEAST_PRICE}"
    if 0 < terms.price_paise < LEAST_PRICE:
        yield problem("body.pricePaise", "AMOUNT_TOO_SMALL", least)
    for currency, price in terms.prices.items():
        if currency == terms.currency:
            yield problem(f"body.prices.{currency}", "DUPLICATE", "the price in INR is pricePaise")
        if 0 < price < LEAST_PRICE:
            yield problem(f"body.prices.{currency}", "AMOUNT_TOO_SMALL", least)
    if terms.list_price_paise is not None and terms.list_price_paise < terms.price_paise:
        yield problem("body.listPricePaise", "BELOW_PRICE", "must not be below pricePaise")


def _grant_rules(place: str, grant: PlanGrant) -> Iterator[dict[str, str]]:
    scope = grant.scope
    lists = (("subjectIds", scope.subject_ids), ("topicIds", scope.topic_ids), ("noteIds", scope.note_ids))
    if grant.kind == "ALL" and grant.scope.size:
        yield problem(place, "SCOPE_NOT_ALLOWED", "a grant of kind ALL has no scope")
    if grant.kind not in {"ALL", "NOTES"} and grant.scope.note_ids:
        yield problem(f"{place}.noteIds", "SCOPE_NOT_ALLOWED", "notes belong to grants of kind NOTES")
    for name, ids in lists:
        if len(set(ids)) < len(ids):
            yield problem(f"{place}.{name}", "DUPLICATE", "must name each id once")


def is_key(key: str) -> bool:
    """Whether a text could be a plan's key."""
    return re.fullmatch(KEY_PATTERN, key) is not None
