"""Asking for a refund: the order commits the amount, and the refund is put, in one transaction (PAY-80)."""

from __future__ import annotations

from datetime import datetime

from pynamodb.expressions.update import Action

from chalicelib.commerce.payments import audited
from chalicelib.commerce.payments.items import PaymentOrder, Refund
from chalicelib.platform import audit
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.store import Transaction, absent

REQUESTED, PROCESSING, SUCCEEDED, FAILED = "REQUESTED", "PROCESSING", "SUCCEEDED", "FAILED"
SYSTEM = "SYSTEM"


def add_full_refund(
    tx: Transaction,
    order: PaymentOrder,
    *,
    amount: int,
    currency: str,
    cause: str,
    booked: str,
    reason: str,
    now: datetime,
    by: Caller | None = None,
) -> list[Action]:
    """Add the refund of everything captured, and answer the order's own part, to stand in its one update.

    Called only by a transaction whose condition on the order's status lets it happen once; such an order has no refund
    yet, so the whole of ``amount`` is free. ``booked``: the account the money stands on, REVENUE or SUSPENSE.
    """
    refund_id = f"RF{new_ulid()}"
    place = Refund.place(order.id, refund_id)
    refund = Refund(
        place.pk,
        place.sk,
        merchant_refund_id=refund_id,
        merchant_transaction_id=order.id,
        user_id=order.user_id,
        gateway=order.gateway,
        gateway_contract=order.gateway_contract,
        gateway_account=order.gateway_account,
        amount_paise=amount,
        currency=currency,
        cause=cause,
        state=REQUESTED,
        booked=booked,
        reason=reason,
        requested_by=by.user_id if by else SYSTEM,
        requested_at=now,
        created_at=now,
        updated_at=now,
    )
    refund.index()
    tx.put(refund, when=absent(Refund), name="refund")
    facts = audited.meta(order, merchantRefundId=refund_id, refundPaise=amount, kind=cause)
    audit.write(tx, audited.REFUND_CREATE, refund_id, by=by or audit.SYSTEM, meta=facts)
    return [PaymentOrder.refund_committed_paise.set(amount)]
