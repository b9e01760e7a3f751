"""What follows from plans being bought."""

from __future__ import annotations

from chalicelib.commerce.plans import sales
from chalicelib.commerce.subscriptions import SubscriptionActivated, SubscriptionExtended
from chalicelib.platform.work import Grant, consumer


@consumer(on=[SubscriptionActivated, SubscriptionExtended], grants=[Grant.TABLE_WRITE])
def count_plan_sale(event: SubscriptionActivated) -> None:
    """Count a paid order on its plan's day.

    What staff granted by hand has no order and is not counted.
    """
    if event.order_id is not None:
        sales.count(event.plan_key, event.order_id, event.at)
