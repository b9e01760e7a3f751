"""One transaction per outcome of an order: built here, committed by the finalizer, each once or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.commerce import sellers
from chalicelib.commerce.gateways import OrderStatus, SeenPayment, State
from chalicelib.commerce.payments import audited, billing, discounting, event_states, journal, lateness
from chalicelib.commerce.payments.deciding import Decision, Step
from chalicelib.commerce.payments.items import GatewayPayment, PaymentOrder, PaymentTransaction
from chalicelib.commerce.payments.refund_requests import add_full_refund
from chalicelib.commerce.payments.states import Flag, Status, is_in, move
from chalicelib.commerce.sellers import CannotGrant, GrantEffect, SoldLine
from chalicelib.platform import audit
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Key, Transaction, absent

ORDER = "order"
PAYMENT = "gateway-payment"


@frozen
class Case:
    """Everything that an outcome is made from, as read. ``rivals``: orders that must not have succeeded meanwhile.

    ``by``: the member of staff who asked; None: the system. ``event``: the message that led here.
    """

    order: PaymentOrder
    card: AccessCard | None
    seen: OrderStatus
    now: datetime
    rivals: Sequence[PaymentOrder] = ()
    event: Key | None = None
    by: Caller | None = None
    reason: str | None = None

    @property
    def actor(self) -> Caller | audit.Actor:
        """Who stands in the audit trail."""
        return self.by or audit.SYSTEM

    @property
    def actor_id(self) -> str:
        """Who stands in the ledger."""
        return self.by.user_id if self.by else "SYSTEM"


def build(case: Case, decision: Decision) -> Transaction:
    """The transaction of a decision that changes the order. Raises ``CannotGrant`` and ``ForbiddenChange``."""
    tx = Transaction()
    if decision.step is Step.GRANT:
        _grant(tx, case, decision)
    elif decision.step is Step.GIVE_BACK:
        _give_back(tx, case, decision)
    elif decision.step is Step.HOLD:
        _hold(tx, case, decision)
    elif decision.step is Step.FAIL:
        _fail(tx, case, decision)
    else:
        _expire(tx, case, decision)
    if case.event is not None:
        event_states.add_processed(tx, case.event, str(decision.step), case.now)
    if case.by is not None:
        meta = audited.meta(case.order, outcome=str(decision.step))
        audit.write(tx, audited.ORDER_FINALIZE, case.order.id, by=case.by, meta=meta, reason=case.reason)
    return tx


def grant_lines(tx: Transaction, order: PaymentOrder, card: AccessCard | None, now: datetime) -> list[GrantEffect]:
    """Have every line's seller add its writes; the effects in the order of the lines. Raises ``CannotGrant``."""
    if card is None:
        raise CannotGrant("NO_ACCOUNT")
    offline = order.offline is not None
    lines = [SoldLine(line["kind"], line["ref"], line["snapshot"], offline) for line in order.line_facts()]
    effects: dict[int, GrantEffect] = {}
    for kind in dict.fromkeys(line.kind for line in lines):
        places = [position for position, line in enumerate(lines) if line.kind == kind]
        given = sellers.seller(kind).grant(tx, card, [lines[position] for position in places], order.id, now)
        effects.update(zip(places, given, strict=True))
    return [effects[position] for position in range(len(lines))]


def _grant(tx: Transaction, case: Case, decision: Decision) -> None:
    order, now = case.order, case.now
    effects = grant_lines(tx, order, case.card, now)
    late = Flag.LATE_SUCCESS in decision.flags
    reason = None
    if case.card is not None and case.card.status != "ACTIVE":
        reason = f"ACCOUNT_{case.card.status}"
    actions, condition = move(order, Status.SUCCESS, now, reason=reason, flags=decision.flags)
    actions += [*_captured(case), PaymentOrder.grant_effects.set([effect.plain() for effect in effects])]
    actions += discounting.redeem(tx, order)
    _update(tx, case, actions, condition)
    _payments(tx, case, "LATE" if late else "SETTLED")
    _book_capture(tx, case)
    billing.remember(tx, order)
    action = audited.ORDER_SUCCEED_LATE if late else audited.ORDER_SUCCEED
    audit.write(tx, action, order.id, by=case.actor, meta=audited.meta(order))


def _give_back(tx: Transaction, case: Case, decision: Decision) -> None:
    order, now = case.order, case.now
    actions, condition = move(order, Status.SUCCESS, now, reason=decision.reason, flags=decision.flags)
    actions += [*_captured(case), *discounting.release(tx, order)]
    if decision.duplicate_of:
        actions.append(PaymentOrder.duplicate_of.set(decision.duplicate_of))
    actions += add_full_refund(
        tx,
        order,
        amount=case.seen.amount,
        currency=case.seen.currency,
        cause=decision.cause or "LATE",
        booked=journal.REVENUE,
        reason=decision.reason or "",
        now=now,
    )
    _update(tx, case, actions, condition, check_rivals=False)
    _payments(tx, case, "DUPLICATE" if decision.duplicate_of else "LATE")
    _book_capture(tx, case)
    late = Flag.LATE_SUCCESS in decision.flags
    action = audited.ORDER_SUCCEED_LATE if late else audited.ORDER_SUCCEED
    audit.write(tx, action, order.id, by=case.actor, meta=audited.meta(order, granted=False))


def _hold(tx: Transaction, case: Case, decision: Decision) -> None:
    """Nobody is granted anything. Money that already acted for another order is not booked a second time."""
    order, now = case.order, case.now
    known = decision.reason == "DUPLICATE_PROVIDER_TRANSACTION"
    actions, condition = move(order, Status.REVIEW, now, reason=decision.reason, flags=decision.flags)
    if not known:
        actions += _captured(case)
    if decision.cause:
        actions += add_full_refund(
            tx,
            order,
            amount=case.seen.amount,
            currency=case.seen.currency,
            cause=decision.cause,
            booked=journal.SUSPENSE,
            reason=decision.reason or "",
            now=now,
        )
        actions.append(PaymentOrder.resolution.set("REFUND"))
    _update(tx, case, actions, condition, check_rivals=False)
    _payments(tx, case, None if known else "MISMATCH" if Flag.AMOUNT_MISMATCH in decision.flags else "HELD")
    if not known:
        journal.write(
            tx,
            order.id,
            journal.HOLD,
            journal.held(str(order.gateway), case.seen.amount),
            currency=case.seen.currency,
            at=now,
            by=case.actor_id,
            memo=f"held: {decision.reason}",
        )
    meta = audited.meta(order, reason=decision.reason, capturedPaise=case.seen.amount)
    audit.write(tx, audited.ORDER_HOLD, order.id, by=case.actor, meta=meta)


def _fail(tx: Transaction, case: Case, decision: Decision) -> None:
    """Where a time-out was the cause, the gateway's or ours, money may still come: it is asked again, late."""
    order = case.order
    again = lateness.next_check(order.created_at, case.now) if order.unsure or case.seen.timed_out else None
    actions, condition = move(order, Status.FAILED, case.now, reason=decision.reason, next_check_at=again)
    actions += discounting.release(tx, order)
    _update(tx, case, actions, condition, check_rivals=False)
    for payment in case.seen.payments:
        _put_payment(tx, case, payment)
    audit.write(tx, audited.ORDER_FAIL, order.id, by=case.actor, meta=audited.meta(order, reason=decision.reason))


def _expire(tx: Transaction, case: Case, decision: Decision) -> None:
    again = lateness.next_check(case.order.created_at, case.now)
    actions, condition = move(case.order, Status.EXPIRED, case.now, reason=decision.reason, next_check_at=again)
    actions += discounting.release(tx, case.order)
    _update(tx, case, actions, condition, check_rivals=False)
    audit.write(tx, audited.ORDER_EXPIRE, case.order.id, by=case.actor, meta=audited.meta(case.order))


def _update(
    tx: Transaction, case: Case, actions: list[Action], condition: Condition, *, check_rivals: bool = True
) -> None:
    """The order's one update. A capture also holds that no order beside it succeeded since that was looked at."""
    order = case.order
    if check_rivals:
        linked = order.superseded_by
        same = (
            PaymentOrder.superseded_by == linked if linked is not None else PaymentOrder.superseded_by.does_not_exist()
        )
        condition = cast(Condition, condition & same)
        for rival in case.rivals:
            others = [status for status in Status if status is not Status.SUCCESS]
            tx.check(PaymentOrder, rival.itself, is_in(*others), name=f"rival:{rival.id}")
    actions = [
        *actions,
        PaymentOrder.last_checked_at.set(case.now),
        PaymentOrder.check_count.set(PaymentOrder.check_count + 1),
    ]
    tx.update(PaymentOrder, order.itself, actions, when=discounting.as_read(order, condition), name=ORDER)


def _captured(case: Case) -> list[Action]:
    paid = case.seen.captured
    actions: list[Action] = [
        PaymentOrder.captured_paise.set(case.seen.amount),
        PaymentOrder.captured_currency.set(case.seen.currency),
    ]
    if paid is not None:
        actions.append(PaymentOrder.provider_transaction_id.set(paid.id))
    return actions


def _payments(tx: Transaction, case: Case, outcome: str | None) -> None:
    """The payment that succeeded: the order's transaction, and (unless it acted elsewhere) one that has acted now."""
    paid = case.seen.captured
    if paid is None:
        raise ValueError("a capture names its payment")
    _put_payment(tx, case, paid)
    if outcome is None:
        return
    place = GatewayPayment.place(str(case.order.gateway), paid.id)
    acted = GatewayPayment(
        place.pk,
        place.sk,
        merchant_transaction_id=case.order.id,
        amount_paise=case.seen.amount,
        outcome=outcome,
        created_at=case.now,
    )
    tx.put(acted, when=absent(GatewayPayment), name=PAYMENT)


def _put_payment(tx: Transaction, case: Case, payment: SeenPayment) -> None:
    """Once only; a try that was seen to fail may be seen to succeed later."""
    place = PaymentTransaction.place(case.order.id, payment.id)
    item = PaymentTransaction(
        place.pk,
        place.sk,
        provider_transaction_id=payment.id,
        amount_paise=payment.amount,
        currency=payment.currency,
        status=str(payment.state),
        payment_mode=payment.mode,
        instrument=payment.instrument,
        utr=payment.utr,
        fee_paise=payment.fee,
        raw=payment.raw,
        created_at=case.now,
        updated_at=case.now,
    )
    item.index(case.order.id, str(case.order.user_id))
    unsettled = PaymentTransaction.status.is_in(str(State.FAILED), str(State.PENDING))
    when = cast(Condition, PaymentTransaction.pk.does_not_exist() | unsettled)
    tx.put(item, when=when, name=f"transaction:{payment.id}")


def _book_capture(tx: Transaction, case: Case) -> None:
    order = case.order
    journal.write(
        tx,
        order.id,
        journal.CAPTURE,
        journal.earned(
            journal.gateway_account(str(order.gateway)),
            int(order.amount_paise),
            int(order.discount_paise),
            journal.taxes_of(order.tax_facts()),
        ),
        currency=str(order.currency),
        at=case.now,
        by=case.actor_id,
        memo="captured",
    )
