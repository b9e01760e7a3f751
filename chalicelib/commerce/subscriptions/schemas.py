"""What requests about one's own subscription take and answer."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from chalicelib.commerce.subscriptions.staff_schemas import PlanHeld
from chalicelib.platform.http import Instant, QueryModel, ResponseModel
from chalicelib.platform.ids import Ulid


class PlanShown(ResponseModel):
    """A plan as a subscription shows it."""

    key: str
    name: str
    tier: int
    family: str
    features: list[str]


class SubscriptionShown(ResponseModel):
    """A time of a plan. ``remainingDays``: days of 24 hours still to come, begun ones count whole."""

    plan: PlanShown
    starts_at: Instant
    ends_at: Instant
    remaining_days: int


class SubjectShown(ResponseModel):
    """A subject that an entitlement names."""

    id: str
    name: str


class EntitlementsShown(ResponseModel):
    """What is open now. ``subjects`` are those that entitlements are limited to."""

    kinds: list[str]
    subjects: list[SubjectShown]


class LastOrder(ResponseModel):
    """An order, whatever became of it."""

    merchant_transaction_id: str
    status: str
    amount_paise: int
    created_at: Instant


class OwnSubscription(ResponseModel):
    """One of one's own subscriptions, also one that is over, with the orders that it consists of.

    ``source``: PURCHASE, OFFLINE or MANUAL (given by the academy).
    """

    id: str
    plan: PlanHeld
    status: str
    starts_at: Instant
    ends_at: Instant
    source: str
    cancel_reason: str | None
    replaced_by: str | None
    orders: list[LastOrder]
    created_at: Instant


class MySubscription(ResponseModel):
    """What somebody has. ``others``: further families that run now; ``upcoming``: what starts later."""

    active_subscription: SubscriptionShown | None
    others: list[SubscriptionShown]
    upcoming: list[SubscriptionShown]
    entitlements: EntitlementsShown
    last_payment_order: LastOrder | None


class AccessQuery(QueryModel):
    """What to ask about: exactly one."""

    note_id: Ulid | None = None
    test_id: Ulid | None = None
    feature: Literal["practice"] | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(value is not None for value in (self.note_id, self.test_id, self.feature)) != 1:
            raise ValueError("exactly one of noteId, testId and feature")
        return self


class AccessAnswer(ResponseModel):
    """Whether it is open, and if not, why, and what would open it."""

    allowed: bool
    deny_reason: str = Field(description="`ALLOWED` when allowed", examples=["NO_ENTITLEMENT"])
    hint: str | None = Field(examples=["NEVER_HAD"])
    ended_at: Instant | None = Field(default=None, description="With hint `EXPIRED`")
    starts_at: Instant | None = Field(default=None, description="With hint `UPCOMING`")
    unlock_plans: list[str] = Field(description="Keys of at most 5 plans on sale that open it, cheapest first")
