"""The steps of the two workflows: what their tasks are given and answer (PAY-30, PAY-34).

How long to wait next stands in the answer; retries, catches and time-outs stand in the definitions.
"""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from chalicelib.commerce.payments import refunds
from chalicelib.commerce.payments.configuration import (
    PAYMENT_EXPIRE_MINUTES,
    PAYMENT_POLL_SCHEDULE,
    REFUND_POLL_SCHEDULE,
)
from chalicelib.commerce.payments.deciding import expires_at
from chalicelib.commerce.payments.events import OrderPlaced, RefundRequested
from chalicelib.commerce.payments.finalization import Ask, finalize
from chalicelib.commerce.payments.items import OpenCheckout
from chalicelib.commerce.payments.states import OPEN
from chalicelib.platform import clock, store
from chalicelib.platform.logs import alarm
from chalicelib.platform.store import ConditionFailed
from chalicelib.platform.workflows import Workflows

REFUND_PATIENCE = timedelta(days=7)
SLACK_SECONDS = 30
"""So much later than the workflow's own next check the reconciler thinks that the workflow is gone."""


class _State(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")


class OrderState(_State):
    """State of ``finalize-payment``: it goes round with this.

    ``round``: waits so far. ``done``: nothing is left to wait for. ``overdue``: nobody waits any longer.
    """

    merchant_transaction_id: str
    user_id: str
    round: int = 0
    wait_seconds: int = 0
    status: str = "CREATED"
    done: bool = False
    overdue: bool = False


class RefundState(_State):
    """State of ``refund-payment``. ``given_up``: a week has passed, people must look."""

    merchant_refund_id: str
    merchant_transaction_id: str
    round: int = 0
    wait_seconds: int = 0
    state: str = "REQUESTED"
    done: bool = False
    given_up: bool = False
    requested_at: str = ""


def start_following(placed: OrderPlaced | OrderState) -> bool:
    """Start the order's workflow; False when it was started before (same name, same order)."""
    order_id = placed.order_id if isinstance(placed, OrderPlaced) else placed.merchant_transaction_id
    given = OrderState(
        merchant_transaction_id=order_id, user_id=placed.user_id, wait_seconds=PAYMENT_POLL_SCHEDULE().wait(0)
    )
    return Workflows.FINALIZE_PAYMENT.start(order_id, given.model_dump(mode="json", by_alias=True))


def start_refunding(refund_id: str, order_id: str) -> bool:
    """Start the refund's workflow; False when it was started before."""
    given = RefundState(
        merchant_refund_id=refund_id, merchant_transaction_id=order_id, requested_at=clock.iso(clock.now())
    )
    return Workflows.REFUND_PAYMENT.start(refund_id, given.model_dump(mode="json", by_alias=True))


def refund_requested(asked: RefundRequested) -> None:
    """A refund was put: follow it."""
    start_refunding(asked.refund_id, asked.order_id)


def check(given: OrderState, *, last: bool) -> OrderState:
    """Look at the order once. ``last``: nobody waits any longer, so it expires unless the gateway says otherwise."""
    turn = given.round + 1
    wait = PAYMENT_POLL_SCHEDULE().wait(turn)
    result = finalize(
        Ask(
            given.merchant_transaction_id,
            given.user_id,
            may_expire=last,
            next_check_at=clock.epoch() + 2 * wait + SLACK_SECONDS,
        )
    )
    overdue = clock.now() >= expires_at(result.order.created_at, PAYMENT_EXPIRE_MINUTES())
    return given.model_copy(
        update={
            "round": turn,
            "wait_seconds": wait,
            "status": str(result.status),
            "done": result.status not in OPEN,
            "overdue": overdue,
        }
    )


def check_refund(given: RefundState) -> RefundState:
    """Take the refund one step further."""
    refund = refunds.follow(given.merchant_transaction_id, given.merchant_refund_id)
    done = refund.state in refunds.FINAL
    given_up = not done and clock.now() - refund.requested_at >= REFUND_PATIENCE
    if given_up:
        alarm("a refund has no end after a week", merchantRefundId=given.merchant_refund_id)
    return given.model_copy(
        update={
            "round": given.round + 1,
            "wait_seconds": REFUND_POLL_SCHEDULE().wait(given.round),
            "state": str(refund.state),
            "done": done,
            "given_up": given_up,
        }
    )


def close_checkout(user_id: str, checkout_key: str, order_id: str) -> None:
    """The order of an open checkout is final: the next checkout of the same lines starts afresh."""
    still = OpenCheckout.merchant_transaction_id == order_id
    try:
        store.delete(OpenCheckout, OpenCheckout.place(user_id, checkout_key), when=still)
    except ConditionFailed:
        # Another checkout has taken its place, or it was closed before.
        return
