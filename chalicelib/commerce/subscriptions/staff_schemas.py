"""What staff send and see of subscriptions."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from chalicelib.commerce.plans import Days, PlanKey
from chalicelib.commerce.subscriptions.entitlement_schemas import EntitlementView, Reason
from chalicelib.commerce.subscriptions.items import Subscription, SubscriptionChange
from chalicelib.platform.access.card import plain
from chalicelib.platform.http import Instant, ListQuery, RequestModel, ResponseModel

SubscriptionStatus = Literal["ACTIVE", "EXPIRED", "CANCELLED"]


class GivePlanRequest(RequestModel):
    """A plan to give, off sale or on. ``startsAt`` in the past means now."""

    plan_key: PlanKey
    duration_days: Annotated[Days | None, Field(description="Default: the plan's own")] = None
    starts_at: Instant | None = None
    reason: Reason


class ExtendSubscriptionRequest(RequestModel):
    """How much longer, in days of 24 hours."""

    days: Days
    reason: Reason


class CancelSubscriptionRequest(RequestModel):
    """Why it ends now."""

    reason: Reason


class SubscriptionsQuery(ListQuery):
    """Which subscriptions: of a plan, or those ACTIVE that end on a day of the academy."""

    plan_key: PlanKey | None = None
    ending_on: date | None = Field(default=None, examples=["2026-01-31"])
    status: SubscriptionStatus | None = None

    @model_validator(mode="after")
    def _chosen(self) -> Self:
        if self.plan_key is None and self.ending_on is None:
            raise ValueError("planKey or endingOn is needed")
        return self


class SubscriptionRow(ResponseModel):
    """A subscription in a list."""

    id: str
    user_id: str
    user_name: str | None
    plan_key: str
    plan_name: str
    status: str
    starts_at: Instant
    ends_at: Instant


class PlanHeld(ResponseModel):
    """A plan as it was when it was bought or given."""

    key: str
    name: str
    family: str
    tier: int
    duration_days: int


class SliceView(ResponseModel):
    """A part of a subscription's time, of an order or given by staff. ``carriedSeconds``: from what it replaced."""

    merchant_transaction_id: str | None
    seconds: int
    carried_seconds: int
    at: Instant


class SubscriptionView(ResponseModel):
    """A subscription as staff see it.

    ``partiallyRevoked``: some of what it opens was revoked. ``effect``: of giving the plan, in the answer to that.
    """

    id: str
    user_id: str
    plan: PlanHeld
    status: str
    starts_at: Instant
    ends_at: Instant
    source: str
    order_ids: list[str]
    slices: list[SliceView]
    entitlement_ids: list[str]
    partially_revoked: bool
    cancel_reason: str | None
    replaced_by: str | None
    effect: str | None = None
    version: int
    created_at: Instant
    updated_at: Instant


class ChangeView(ResponseModel):
    """Something that a subscription went through. ``by``: SYSTEM, or the id of who of staff did it."""

    id: str
    subscription_id: str
    plan_key: str
    change: str
    seconds_delta: int
    before: dict[str, Any] | None
    after: dict[str, Any]
    moved: list[dict[str, Any]]
    merchant_transaction_id: str | None
    merchant_refund_id: str | None
    by: str
    reason: str | None
    at: Instant

    @classmethod
    def of(cls, one: SubscriptionChange) -> ChangeView:
        """From the item."""
        return cls(
            id=one.id,
            subscription_id=one.subscription_id,
            plan_key=one.plan_key,
            change=one.change,
            seconds_delta=int(one.seconds_delta),
            before=plain(one.before) if one.before is not None else None,
            after=plain(one.after),
            moved=[plain(moved) for moved in one.moved or ()],
            merchant_transaction_id=one.merchant_transaction_id,
            merchant_refund_id=one.merchant_refund_id,
            by=one.by,
            reason=one.reason,
            at=one.at,
        )


class PersonSubscriptions(ResponseModel):
    """Everything of a person's subscriptions, the newest first."""

    subscriptions: list[SubscriptionView]
    changes: list[ChangeView]
    entitlements: list[EntitlementView]


def plan_held(one: Subscription) -> PlanHeld:
    """The plan that a subscription keeps."""
    plan = plain(one.plan)
    return PlanHeld(
        key=one.plan_key,
        name=str(plan["name"]),
        family=str(plan["family"]),
        tier=int(plan["tier"]),
        duration_days=int(plan["durationDays"]),
    )
