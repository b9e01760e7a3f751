"""What follows from how checkouts end."""

from __future__ import annotations

from chalicelib.commerce.payments import PaymentFailed, PaymentSucceeded, braking, links
from chalicelib.platform.work import Grant, consumer


@consumer(on=[PaymentSucceeded], grants=[Grant.TABLE_WRITE])
def close_payment_link(event: PaymentSucceeded) -> None:
    """Close the link to pay that a paid order came through."""
    if event.link_id is not None:
        links.paid(event.user_id, event.link_id, event.order_id)


@consumer(on=[PaymentFailed], grants=[Grant.TABLE_READ, Grant.TABLE_WRITE])
def brake_checkouts(event: PaymentFailed) -> None:
    """Pause the checkouts of somebody whose payments keep failing."""
    braking.look(event.user_id, event.order_id)
