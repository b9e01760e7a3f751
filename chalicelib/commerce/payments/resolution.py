"""Staff decide about held money (PAY-14): ACCEPT grants what the order bought, REFUND returns what the gateway took."""

from __future__ import annotations

from typing import Literal, cast

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.commerce.payments import audited, billing, discounting, journal, outcomes, views
from chalicelib.commerce.payments.admin_schemas import AdminOrder
from chalicelib.commerce.payments.errors import OrderNotFound, OrderNotGrantable, OrderNotInReview
from chalicelib.commerce.payments.items import OrderLocator, PaymentOrder
from chalicelib.commerce.payments.refund_requests import add_full_refund
from chalicelib.commerce.payments.states import Status, is_in, move
from chalicelib.commerce.sellers import CannotGrant
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.errors import Conflict
from chalicelib.platform.store import Transaction, TransactionLost

Choice = Literal["ACCEPT", "REFUND"]
TRIES = 4


def resolve(locator: OrderLocator, caller: Caller, choice: Choice, reason: str) -> AdminOrder:
    """End the review of an order, or begin its end: a refund leaves it in REVIEW until the money is back.

    409 ``ORDER_NOT_IN_REVIEW`` for any other order and for one that was decided before; 409 ``ORDER_NOT_GRANTABLE``
    when what it bought cannot be handed over now.
    """
    for _ in range(TRIES):
        order, card = _read(locator)
        if order.status != Status.REVIEW or order.resolution:
            raise OrderNotInReview
        tx = Transaction()
        if choice == "ACCEPT":
            _accept(tx, order, card, caller)
        else:
            _return(tx, order, caller, reason)
        meta = audited.meta(order, decision=choice)
        audit.write(tx, audited.ORDER_RESOLVE, order.id, by=caller, meta=meta, reason=reason)
        try:
            tx.commit()
        except TransactionLost:
            continue
        return views.admin_order(_read(locator)[0])
    raise Conflict


def _read(locator: OrderLocator) -> tuple[PaymentOrder, AccessCard | None]:
    user_id, order_id = str(locator.user_id), str(locator.merchant_transaction_id)
    order, card = store.get_many([PaymentOrder.place(user_id, order_id), AccessCard.place(user_id)])
    if not isinstance(order, PaymentOrder):
        raise OrderNotFound
    return order, card if isinstance(card, AccessCard) else None


def _undecided() -> Condition:
    return cast(Condition, is_in(Status.REVIEW) & PaymentOrder.resolution.does_not_exist())


def _accept(tx: Transaction, order: PaymentOrder, card: AccessCard | None, caller: Caller) -> None:
    now = clock.now()
    try:
        effects = outcomes.grant_lines(tx, order, card, now)
    except CannotGrant as refusal:
        raise OrderNotGrantable({"reason": refusal.reason}) from refusal
    actions, _ = move(order, Status.SUCCESS, now, reason=order.status_reason)
    actions += [
        PaymentOrder.grant_effects.set([effect.plain() for effect in effects]),
        PaymentOrder.resolution.set("ACCEPT"),
        *discounting.redeem(tx, order),
    ]
    tx.update(PaymentOrder, order.itself, actions, when=discounting.as_read(order, _undecided()), name=outcomes.ORDER)
    captured = int(order.captured_paise)
    taxes = journal.scaled(journal.taxes_of(order.tax_facts()), int(order.amount_paise), captured)
    if captured:
        journal.write(
            tx,
            order.id,
            journal.HOLD_RELEASE,
            journal.earned(journal.SUSPENSE, captured, int(order.discount_paise), taxes),
            currency=str(order.captured_currency or order.currency),
            at=now,
            by=caller.user_id,
            memo="accepted",
        )
    billing.remember(tx, order)
    audit.write(tx, audited.ORDER_SUCCEED, order.id, by=caller, meta=audited.meta(order))


def _return(tx: Transaction, order: PaymentOrder, caller: Caller, reason: str) -> None:
    """Money of this order goes back; where the gateway's payment had acted for another order, there is none."""
    now, captured = clock.now(), int(order.captured_paise)
    if not captured:
        failed, _ = move(order, Status.FAILED, now, reason=order.status_reason)
        actions = [*failed, PaymentOrder.resolution.set("REFUND"), *discounting.release(tx, order)]
        when = discounting.as_read(order, _undecided())
        tx.update(PaymentOrder, order.itself, actions, when=when, name=outcomes.ORDER)
        audit.write(tx, audited.ORDER_FAIL, order.id, by=caller, meta=audited.meta(order))
        return
    committed: list[Action] = add_full_refund(
        tx,
        order,
        amount=captured,
        currency=str(order.captured_currency or order.currency),
        cause="REVIEW",
        booked=journal.SUSPENSE,
        reason=reason,
        now=now,
        by=caller,
    )
    actions = [
        *committed,
        PaymentOrder.resolution.set("REFUND"),
        PaymentOrder.updated_at.set(now),
        PaymentOrder.version.set(PaymentOrder.version + 1),
    ]
    tx.update(PaymentOrder, order.itself, actions, when=_undecided(), name=outcomes.ORDER)
