"""Orders as answers: what an owner may know, and what staff see."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.commerce.payments.admin_schemas import AdminOrder, JournalLine, JournalView, RefundView, TransactionView
from chalicelib.commerce.payments.items import JournalEntry, PaymentOrder, PaymentTransaction, Refund
from chalicelib.commerce.payments.schemas import (
    GrantEffectView,
    LineView,
    OrderStatus,
    OwnOrder,
    PublicStatus,
    RefundRow,
    TaxPart,
    TaxView,
)
from chalicelib.commerce.payments.states import OPEN, Flag, Status
from chalicelib.platform import clock
from chalicelib.platform.access.card import plain

_SHOWN: dict[Status, PublicStatus] = {
    Status.CREATED: "CREATED",
    Status.PENDING: "PENDING",
    Status.REVIEW: "PENDING",
    Status.SUCCESS: "SUCCESS",
    Status.FAILED: "FAILED",
    Status.EXPIRED: "EXPIRED",
}
_MESSAGES = {
    Status.CREATED: "Your payment is being prepared.",
    Status.PENDING: "We are waiting for your payment. If you have paid, this page will say so in a moment.",
    Status.REVIEW: "Your payment has arrived and is being checked by our staff; you need not pay again.",
    Status.SUCCESS: "Your payment has arrived and everything you bought is open.",
    Status.FAILED: "The payment did not go through. If money left your account, it comes back or counts by itself.",
    Status.EXPIRED: "We have not received your payment. If you did pay, it will still count as soon as we hear of it.",
}
_RETURNING = "Your payment has arrived; since you had paid already or too late, it is on its way back to you."
_RETURNED = "Your payment was given back to you."


def public_status(order: PaymentOrder) -> PublicStatus:
    """REVIEW is nobody's business but the staff's."""
    return _SHOWN[Status(order.status)]


def statuses_behind(shown: PublicStatus) -> list[str]:
    """The stored statuses that an owner sees as this one."""
    return [str(status) for status, name in _SHOWN.items() if name == shown]


def message(order: PaymentOrder) -> str:
    """One sentence for the return page (PAY-120)."""
    if order.refund_state == "FULL":
        return _RETURNED
    if order.status == Status.SUCCESS and not order.grant_effects:
        return _RETURNING
    return _MESSAGES[Status(order.status)]


def next_poll_seconds(order: PaymentOrder, now: datetime) -> int:
    """2 s in the first minute, then 5 s, after five minutes 15 s; 0 when it is final."""
    if order.status not in (*OPEN, Status.REVIEW):
        return 0
    age = now - order.created_at
    return 2 if age < timedelta(minutes=1) else 5 if age < timedelta(minutes=5) else 15


def status_of(order: PaymentOrder) -> OrderStatus:
    """PAY-03's answer, which names nothing of the gateway."""
    return OrderStatus(
        merchant_transaction_id=order.id,
        status=public_status(order),
        late=Flag.LATE_SUCCESS in order.flags,
        amount_paise=int(order.amount_paise),
        currency=str(order.currency),
        plan_key=order.plan_key,
        message=message(order),
        updated_at=order.updated_at,
        next_poll_seconds=next_poll_seconds(order, clock.now()),
    )


def effect_view(effect: dict[str, Any]) -> GrantEffectView:
    """A grant's effect from its stored form."""
    return GrantEffectView(
        effect=effect["effect"],
        subscription_id=effect["subscriptionId"],
        starts_at=effect["startsAt"],
        ends_at=effect["endsAt"],
        entitlement_ids=list(effect["entitlementIds"]),
    )


def lines_of(order: PaymentOrder) -> list[LineView]:
    """The lines, each with what it opened."""
    effects = [effect_view(dict(effect)) for effect in order.grant_effects]
    return [
        LineView(
            kind=line["kind"],
            ref=line["ref"],
            title=line["title"],
            unit_price_paise=int(line["unitPricePaise"]),
            discount_paise=int(line["discountPaise"]),
            tax_paise=int(line["taxPaise"]),
            total_paise=int(line["totalPaise"]),
            effect=effects[position] if position < len(effects) else None,
        )
        for position, line in enumerate(order.line_facts())
    ]


def tax_of(order: PaymentOrder) -> TaxView:
    """The stored tax."""
    return tax_view(order.tax_facts())


def tax_view(facts: Mapping[str, Any]) -> TaxView:
    """The tax of ``tax.order_tax``."""
    parts = [
        TaxPart(name=part["name"], rate_bps=int(part["rateBps"]), amount_paise=int(part["amountPaise"]))
        for part in facts["components"]
    ]
    return TaxView(
        label=facts["label"],
        rate_bps=int(facts["rateBps"]),
        place_of_supply=facts["placeOfSupply"],
        taxable_paise=int(facts["taxablePaise"]),
        components=parts,
    )


def own_order(order: PaymentOrder, payments: list[PaymentTransaction], refunds: list[Refund]) -> OwnOrder:
    """PAY-06's answer: refunds without their reason (PAY-86)."""
    paid = next((one for one in payments if one.status != "FAILED"), None)
    return OwnOrder(
        merchant_transaction_id=order.id,
        title=order.title,
        status=public_status(order),
        late=Flag.LATE_SUCCESS in order.flags,
        message=message(order),
        lines=lines_of(order),
        coupon_code=order.coupon_code,
        subtotal_paise=int(order.subtotal_paise),
        discount_paise=int(order.discount_paise),
        tax_paise=int(order.tax_paise),
        amount_paise=int(order.amount_paise),
        currency=order.currency,
        tax=tax_of(order),
        payment_mode=paid.payment_mode if paid else None,
        instrument=paid.instrument if paid else None,
        refund_state=order.refund_state,
        refunds=[
            RefundRow(
                merchant_refund_id=refund.merchant_refund_id,
                amount_paise=int(refund.amount_paise),
                state=refund.state,
                requested_at=refund.requested_at,
                processed_at=refund.processed_at,
            )
            for refund in refunds
        ],
        invoice_number=order.invoice_number,
        subscription_ids=[str(effect["subscriptionId"]) for effect in order.grant_effects],
        created_at=order.created_at,
        paid_at=order.paid_at,
        updated_at=order.updated_at,
    )


def admin_facts(order: PaymentOrder) -> dict[str, Any]:
    """The members of ``AdminOrder``."""
    plan = next((line for line in order.line_facts() if line["kind"] == "PLAN"), None)
    effects = list(order.grant_effects)
    at = int(order.next_check_at) if order.next_check_at is not None else None
    names = (
        "title plan_key coupon_code status status_reason currency gateway gateway_contract gateway_account"
        " provider_order_id provider_transaction_id last_checked_at refund_state resolution superseded_by supersedes"
        " duplicate_of created_at updated_at paid_at finalized_at user_id"
    )
    numbers = (
        "subtotal_paise discount_paise tax_paise amount_paise captured_paise check_count refund_committed_paise"
        " refunded_paise version"
    )
    return {
        **{name: getattr(order, name) for name in names.split()},
        **{name: int(getattr(order, name)) for name in numbers.split()},
        "merchant_transaction_id": order.id,
        "flags": list(order.flags),
        "lines": lines_of(order),
        "plan_snapshot": dict(plan["snapshot"]) if plan else None,
        "tax": tax_of(order),
        "billing": plain(order.billing) if order.billing is not None else None,
        "offline": plain(order.offline) if order.offline is not None else None,
        "next_check_at": datetime.fromtimestamp(at, UTC) if at is not None else None,
        "grant_effect": effect_view(dict(effects[0])) if effects else None,
    }


def admin_order(order: PaymentOrder) -> AdminOrder:
    """The order as it is."""
    return AdminOrder(**admin_facts(order))


def transaction_view(one: PaymentTransaction) -> TransactionView:
    """One try to pay."""
    return TransactionView(
        provider_transaction_id=one.provider_transaction_id,
        amount_paise=int(one.amount_paise),
        currency=one.currency,
        status=one.status,
        payment_mode=one.payment_mode,
        instrument=one.instrument,
        utr=one.utr,
        fee_paise=int(one.fee_paise) if one.fee_paise is not None else None,
        created_at=one.created_at,
    )


def refund_view(one: Refund) -> RefundView:
    """A refund with everything."""
    return RefundView(
        merchant_refund_id=one.merchant_refund_id,
        amount_paise=int(one.amount_paise),
        currency=one.currency,
        kind=one.cause,
        state=one.state,
        mode=one.mode,
        reason=one.reason,
        entitlement_effect=one.entitlement_effect,
        delta_days=int(one.delta_days),
        offline_reference=one.offline_reference,
        credit_note_number=one.credit_note_number,
        provider_refund_id=one.provider_refund_id,
        error_code=one.error_code,
        requested_by=one.requested_by,
        requested_at=one.requested_at,
        processed_at=one.processed_at,
    )


def journal_view(one: JournalEntry) -> JournalView:
    """A ledger entry."""
    return JournalView(
        entry_id=one.entry_id,
        lines=[
            JournalLine(
                account=line["account"], debit_paise=int(line["debitPaise"]), credit_paise=int(line["creditPaise"])
            )
            for line in one.lines
        ],
        currency=one.currency,
        at=one.at,
        by=one.by,
        memo=one.memo,
    )
