"""Writing down that an open order was looked at, without touching its outcome."""

from __future__ import annotations

from pynamodb.expressions.update import Action

from chalicelib.commerce.payments import audited
from chalicelib.commerce.payments.items import PaymentOrder
from chalicelib.commerce.payments.states import checked_again
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.store import ConditionFailed, Transaction, TransactionLost


def note(order: PaymentOrder, next_check_at: int | None, *, by: Caller | None, reason: str | None) -> PaymentOrder:
    """One more check, and when the next one is due; if the order changed meanwhile, what it became counts."""
    actions: list[Action] = [
        PaymentOrder.last_checked_at.set(clock.now()),
        PaymentOrder.check_count.set(PaymentOrder.check_count + 1),
        PaymentOrder.version.set(PaymentOrder.version + 1),
        *checked_again(next_check_at),
    ]
    unchanged = PaymentOrder.status == str(order.status)
    try:
        if by is None:
            return store.update(PaymentOrder, order.itself, actions, when=unchanged)
        tx = Transaction()
        tx.update(PaymentOrder, order.itself, actions, when=unchanged, name="order")
        meta = audited.meta(order, outcome="UNCHANGED")
        audit.write(tx, audited.ORDER_FINALIZE, order.id, by=by, meta=meta, reason=reason)
        tx.commit()
    except (ConditionFailed, TransactionLost):
        pass
    return store.get(PaymentOrder, order.itself) or order
