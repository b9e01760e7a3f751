"""A refund that is over, for whoever needs one to look at."""

from __future__ import annotations

from chalicelib.commerce.payments.items import Refund
from chalicelib.platform import clock, store
from chalicelib.platform.ids import new_ulid


def put_refund(user_id: str) -> str:
    """A refund that was paid out; its id."""
    order_id, refund_id, now = f"TXN{new_ulid()}", f"RF{new_ulid()}", clock.now()
    refund = Refund(
        *Refund.place(order_id, refund_id),
        merchant_refund_id=refund_id,
        merchant_transaction_id=order_id,
        user_id=user_id,
        gateway="PHONEPE",
        amount_paise=100,
        currency="INR",
        cause="CUSTOMER",
        state="SUCCEEDED",
        reason="Bought by mistake",
        requested_by="SYSTEM",
        requested_at=now,
        processed_at=now,
        created_at=now,
        updated_at=now,
    )
    refund.index()
    store.put(refund)
    return refund_id
