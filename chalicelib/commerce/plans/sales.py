"""How many orders of a plan were paid (PLAN-06): a counter a day, kept by the events of what was bought."""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.commerce.plans.items import PlanDay, PlanPurchase, plan_days
from chalicelib.platform import clock, store

SHOWN_DAYS = 30


def count(key: str, order_id: str, at: datetime) -> None:
    """Count an order once, however often the event comes. ``at``: when it was paid."""
    tx = store.Transaction()
    tx.put(PlanPurchase.of(key, order_id, at), when=store.absent(PlanPurchase), name="counted")
    tx.update(
        PlanDay,
        PlanDay.place(key, clock.academy_day(at)),
        [PlanDay.orders.add(1), PlanDay.kind.set(PlanDay)],
    )
    try:
        tx.commit()
    except store.TransactionLost as lost:
        if not lost.failed("counted"):
            raise


def recent(key: str) -> int:
    """Orders paid today and on the 29 days before, as counted so far. One query."""
    last = clock.academy_day(clock.now())
    found = store.every(plan_days(key, last - timedelta(days=SHOWN_DAYS - 1), last))
    return sum(int(day.orders) for day in found)
