"""What happened to an order, in order of time: one answer to «I paid, where is it» (PAY-117). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from chalicelib.commerce.payments.admin_schemas import Moment
from chalicelib.commerce.payments.items import JournalEntry, PaymentOrder, PaymentTransaction, Refund
from chalicelib.commerce.payments.states import LAPSED, Flag, Status
from chalicelib.platform import clock


def of(
    order: PaymentOrder,
    payments: Sequence[PaymentTransaction],
    refunds: Sequence[Refund],
    entries: Sequence[JournalEntry],
    events: Sequence[Mapping[str, Any]],
) -> list[Moment]:
    """Oldest first; of the same instant, in the order of the story."""
    moments = [*_order(order), *_gateway(payments, events), *_refunds(refunds), *_ledger(entries)]
    return sorted(moments, key=lambda moment: moment.at)


def _moment(at: datetime | str, what: str, **more: Any) -> Moment:
    instant = clock.parse_iso(at) if isinstance(at, str) else at
    return Moment(at=instant, what=what, **more)


def _order(order: PaymentOrder) -> Iterator[Moment]:
    yield _moment(order.created_at, "ORDER_PLACED", amount_paise=int(order.amount_paise))
    if order.last_checked_at is not None:
        yield _moment(order.last_checked_at, "LAST_CHECKED", detail=f"{int(order.check_count)} checks")
    if order.paid_at:
        late = Flag.LATE_SUCCESS in order.flags
        what = "PAID_LATE" if late else "PAID"
        yield _moment(order.paid_at, what, detail=_granted(order), amount_paise=int(order.captured_paise))
    elif order.finalized_at and order.status in (*LAPSED, Status.REVIEW):
        yield _moment(order.finalized_at, f"BECAME_{order.status}", detail=order.status_reason)


def _granted(order: PaymentOrder) -> str | None:
    effects = [f"{effect['effect']} until {effect['endsAt']}" for effect in order.grant_effects]
    return ", ".join(effects) or order.status_reason


def _gateway(payments: Sequence[PaymentTransaction], events: Sequence[Mapping[str, Any]]) -> Iterator[Moment]:
    for event in events:
        detail = f"{event['event_type']} ({event['state']})"
        yield _moment(str(event["received_at"]), "GATEWAY_TOLD", detail=detail, reference=str(event["event_id"]))
    for one in payments:
        yield _moment(
            one.created_at,
            f"PAYMENT_{one.status}",
            detail=one.payment_mode,
            reference=str(one.utr or one.provider_transaction_id),
            amount_paise=int(one.amount_paise),
        )


def _refunds(refunds: Sequence[Refund]) -> Iterator[Moment]:
    for one in refunds:
        told = {"reference": str(one.merchant_refund_id), "amount_paise": int(one.amount_paise)}
        yield _moment(one.requested_at, "REFUND_REQUESTED", detail=str(one.cause), by=str(one.requested_by), **told)
        if one.processed_at is not None:
            yield _moment(one.processed_at, f"REFUND_{one.state}", detail=one.error_code, **told)


def _ledger(entries: Sequence[JournalEntry]) -> Iterator[Moment]:
    for entry in entries:
        amount = sum(int(line["debitPaise"]) for line in entry.lines)
        yield _moment(
            entry.at,
            "BOOKED",
            detail=str(entry.memo),
            reference=str(entry.entry_id),
            by=str(entry.by),
            amount_paise=amount,
        )
