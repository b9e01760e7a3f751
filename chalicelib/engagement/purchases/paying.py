"""Mails about money: receipts, failures, refunds, what staff must look at (NTF-43, PAY-120, PAY-125)."""

from __future__ import annotations

from typing import Any

from chalicelib.commerce.payments import (
    PaymentFailed,
    PaymentHeld,
    PaymentOrder,
    PaymentSucceeded,
    Refund,
    RefundFailed,
    RefundSucceeded,
)
from chalicelib.engagement.purchases import templates
from chalicelib.engagement.purchases.configuration import STAFF_ALERT_ADDRESSES
from chalicelib.engagement.purchases.posting import amount, order_url, post, post_to_staff, retry_url
from chalicelib.identity.accounts import user_key
from chalicelib.platform import clock, store

FAILED, FULL, OFFLINE = "FAILED", "FULL", "OFFLINE"


def receipt(told: PaymentSucceeded) -> bool:
    """The receipt of a payment: one an order, however often the event comes. Two round trips."""
    user, order = store.get_many([user_key(told.user_id), PaymentOrder.place(told.user_id, told.order_id)])
    if not isinstance(order, PaymentOrder):
        return False
    tax, discount = int(order.tax_paise), int(order.discount_paise)
    payload = {
        "userEmail": getattr(user, "email", None),
        "planName": str(order.title),
        "durationDays": _duration(order),
        "amount": amount(told.amount_paise, told.currency),
        "currency": told.currency,
        "discount": amount(discount, told.currency) if discount and told.granted else None,
        "tax": amount(tax, told.currency) if tax and told.granted else None,
        "taxLabel": str(order.tax_facts().get("label") or "") or None if tax and told.granted else None,
        "merchantTransactionId": told.order_id,
        "paidAt": clock.iso(order.paid_at or order.updated_at),
        "subscriptionEndsAt": max((str(effect["endsAt"]) for effect in order.grant_effects), default=None),
        "late": told.late,
        "returning": None if told.granted else True,
        "orderUrl": order_url(told.order_id),
    }
    return post(user, templates.PAYMENT_SUCCESS, told.order_id, payload)


def failure(told: PaymentFailed) -> bool:
    """That a payment failed, with the way to try again: at most one an order (PAY-125). Three round trips.

    Not when the money was given back from review, and not when the student has begun anew since.
    """
    user, order = store.get_many([user_key(told.user_id), PaymentOrder.place(told.user_id, told.order_id)])
    if not isinstance(order, PaymentOrder) or order.status != FAILED or order.resolution:
        return False
    newest = store.fetch(PaymentOrder.of_user(told.user_id, consistent=True), limit=1).items
    if newest and newest[0].id != order.id:
        return False
    payload = {
        "planName": str(order.title),
        "amount": amount(int(order.amount_paise), str(order.currency)),
        "merchantTransactionId": told.order_id,
        "retryUrl": retry_url(told.order_id, order.plan_key),
    }
    return post(user, templates.PAYMENT_FAILED, told.order_id, payload)


def refunded(told: RefundSucceeded) -> bool:
    """That money went back. Two round trips."""
    user, order, refund = store.get_many(
        [
            user_key(told.user_id),
            PaymentOrder.place(told.user_id, told.order_id),
            Refund.place(told.order_id, told.refund_id),
        ]
    )
    if not isinstance(order, PaymentOrder) or not isinstance(refund, Refund):
        return False
    currency = str(refund.currency)
    payload = {
        "planName": str(order.title),
        "amount": amount(told.amount_paise, currency),
        "currency": currency,
        "merchantTransactionId": told.order_id,
        "merchantRefundId": told.refund_id,
        "refundedAt": clock.iso(refund.processed_at or refund.updated_at),
        "whole": True if order.refund_state == FULL else None,
        "outside": True if refund.mode == OFFLINE else None,
        "daysTaken": int(refund.delta_days) or None,
        "orderUrl": order_url(told.order_id),
    }
    return post(user, templates.REFUND_SUCCEEDED, told.refund_id, payload)


def held(told: PaymentHeld) -> int:
    """Staff are told of money that waits for a decision; how many of them. One read, one write each."""
    order = store.get(PaymentOrder, PaymentOrder.place(told.user_id, told.order_id))
    if order is None:
        return 0
    paise = int(order.captured_paise) or int(order.amount_paise)
    payload = _alert("PAYMENT_HELD", told.order_id, amount(paise, str(order.currency)), told.reason)
    return post_to_staff(STAFF_ALERT_ADDRESSES(), templates.STAFF_ALERT, f"PAYMENT_HELD:{told.order_id}", payload)


def not_refunded(told: RefundFailed) -> int:
    """Staff are told of money that could not be given back; how many of them. One read, one write each."""
    refund = store.get(Refund, Refund.place(told.order_id, told.refund_id))
    if refund is None:
        return 0
    paid_back = amount(told.amount_paise, str(refund.currency))
    payload = _alert("REFUND_FAILED", told.order_id, paid_back, refund.error_code)
    return post_to_staff(STAFF_ALERT_ADDRESSES(), templates.STAFF_ALERT, f"REFUND_FAILED:{told.refund_id}", payload)


def _alert(about: str, order_id: str, paise: str, reason: str | None) -> dict[str, Any]:
    at = clock.iso(clock.now())
    return {"about": about, "merchantTransactionId": order_id, "amount": paise, "at": at, "reason": reason}


def _duration(order: PaymentOrder) -> int | None:
    """Days of the one plan that an order buys."""
    lines = order.line_facts()
    days = lines[0]["snapshot"].get("durationDays") if len(lines) == 1 else None
    return int(days) if days is not None else None
