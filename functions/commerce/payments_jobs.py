"""What follows orders and refunds to their end: workflow tasks, consumers, the event queue, schedules."""

from __future__ import annotations

from chalicelib.commerce import selling
from chalicelib.commerce.payments import following, reconciliation, webhooks
from chalicelib.commerce.payments.configuration import RECONCILER_RATE_MINUTES
from chalicelib.commerce.payments.events import (
    OrderPlaced,
    OrderSettled,
    PaymentFailed,
    PaymentHeld,
    PaymentSucceeded,
    RefundRequested,
)
from chalicelib.commerce.payments.following import OrderState, RefundState
from chalicelib.commerce.payments.reconciliation import Summary
from chalicelib.commerce.payments.webhooks import EventMessage
from chalicelib.platform.events.queues import Queues
from chalicelib.platform.work import Cron, Grant, JobRun, Rate, consumer, job, task, worker

__all__ = ["selling"]

FINALIZER = [Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.GATEWAY_TOKEN, Grant.SECRET_PHONEPE]


@consumer(on=[OrderPlaced], grants=[Grant.START_FINALIZATION])
def follow_order(event: OrderPlaced) -> None:
    """Start the workflow of an order that was placed.

    From the stream and not from checkout, so that it runs even if checkout died after it had called the gateway.
    """
    following.start_following(event)


@task(grants=FINALIZER, timeout=60)
def check_order(given: OrderState) -> OrderState:
    """Ask the gateway about an order, and finalize it if it says how it went."""
    return following.check(given, last=False)


@task(grants=FINALIZER, timeout=60)
def expire_order(given: OrderState) -> OrderState:
    """Ask once more, and end the waiting."""
    return following.check(given, last=True)


@worker(Queues.PAYMENT_EVENTS, grants=FINALIZER)
def process_payment_event(message: EventMessage) -> None:
    """Work through a webhook that was stored: ask the gateway, and finalize the order or settle the refund."""
    webhooks.process(message)


@consumer(on=[PaymentSucceeded, PaymentFailed, PaymentHeld], grants=[Grant.TABLE_WRITE])
def close_open_checkout(event: OrderSettled) -> None:
    """Forget the open checkout of an order that is settled, so that the next checkout starts afresh.

    While late money may still come it is kept: a purchase beside it then knows of it.
    """
    if isinstance(event, PaymentFailed) and not event.final:
        return
    following.close_checkout(event.user_id, event.checkout_key, event.order_id)


@consumer(on=[RefundRequested], grants=[Grant.START_REFUND])
def follow_refund(event: RefundRequested) -> None:
    """Start the workflow of a refund."""
    following.refund_requested(event)


@task(grants=FINALIZER, timeout=60)
def check_refund(given: RefundState) -> RefundState:
    """Send a refund to the gateway, or ask how it stands, and settle it."""
    return following.check_refund(given)


@job(
    "reconcile-payments",
    every=Rate(minutes=RECONCILER_RATE_MINUTES()),
    grants=[*FINALIZER, Grant.START_FINALIZATION, Grant.START_REFUND, Grant.SEND_PAYMENT_EVENTS],
    timeout=300,
)
def reconcile_payments(run: JobRun) -> Summary:
    """Look after open orders that nobody follows, events that nobody worked through, refunds that nobody began."""
    return reconciliation.reconcile()


@job("check-late-payments", every=Cron("5 * * * ? *"), grants=FINALIZER, timeout=300)
def check_late_payments(run: JobRun) -> Summary:
    """Ask about orders that lapsed: money that came late is honoured."""
    return reconciliation.check_late()
