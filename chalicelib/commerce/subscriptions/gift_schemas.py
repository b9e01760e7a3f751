"""What requests about plans given to many take and answer."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from chalicelib.commerce.plans import Days, PlanKey
from chalicelib.commerce.subscriptions.entitlement_schemas import Reason
from chalicelib.identity.accounts import Email
from chalicelib.platform.http import Instant, RequestModel, ResponseModel

MAX_EMAILS = 500


class GiftBatchRequest(RequestModel):
    """A plan for everybody with one of these addresses; one given twice counts once."""

    plan_key: PlanKey
    duration_days: Annotated[Days | None, Field(description="Default: the plan's own")] = None
    emails: Annotated[list[Email], Field(min_length=1, max_length=MAX_EMAILS)]
    reason: Reason


class GiftBatchPlaced(ResponseModel):
    """A batch that is being worked through. ``total``: different addresses."""

    batch_id: str
    total: int


class GiftView(ResponseModel):
    """What became of one address's part: PENDING, WAITING (nobody has it yet), GIVEN or REFUSED.

    ``email`` is told until it is known whose it is: then ``userId`` is.
    """

    email: str | None
    state: str
    user_id: str | None
    subscription_id: str | None
    refusal: str | None = Field(description="NOT_A_STUDENT or ACCESS_CARD_FULL")


class GiftBatchView(ResponseModel):
    """A batch and how far it is."""

    batch_id: str
    plan_key: str
    duration_days: int
    reason: str
    given_by: str
    created_at: Instant
    total: int
    pending: int
    waiting: int
    given: int
    refused: int
    items: list[GiftView]
