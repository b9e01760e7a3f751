"""Staff give money back (PAY-13): what may be refunded, how much, and what it takes of what the order opened."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Mapping
from typing import Any, cast

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.commerce import sellers
from chalicelib.commerce.payments import journal, refund_endings
from chalicelib.commerce.payments.errors import (
    OrderNotFound,
    OrderNotRefundable,
    RefundExceedsPayment,
    RefundUnsupported,
)
from chalicelib.commerce.payments.items import OrderLocator, PaymentOrder, Refund
from chalicelib.commerce.payments.refund_requests import REQUESTED, SUCCEEDED, Asked, Effect, add_refund
from chalicelib.commerce.payments.refund_schemas import RefundRequest
from chalicelib.commerce.payments.resources import order_entity
from chalicelib.commerce.payments.states import Status, is_in
from chalicelib.commerce.sellers import CannotGrant, SoldLine, Taking
from chalicelib.platform import clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.access.catalogue import Actions
from chalicelib.platform.access.decisions import require
from chalicelib.platform.errors import Conflict, IdempotencyKeyReused, invalid
from chalicelib.platform.store import Transaction, TransactionLost

TRIES = 6
REFUNDABLE = (Status.SUCCESS, Status.REVIEW)
WITHOUT_GATEWAY = ("NONE", "OFFLINE")
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def refund(locator: OrderLocator, caller: Caller, wanted: RefundRequest, key: str) -> Refund:
    """Ask for a refund, once a ``key``: its name follows from the key, so that a request that is sent again, even after
    its answer was lost, finds what it asked for.

    Who loses a race reads again and decides on what won: of two who give everything back at once, one does.
    """
    order_id, user_id = str(locator.merchant_transaction_id), str(locator.user_id)
    refund_id = _refund_id(order_id, caller.user_id, key)
    for attempt in range(TRIES):
        order, card, known = store.get_many(
            [PaymentOrder.place(user_id, order_id), AccessCard.place(user_id), Refund.place(order_id, refund_id)]
        )
        if not isinstance(order, PaymentOrder):
            raise OrderNotFound
        require(caller, Actions.PAYMENTS_REFUND, order_entity(order))
        if isinstance(known, Refund):
            return _same(known, wanted)
        asked = _decide(order, caller, wanted, refund_id)
        try:
            return _request(order, card if isinstance(card, AccessCard) else None, asked)
        except TransactionLost:
            time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311  # jitter, not a secret
    raise Conflict


def _refund_id(order_id: str, caller_id: str, key: str) -> str:
    """``RF`` and a ULID of the order's time that is the same for the same request."""
    digest = hashlib.sha256(f"{order_id}#{caller_id}#{key}".encode()).digest()
    return "RF" + order_id[3:13] + "".join(_CROCKFORD[byte & 31] for byte in digest[:16])


def _same(known: Refund, wanted: RefundRequest) -> Refund:
    """What the key asked for before; 422 when it asks for something else now."""
    same_amount = wanted.amount_paise in (None, int(known.amount_paise))
    if not same_amount or (wanted.reason, wanted.mode) != (known.reason, known.mode):
        raise IdempotencyKeyReused
    return known


def _decide(order: PaymentOrder, caller: Caller, wanted: RefundRequest, refund_id: str) -> Asked:
    """What is put, or the refusal (PAY-80, PAY-82, PAY-88)."""
    held, captured = order.status == Status.REVIEW, int(order.captured_paise)
    left = captured - int(order.refund_committed_paise)
    offline = _is_offline(wanted, caller)
    if order.status not in REFUNDABLE or captured == 0 or (left == 0 and wanted.amount_paise is None):
        raise OrderNotRefundable
    if held and order.resolution:
        raise OrderNotRefundable
    amount = wanted.amount_paise or left
    if amount > left:
        raise RefundExceedsPayment({"leftPaise": left})
    if order.gateway in WITHOUT_GATEWAY and not offline:
        raise RefundUnsupported({"reason": "NO_GATEWAY"})
    if held and amount < captured:
        raise RefundUnsupported({"reason": "IN_FULL_ONLY"})
    usual: Effect = "REVOKE" if amount == left else "KEEP"
    return Asked(
        amount=amount,
        currency=str(order.captured_currency or order.currency),
        cause="REVIEW" if held else "CUSTOMER",
        booked=journal.SUSPENSE if held else journal.REVENUE,
        reason=wanted.reason,
        by=caller,
        refund_id=refund_id,
        state=SUCCEEDED if offline else REQUESTED,
        mode=wanted.mode,
        offline_reference=wanted.offline_reference,
        effect="KEEP" if held else wanted.entitlement_effect or usual,
    )


def _is_offline(wanted: RefundRequest, caller: Caller) -> bool:
    """Money that went back outside the gateway is recorded by who may record money, under its reference (PAY-88)."""
    offline = wanted.mode == "OFFLINE"
    if offline:
        require(caller, Actions.PAYMENTS_MANAGE)
    if offline and wanted.offline_reference is None:
        raise invalid("body.offlineReference", "REQUIRED", "names the transfer by which the money went back")
    if not offline and wanted.offline_reference is not None:
        raise invalid("body.offlineReference", "NOT_ALLOWED", "belongs to mode OFFLINE")
    return offline


def _request(order: PaymentOrder, card: AccessCard | None, asked: Asked) -> Refund:
    """One transaction: the amount is committed, the refund put, and its effect on what was bought applied (PAY-82)."""
    now, tx = clock.now(), Transaction()
    days, taken = _take_back(tx, order, card, asked)
    refund = add_refund(tx, order, asked.with_taken(days, taken), now)
    committed = int(order.refund_committed_paise)
    actions: list[Action] = [PaymentOrder.refund_committed_paise.set(committed + asked.amount)]
    condition = cast(Condition, (PaymentOrder.refund_committed_paise == committed) & is_in(Status(order.status)))
    if order.status == Status.REVIEW:
        actions.append(PaymentOrder.resolution.set("REFUND"))
        condition = cast(Condition, condition & PaymentOrder.resolution.does_not_exist())
    if asked.state == SUCCEEDED:
        more, so_far = refund_endings.paid_out(tx, refund, order, now)
        actions, condition = [*actions, *more], cast(Condition, condition & so_far)
    else:
        actions += [PaymentOrder.updated_at.set(now), PaymentOrder.version.set(PaymentOrder.version + 1)]
    tx.update(PaymentOrder, order.itself, actions, when=condition, name="order")
    tx.commit()
    return refund


def _take_back(
    tx: Transaction, order: PaymentOrder, card: AccessCard | None, asked: Asked
) -> tuple[int, Mapping[str, Any]]:
    """Have the sellers take back what the refund takes: the days, and their facts by kind of line."""
    if asked.effect == "KEEP" or card is None or not order.grant_effects:
        return 0, {}
    part = (asked.amount, int(order.captured_paise)) if asked.effect == "SHORTEN" else None
    taking = Taking(order.id, asked.refund_id, clock.now(), part, asked.by, asked.reason)
    lines = [SoldLine(line["kind"], line["ref"], line["snapshot"]) for line in order.line_facts()]
    days, facts = 0, {}
    for kind in dict.fromkeys(line.kind for line in lines):
        try:
            taken = sellers.seller(kind).take_back(tx, card, [one for one in lines if one.kind == kind], taking)
        except CannotGrant as refusal:
            raise OrderNotRefundable({"reason": refusal.reason}) from refusal
        days += taken.days
        if taken.facts:
            facts[kind] = taken.facts
    return days, facts
