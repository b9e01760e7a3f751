"""The brake on cards that are tried out (PAY-127): who has many payments fail within an hour pauses for an hour.

Counted from the orders themselves, by a consumer of their failures: an event that comes twice counts nothing twice.
"""

from __future__ import annotations

from datetime import timedelta
from typing import cast

from pynamodb.expressions.condition import Condition

from chalicelib.commerce.payments.errors import CheckoutPaused
from chalicelib.commerce.payments.items import CheckoutPause, PaymentOrder
from chalicelib.commerce.payments.states import Status
from chalicelib.platform import clock, settings, signals, store
from chalicelib.platform.logs import count_metric
from chalicelib.platform.signals import Severity, SignalType
from chalicelib.platform.store import ConditionFailed, Item

CHECKOUT_FAILURES_AN_HOUR = settings.integer("CHECKOUT_FAILURES_AN_HOUR", default=5, minimum=1, maximum=100)
CHECKOUT_PAUSE_MINUTES = settings.integer("CHECKOUT_PAUSE_MINUTES", default=60, minimum=1, maximum=1_440)
WITHIN = timedelta(hours=1)
_OLDEST = timedelta(hours=3)
"""Orders fail while somebody waits for them: within an hour or two of being placed."""
_KEPT_SECONDS = 86_400


def check(pause: Item | None) -> None:
    """Raise ``CheckoutPaused`` while the pause that was read lasts."""
    left = int(pause.until) - clock.epoch() if isinstance(pause, CheckoutPause) else 0
    if left > 0:
        raise CheckoutPaused(retry_after=left)


def look(user_id: str, order_id: str) -> None:
    """An order failed: pause its owner's checkouts if that is one too many. Harmless to repeat."""
    now = clock.now()
    recent = {"begins_with": None, "between": PaymentOrder.user_range(now - _OLDEST, now + WITHIN), "consistent": True}
    orders = store.every(PaymentOrder.of_user(user_id, where=PaymentOrder.status == str(Status.FAILED), **recent))
    failed = sum(1 for order in orders if order.finalized_at is not None and order.finalized_at > now - WITHIN)
    if failed > CHECKOUT_FAILURES_AN_HOUR() and _pause(user_id):
        count_metric("CheckoutsPaused")
        meta = {"failed": failed}
        signals.notice(SignalType.PAYMENT_FAILURES, Severity.MEDIUM, user_id=user_id, meta=meta, cause=order_id)


def _pause(user_id: str) -> bool:
    """False when a pause is under way: what fails meanwhile was placed before it, and prolongs nothing."""
    now = clock.epoch()
    until = now + CHECKOUT_PAUSE_MINUTES() * 60
    item = CheckoutPause(*CheckoutPause.place(user_id), until=until, ttl=until + _KEPT_SECONDS)
    over = CheckoutPause.until.does_not_exist() | (CheckoutPause.until <= now)
    try:
        store.put(item, when=cast(Condition, over))
    except ConditionFailed:
        return False
    return True
