"""Asking for a refund: the order commits the amount, and the refund is put, in one transaction (PAY-80)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import datetime
from typing import Any, Literal

from pynamodb.expressions.update import Action

from chalicelib.commerce.payments import audited
from chalicelib.commerce.payments.items import PaymentOrder, Refund
from chalicelib.platform import audit
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Transaction, absent

REQUESTED, PROCESSING, SUCCEEDED, FAILED = "REQUESTED", "PROCESSING", "SUCCEEDED", "FAILED"
SYSTEM = "SYSTEM"
Effect = Literal["KEEP", "SHORTEN", "REVOKE"]
Mode = Literal["GATEWAY", "OFFLINE"]


@frozen
class Asked:
    """A refund to put. ``booked``: the account the money stands on, REVENUE or SUSPENSE.

    ``state``: SUCCEEDED for money that was returned outside the gateway, under ``offline_reference``. ``taken``: what
    the sellers took back, kind of line → facts; ``days`` in all. ``by``: who of staff asked, None the system.
    """

    amount: int
    currency: str
    cause: str
    booked: str
    reason: str
    by: Caller | None = None
    refund_id: str = ""
    state: str = REQUESTED
    mode: Mode = "GATEWAY"
    offline_reference: str | None = None
    effect: Effect = "KEEP"
    days: int = 0
    taken: Mapping[str, Any] = field(default_factory=dict)

    def with_taken(self, days: int, taken: Mapping[str, Any]) -> Asked:
        """The same with what the sellers took back for it."""
        return replace(self, days=days, taken=taken)


def new_refund_id() -> str:
    """``merchantRefundId`` (PAY-40)."""
    return f"RF{new_ulid()}"


def add_refund(tx: Transaction, order: PaymentOrder, asked: Asked, now: datetime) -> Refund:
    """Add the refund and its audit entry; the order's part is the caller's: the amount committed under a condition."""
    refund_id = asked.refund_id or new_refund_id()
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
        amount_paise=asked.amount,
        currency=asked.currency,
        cause=asked.cause,
        state=asked.state,
        mode=asked.mode,
        offline_reference=asked.offline_reference,
        booked=asked.booked,
        reason=asked.reason,
        entitlement_effect=asked.effect,
        delta_days=asked.days,
        taken=dict(asked.taken),
        requested_by=asked.by.user_id if asked.by else SYSTEM,
        requested_at=now,
        processed_at=now if asked.state == SUCCEEDED else None,
        created_at=now,
        updated_at=now,
    )
    refund.index()
    tx.put(refund, when=absent(Refund), name="refund")
    facts = audited.meta(
        order,
        merchantRefundId=refund_id,
        refundPaise=asked.amount,
        kind=asked.cause,
        effect=asked.effect,
        deltaDays=asked.days,
    )
    reason = asked.reason if asked.by else None
    audit.write(tx, audited.REFUND_CREATE, refund_id, by=asked.by or audit.SYSTEM, meta=facts, reason=reason)
    return refund


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
    yet, so the whole of ``amount`` is free.
    """
    asked = Asked(amount=amount, currency=currency, cause=cause, booked=booked, reason=reason, by=by)
    add_refund(tx, order, asked, now)
    return [PaymentOrder.refund_committed_paise.set(amount)]
