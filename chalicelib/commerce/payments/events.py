"""What the world learns of payments (PAY-37): facts from the table's stream, each told once a change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chalicelib.commerce.payments.items import PaymentOrder, Refund
from chalicelib.commerce.payments.states import Flag, Status
from chalicelib.platform.events.changes import Change, translate
from chalicelib.platform.events.domain import DomainEvent


class OrderEvent(DomainEvent):
    """A fact about an order."""

    user_id: str
    order_id: str

    @property
    def key(self) -> str:
        """An order's facts of one kind happen once."""
        return f"{type(self).__name__}:{self.order_id}"


class OrderPlaced(OrderEvent):
    """An order waits for its payment."""


class OrderSettled(OrderEvent):
    """An order's wait is over; ``checkout_key`` names the open checkout that it had."""

    checkout_key: str


class PaymentSucceeded(OrderSettled):
    """Money came. ``late``: after the order had lapsed. ``granted``: false where it goes straight back.

    ``link_id``: the link to pay that it came through.
    """

    amount_paise: int
    currency: str
    plan_key: str | None
    gateway: str
    late: bool
    granted: bool
    link_id: str | None = None


class PaymentFailed(OrderSettled):
    """No money came, or it was given back from review. ``final``: none can come any more, as far as is known."""

    reason: str | None
    final: bool


class PaymentExpired(OrderEvent):
    """Nothing was heard in time."""


class PaymentHeld(OrderSettled):
    """Money came, and not as asked: staff decide."""

    reason: str | None


class RefundEvent(DomainEvent):
    """A fact about a refund."""

    user_id: str
    order_id: str
    refund_id: str
    amount_paise: int
    cause: str

    @property
    def key(self) -> str:
        """A refund's facts of one kind happen once."""
        return f"{type(self).__name__}:{self.refund_id}"


class RefundRequested(RefundEvent):
    """Money is to go back."""


class RefundSucceeded(RefundEvent):
    """Money went back."""


class RefundFailed(RefundEvent):
    """Money could not be given back: staff must look."""


@translate(PaymentOrder)
def order_events(change: Change[PaymentOrder]) -> Iterator[DomainEvent]:
    """What a change of an order means."""
    order = change.new
    if order is None:
        return
    whose = {"user_id": str(order.user_id), "order_id": order.id}
    if change.inserted and order.status == Status.CREATED:
        yield OrderPlaced(**whose)
    settled = {**whose, "checkout_key": str(order.checkout_key)}
    if change.became("status", Status.SUCCESS):
        yield PaymentSucceeded(
            **settled,
            amount_paise=int(order.captured_paise),
            currency=str(order.captured_currency or order.currency),
            plan_key=order.plan_key,
            gateway=str(order.gateway),
            late=Flag.LATE_SUCCESS in order.flags,
            granted=bool(order.grant_effects),
            link_id=order.link_id,
        )
    if change.became("status", Status.FAILED):
        yield PaymentFailed(**settled, reason=order.status_reason, final=order.next_check_at is None)
    if change.became("status", Status.EXPIRED):
        yield PaymentExpired(**whose)
    if change.became("status", Status.REVIEW):
        yield PaymentHeld(**settled, reason=order.status_reason)


@translate(Refund)
def refund_events(change: Change[Refund]) -> Iterator[DomainEvent]:
    """What a change of a refund means."""
    refund = change.new
    if refund is None:
        return
    facts: dict[str, Any] = {
        "user_id": str(refund.user_id),
        "order_id": str(refund.merchant_transaction_id),
        "refund_id": str(refund.merchant_refund_id),
        "amount_paise": int(refund.amount_paise),
        "cause": str(refund.cause),
    }
    if change.inserted and refund.state == "REQUESTED":
        yield RefundRequested(**facts)
    if change.became("state", "SUCCEEDED"):
        yield RefundSucceeded(**facts)
    if change.became("state", "FAILED"):
        yield RefundFailed(**facts)
