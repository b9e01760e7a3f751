"""Orders as functions load them and policies see them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from chalicelib.commerce.payments.errors import OrderNotFound
from chalicelib.commerce.payments.items import OrderLocator, PaymentOrder
from chalicelib.platform import clock, store
from chalicelib.platform.access.resources import Entity, Resource, Thing


def order_entity(order: PaymentOrder) -> Entity:
    """An order for the policies. Captured 23 hours and 59 minutes ago is 23 hours ago."""
    attributes: dict[str, Any] = {"ownerId": str(order.user_id)}
    if order.paid_at is not None:
        attributes["capturedHoursAgo"] = (clock.now() - order.paid_at) // timedelta(hours=1)
    return Entity("Order", order.id, attributes)


def _located(order_id: str) -> PaymentOrder | None:
    locator = store.get(OrderLocator, OrderLocator.place(order_id))
    return store.get(PaymentOrder, PaymentOrder.place(str(locator.user_id), order_id)) if locator else None


OWN_ORDER = Resource(
    param="order",
    item=PaymentOrder,
    key=lambda path, caller_id: PaymentOrder.place(caller_id, path["merchantTransactionId"]),
    entity=order_entity,
    missing=OrderNotFound,
)
"""An order of the caller: somebody else's simply is not in their partition."""

ORDER = Thing(
    "Order",
    PaymentOrder,
    lambda order_id, person_id: PaymentOrder.place(person_id, order_id),
    order_entity,
    OrderNotFound,
    elsewhere=_located,
)
