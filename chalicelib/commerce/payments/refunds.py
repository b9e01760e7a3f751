"""Giving money back (PAY-34): asked for once, then followed until the gateway says how it ended.

A refund's name makes it one at the gateway: should a request be lost on its way, the gateway says it never heard of
that name, and only then the same request is sent again.
"""

from __future__ import annotations

from typing import cast

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.commerce import gateways
from chalicelib.commerce.gateways import GatewayRefund, KnownAlready, NoAnswer, NotSent, RefundStatus, Refused, State
from chalicelib.commerce.payments import audited, journal
from chalicelib.commerce.payments.items import PaymentOrder, PaymentTransaction, Refund
from chalicelib.commerce.payments.refund_requests import FAILED, PROCESSING, REQUESTED, SUCCEEDED
from chalicelib.commerce.payments.states import Status, move
from chalicelib.platform import audit, clock, store
from chalicelib.platform.logs import alarm, event
from chalicelib.platform.store import ConditionFailed, Transaction, TransactionLost

FINAL = (SUCCEEDED, FAILED)
LOST_AFTER_SECONDS = 60
"""So long after it was sent, a refund that the gateway has never heard of did not arrive."""


class RefundMissing(LookupError):
    """There is no such refund."""


def _read(order_id: str, refund_id: str) -> Refund:
    refund = store.get(Refund, Refund.place(order_id, refund_id))
    if refund is None:
        raise RefundMissing(refund_id)
    return refund


def _known_as(refund: Refund) -> GatewayRefund:
    return GatewayRefund(
        ref=str(refund.merchant_refund_id),
        order_ref=str(refund.merchant_transaction_id),
        amount=int(refund.amount_paise),
        currency=str(refund.currency),
        contract=str(refund.gateway_contract or ""),
        account=str(refund.gateway_account or ""),
    )


def follow(order_id: str, refund_id: str) -> Refund:
    """Take a refund one step further: send it, or ask how it stands, and settle it once that is known.

    Raises ``GatewayTrouble`` when the gateway cannot be asked now.
    """
    refund = _read(order_id, refund_id)
    if refund.state in FINAL:
        return refund
    if refund.state == REQUESTED:
        return _send(refund)
    gateway = gateways.gateway(str(refund.gateway))
    answer = gateway.refund_status(_known_as(refund))
    if answer.state is State.UNKNOWN:
        if clock.epoch() - int(refund.sent_at) < LOST_AFTER_SECONDS:
            return refund
        event("a refund never reached the gateway", merchantRefundId=refund_id)
        return _send(refund)
    return settle(refund, answer)


def _send(refund: Refund) -> Refund:
    """Send the request, if this run is the one that may: the claim is written before the call."""
    now = clock.now()
    unclaimed = (Refund.state == str(refund.state)) & (Refund.sends == int(refund.sends))
    try:
        refund = store.update(
            Refund,
            refund.itself,
            [
                *_moved(refund, PROCESSING),
                Refund.sends.set(Refund.sends + 1),
                Refund.sent_at.set(clock.epoch()),
                Refund.updated_at.set(now),
            ],
            when=cast(Condition, unclaimed),
        )
    except ConditionFailed:
        return _read(str(refund.merchant_transaction_id), str(refund.merchant_refund_id))
    try:
        answer = gateways.gateway(str(refund.gateway)).refund(_known_as(refund))
    except Refused as refusal:
        return settle(refund, RefundStatus(State.FAILED, error_code=refusal.reason))
    except (NoAnswer, KnownAlready, NotSent) as trouble:
        event("a refund has no answer yet", merchantRefundId=refund.merchant_refund_id, trouble=trouble.reason)
        return refund
    return settle(refund, answer)


def settle(refund: Refund, answer: RefundStatus) -> Refund:
    """Write down how a refund ended, once; PENDING and UNKNOWN leave it as it is (PAY-83)."""
    if refund.state in FINAL or answer.state not in (State.SUCCESS, State.FAILED):
        return refund
    order = store.get(PaymentOrder, PaymentOrder.place(str(refund.user_id), str(refund.merchant_transaction_id)))
    if order is None:
        raise RefundMissing(str(refund.merchant_transaction_id))
    tx = Transaction()
    if answer.state is State.SUCCESS:
        _succeed(tx, refund, order, answer)
    else:
        _fail(tx, refund, order, answer)
    try:
        tx.commit()
    except TransactionLost:
        event("a refund was settled elsewhere", merchantRefundId=refund.merchant_refund_id)
    else:
        if answer.state is State.FAILED:
            alarm("a refund failed", merchantRefundId=refund.merchant_refund_id, code=answer.error_code)
    return _read(str(refund.merchant_transaction_id), str(refund.merchant_refund_id))


def _moved(refund: Refund, state: str) -> list[Action]:
    return [
        Refund.state.set(state),
        Refund.row["state"].set(state),
        Refund.gsi2pk.set(Refund.state_partition(state, refund.created_at)),
        Refund.version.set(Refund.version + 1),
    ]


def _end(tx: Transaction, refund: Refund, state: str, answer: RefundStatus) -> None:
    now = clock.now()
    actions = [*_moved(refund, state), Refund.updated_at.set(now), Refund.processed_at.set(now)]
    if answer.provider_refund_id:
        actions.append(Refund.provider_refund_id.set(answer.provider_refund_id))
    if answer.error_code:
        actions.append(Refund.error_code.set(answer.error_code))
    tx.update(Refund, refund.itself, actions, when=Refund.state == PROCESSING, name="refund")


def _succeed(tx: Transaction, refund: Refund, order: PaymentOrder, answer: RefundStatus) -> None:
    now, amount = clock.now(), int(refund.amount_paise)
    _end(tx, refund, SUCCEEDED, answer)
    before, captured = int(order.refunded_paise), int(order.captured_paise)
    state = "FULL" if before + amount >= captured else "PARTIAL"
    actions: list[Action] = [
        PaymentOrder.refunded_paise.set(before + amount),
        PaymentOrder.refund_state.set(state),
        PaymentOrder.row["refund_state"].set(state),
    ]
    condition = cast(Condition, PaymentOrder.refunded_paise == before)
    if order.status == Status.REVIEW:
        moved, source = move(order, Status.FAILED, now, reason="REFUNDED")
        actions, condition = [*moved, *actions], cast(Condition, condition & source)
    else:
        actions += [PaymentOrder.updated_at.set(now), PaymentOrder.version.set(PaymentOrder.version + 1)]
    tx.update(PaymentOrder, order.itself, actions, when=condition, name="order")
    if order.provider_transaction_id:
        tx.update(
            PaymentTransaction,
            PaymentTransaction.place(order.id, str(order.provider_transaction_id)),
            [
                PaymentTransaction.status.set("REFUNDED" if state == "FULL" else "PARTIAL_REFUND"),
                PaymentTransaction.updated_at.set(now),
            ],
            when=store.present(PaymentTransaction),
            name="transaction",
        )
    _book(tx, refund, order)
    _audit(tx, audited.REFUND_SUCCEED, refund, order)


def _book(tx: Transaction, refund: Refund, order: PaymentOrder) -> None:
    gateway, amount = str(refund.gateway), int(refund.amount_paise)
    asked, captured = int(order.amount_paise), int(order.captured_paise)
    taxes = journal.scaled(journal.taxes_of(order.tax_facts()), asked, captured)
    bookings = (
        journal.unheld(gateway, amount)
        if refund.booked == journal.SUSPENSE
        else journal.returned(gateway, amount, before=int(order.refunded_paise), captured=captured, taxes=taxes)
    )
    journal.write(
        tx,
        order.id,
        f"REFUND#{refund.merchant_refund_id}",
        bookings,
        currency=str(refund.currency),
        at=clock.now(),
        by=str(refund.requested_by),
        memo=f"refund: {refund.cause}",
    )


def _fail(tx: Transaction, refund: Refund, order: PaymentOrder, answer: RefundStatus) -> None:
    """The amount is free again; held money waits for another decision."""
    _end(tx, refund, FAILED, answer)
    committed = int(order.refund_committed_paise)
    actions: list[Action] = [
        PaymentOrder.refund_committed_paise.set(committed - int(refund.amount_paise)),
        PaymentOrder.updated_at.set(clock.now()),
        PaymentOrder.version.set(PaymentOrder.version + 1),
        PaymentOrder.resolution.remove(),
    ]
    when = PaymentOrder.refund_committed_paise == committed
    tx.update(PaymentOrder, order.itself, actions, when=when, name="order")
    _audit(tx, audited.REFUND_FAIL, refund, order, code=answer.error_code)


def _audit(tx: Transaction, action: audit.AuditAction, refund: Refund, order: PaymentOrder, **more: object) -> None:
    meta = audited.meta(order, refundPaise=int(refund.amount_paise), kind=refund.cause, **more)
    audit.write(tx, action, str(refund.merchant_refund_id), meta=meta)
