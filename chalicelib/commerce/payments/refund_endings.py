"""How a refund ends: what is written when the money is back, and when it is not (PAY-82, PAY-83)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.commerce import sellers
from chalicelib.commerce.gateways import RefundStatus
from chalicelib.commerce.payments import audited, discounting, journal
from chalicelib.commerce.payments.items import PaymentOrder, PaymentTransaction, Refund
from chalicelib.commerce.payments.refund_requests import FAILED, PROCESSING, SUCCEEDED
from chalicelib.commerce.payments.states import Status, move
from chalicelib.commerce.sellers import CannotGrant, Taking
from chalicelib.platform import audit, store
from chalicelib.platform.access.card import AccessCard, plain
from chalicelib.platform.logs import alarm
from chalicelib.platform.store import Transaction


def moved(refund: Refund, state: str) -> list[Action]:
    """The update actions of a refund's change of state."""
    return [
        Refund.state.set(state),
        Refund.row["state"].set(state),
        Refund.gsi2pk.set(Refund.state_partition(state, refund.created_at)),
        Refund.version.set(Refund.version + 1),
    ]


def succeed(tx: Transaction, refund: Refund, order: PaymentOrder, answer: RefundStatus, now: datetime) -> None:
    """The gateway paid it out."""
    _end(tx, refund, SUCCEEDED, answer, now)
    actions, condition = paid_out(tx, refund, order, now)
    tx.update(PaymentOrder, order.itself, actions, when=condition, name="order")


def paid_out(tx: Transaction, refund: Refund, order: PaymentOrder, now: datetime) -> tuple[list[Action], Condition]:
    """Add what follows from money that is back (transaction, ledger, audit), and answer the order's own part.

    An order that was held for review has ended with it.
    """
    before, captured = int(order.refunded_paise), int(order.captured_paise)
    state = "FULL" if before + int(refund.amount_paise) >= captured else "PARTIAL"
    actions: list[Action] = [
        PaymentOrder.refunded_paise.set(before + int(refund.amount_paise)),
        PaymentOrder.refund_state.set(state),
        PaymentOrder.row["refund_state"].set(state),
    ]
    condition = cast(Condition, PaymentOrder.refunded_paise == before)
    if order.status == Status.REVIEW:
        ended, source = move(order, Status.FAILED, now, reason="REFUNDED")
        actions = [*ended, *discounting.release(tx, order), *actions]
        condition = discounting.as_read(order, cast(Condition, condition & source))
    else:
        if state == "FULL":
            actions += discounting.given_back(tx, order)
            condition = discounting.as_read(order, condition)
        actions += [PaymentOrder.updated_at.set(now), PaymentOrder.version.set(PaymentOrder.version + 1)]
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
    _book(tx, refund, order, now)
    _audit(tx, audited.REFUND_SUCCEED, refund, order)
    return actions, condition


def fail(
    tx: Transaction, refund: Refund, order: PaymentOrder, card: AccessCard | None, answer: RefundStatus, now: datetime
) -> None:
    """The amount is free again, what was taken of the order's things is given back (SUB-30), held money waits for
    another decision.
    """
    _end(tx, refund, FAILED, answer, now)
    committed = int(order.refund_committed_paise)
    actions: list[Action] = [
        PaymentOrder.refund_committed_paise.set(committed - int(refund.amount_paise)),
        PaymentOrder.updated_at.set(now),
        PaymentOrder.version.set(PaymentOrder.version + 1),
        PaymentOrder.resolution.remove(),
    ]
    when = PaymentOrder.refund_committed_paise == committed
    tx.update(PaymentOrder, order.itself, actions, when=when, name="order")
    _give_back(tx, refund, card, now)
    _audit(tx, audited.REFUND_FAIL, refund, order, code=answer.error_code)


def _give_back(tx: Transaction, refund: Refund, card: AccessCard | None, now: datetime) -> None:
    taken: Mapping[str, Any] = plain(refund.taken)
    if not taken or card is None:
        return
    order_id, refund_id = str(refund.merchant_transaction_id), str(refund.merchant_refund_id)
    taking = Taking(order_id, refund_id, now, reason=refund.error_code)
    for kind, facts in taken.items():
        try:
            sellers.seller(kind).restore(tx, card, facts, taking)
        except CannotGrant as full:
            alarm("what a failed refund took could not be given back", merchantRefundId=refund_id, reason=full.reason)


def _end(tx: Transaction, refund: Refund, state: str, answer: RefundStatus, now: datetime) -> None:
    actions = [*moved(refund, state), Refund.updated_at.set(now), Refund.processed_at.set(now)]
    if answer.provider_refund_id:
        actions.append(Refund.provider_refund_id.set(answer.provider_refund_id))
    if answer.error_code:
        actions.append(Refund.error_code.set(answer.error_code))
    tx.update(Refund, refund.itself, actions, when=Refund.state == PROCESSING, name="refund")


def _book(tx: Transaction, refund: Refund, order: PaymentOrder, now: datetime) -> None:
    amount, asked, captured = int(refund.amount_paise), int(order.amount_paise), int(order.captured_paise)
    source = _source(refund, order)
    taxes = journal.scaled(journal.taxes_of(order.tax_facts()), asked, captured)
    bookings = (
        journal.unheld(source, amount)
        if refund.booked == journal.SUSPENSE
        else journal.returned(source, amount, before=int(order.refunded_paise), captured=captured, taxes=taxes)
    )
    journal.write(
        tx,
        order.id,
        f"REFUND#{refund.merchant_refund_id}",
        bookings,
        currency=str(refund.currency),
        at=now,
        by=str(refund.requested_by),
        memo=f"refund: {refund.cause}",
    )


def _source(refund: Refund, order: PaymentOrder) -> str:
    """Where the money came from: what was paid in cash goes back in cash."""
    if refund.mode != "OFFLINE":
        return journal.gateway_account(str(refund.gateway))
    in_cash = order.offline is not None and plain(order.offline).get("method") == "CASH"
    return journal.CASH if in_cash else journal.BANK


def _audit(tx: Transaction, action: audit.AuditAction, refund: Refund, order: PaymentOrder, **more: object) -> None:
    meta = audited.meta(order, refundPaise=int(refund.amount_paise), kind=refund.cause, **more)
    audit.write(tx, action, str(refund.merchant_refund_id), meta=meta)
