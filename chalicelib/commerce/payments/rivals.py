"""Orders for the same things that were once open beside one another (PAY-72): linked when the later one was placed."""

from __future__ import annotations

from chalicelib.commerce.payments.items import PaymentOrder
from chalicelib.platform import store

MAX_LINKS = 10
"""As many checkouts in half an hour as the checkout limit lets through."""


def rivals_of(order: PaymentOrder) -> list[PaymentOrder]:
    """Everything linked to it, forwards and backwards; one batch read a step, none for an order that stands alone."""
    found: dict[str, PaymentOrder] = {}
    ahead = _links(order)
    while ahead and len(found) < MAX_LINKS:
        keys = [PaymentOrder.place(order.user_id, one) for one in ahead]
        steps = [one for one in store.get_many(keys) if isinstance(one, PaymentOrder)]
        found.update((one.id, one) for one in steps)
        ahead = {link for one in steps for link in _links(one)} - set(found) - {order.id}
    return list(found.values())


def _links(order: PaymentOrder) -> set[str]:
    return {str(link) for link in (order.superseded_by, order.supersedes) if link is not None}
