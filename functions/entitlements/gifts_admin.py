"""Plans given to many at once, for staff."""

from __future__ import annotations

from chalicelib.commerce.plans import PlanNotFound
from chalicelib.commerce.subscriptions import gifts
from chalicelib.commerce.subscriptions.errors import GiftBatchNotFound
from chalicelib.commerce.subscriptions.gift_schemas import GiftBatchPlaced, GiftBatchRequest, GiftBatchView
from chalicelib.platform.http import Actions, Answer, Caller, Grant, Idempotency, Limits, Request, api

READS = [Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY, Grant.SECRET_DATA]


@api.post(
    "/v1/admin/subscriptions/batch",
    action=Actions.PAYMENTS_MANAGE,
    status=202,
    limits=[Limits.BULK],
    grants=[*READS, Grant.TABLE_WRITE],
    raises=[PlanNotFound],
    idempotency=Idempotency.REQUIRED,
    examples={
        "planKey": "notes-yearly",
        "durationDays": 30,
        "emails": ["asha@example.com"],
        "reason": "The school's winter camp",
    },
)
def give_plan_to_many(body: GiftBatchRequest, caller: Caller, request: Request) -> Answer[GiftBatchPlaced]:
    """Give a plan to everybody with one of up to 500 addresses, with the effect that buying it would have.

    Accounts with a proven address get it within seconds; any other address waits until somebody has proven that it is
    theirs. What became of each is told by the batch.
    """
    placed = gifts.place(body, caller, str(request.idempotency_key))
    return Answer(placed, location=f"/v1/admin/subscriptions/batches/{placed.batch_id}")


@api.get(
    "/v1/admin/subscriptions/batches/{batchId}",
    action=Actions.PAYMENTS_READ,
    grants=READS,
    raises=[GiftBatchNotFound],
)
def get_gift_batch(batch_id: str) -> GiftBatchView:
    """A batch of plans given to many: how far it is, and what became of each address."""
    return gifts.shown(batch_id)
