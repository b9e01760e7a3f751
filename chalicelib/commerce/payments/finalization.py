"""The finalizer: the only code that changes an order's outcome (PAY-31).

Webhooks, the workflow, the reconciler and staff all come here, any number of them at once. Each reads, asks the
gateway's status API once, decides, and commits one conditional transaction; who loses it reads again and decides again
on what won.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence

from chalicelib.commerce import gateways
from chalicelib.commerce.gateways import GatewayOrder, OrderStatus, Refused, State
from chalicelib.commerce.payments import event_states, figures, lateness, outcomes
from chalicelib.commerce.payments.configuration import (
    PAYMENT_DUPLICATE,
    PAYMENT_EXPIRE_MINUTES,
    PAYMENT_LATE_SUCCESS,
)
from chalicelib.commerce.payments.deciding import NOTHING, Decision, Facts, Step, decide, expires_at
from chalicelib.commerce.payments.errors import OrderNotFound
from chalicelib.commerce.payments.items import GatewayPayment, PaymentOrder
from chalicelib.commerce.payments.noting import note
from chalicelib.commerce.payments.outcomes import Case
from chalicelib.commerce.payments.rivals import rivals_of
from chalicelib.commerce.payments.states import LAPSED, OPEN, Flag, Status
from chalicelib.commerce.sellers import CannotGrant
from chalicelib.platform import clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.errors import Conflict
from chalicelib.platform.logs import alarm, count_metric, event
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Key, TransactionLost

TRIES = 6
WITHOUT_GATEWAY = ("NONE", "OFFLINE")


_AFTER = {
    Step.GRANT: Status.SUCCESS,
    Step.GIVE_BACK: Status.SUCCESS,
    Step.HOLD: Status.REVIEW,
    Step.FAIL: Status.FAILED,
    Step.EXPIRE: Status.EXPIRED,
}


@frozen
class Ask:
    """Who wants an order looked at, and how far they go.

    ``lapsed``: also when nobody waits any more. ``may_expire``: they also end the waiting. ``next_check_at``: when it
    is looked at next, if it is still open (epoch seconds). ``by``: a member of staff.
    """

    order_id: str
    user_id: str
    event: Key | None = None
    lapsed: bool = False
    may_expire: bool = False
    next_check_at: int | None = None
    by: Caller | None = None
    reason: str | None = None


@frozen
class Result:
    """The order as it is now, and what this run did to it."""

    order: PaymentOrder
    step: Step

    @property
    def status(self) -> Status:
        """The order's status after this run."""
        return _AFTER.get(self.step, Status(self.order.status))

    @property
    def changed(self) -> bool:
        """Whether this run gave the order its outcome."""
        return self.step not in (Step.NOTHING, Step.NOTE)


def as_the_gateway_knows_it(order: PaymentOrder) -> GatewayOrder:
    """The order for its adapter: by its id, with the contract and account it was created with (PAY-97)."""
    return GatewayOrder(
        ref=order.id,
        amount=int(order.amount_paise),
        currency=str(order.currency),
        created_at=order.created_at,
        contract=str(order.gateway_contract or ""),
        account=str(order.gateway_account or ""),
        payer=str(order.merchant_user_id),
        title=str(order.title),
        plan_key=str(order.plan_key or ""),
        return_url=str(order.return_url),
        expire_seconds=PAYMENT_EXPIRE_MINUTES() * 60,
        provider_order_id=order.provider_order_id,
    )


def finalize(ask: Ask) -> Result:
    """Look at an order and give it the outcome that its gateway says. Harmless to repeat.

    Raises ``GatewayTrouble`` when the gateway cannot be asked, ``Conflict`` when others kept writing,
    ``OrderNotFound``.
    """
    seen: OrderStatus | None = None
    elsewhere = False
    for attempt in range(TRIES):
        order, card = _read(ask)
        if not _worth_asking(order, ask):
            return _leave(ask, order, NOTHING, None)
        if seen is None:
            seen = gateways.gateway(str(order.gateway)).status(as_the_gateway_knows_it(order))
        case = Case(order, card, seen, clock.now(), _rivals(order, seen), ask.event, ask.by, ask.reason)
        decision = decide(_facts(case, ask, elsewhere=elsewhere), seen, case.now)
        if decision.step in (Step.NOTHING, Step.NOTE):
            return _leave(ask, order, decision, seen)
        try:
            done = _commit(case, decision)
        except TransactionLost as lost:
            elsewhere = elsewhere or _acted_elsewhere(lost, ask.order_id)
        except Conflict:
            if attempt == TRIES - 1:
                raise
        else:
            _tell(case, done)
            return Result(_read(ask)[0] if ask.by else order, done.step)
        time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311  # jitter, not a secret
    raise Conflict


def _read(ask: Ask) -> tuple[PaymentOrder, AccessCard | None]:
    order, card = store.get_many([PaymentOrder.place(ask.user_id, ask.order_id), AccessCard.place(ask.user_id)])
    if not isinstance(order, PaymentOrder):
        raise OrderNotFound
    return order, card if isinstance(card, AccessCard) else None


def _worth_asking(order: PaymentOrder, ask: Ask) -> bool:
    if order.gateway in WITHOUT_GATEWAY:
        return False
    status = Status(order.status)
    return status in OPEN or (ask.lapsed and status in LAPSED) or ask.by is not None


def _rivals(order: PaymentOrder, seen: OrderStatus) -> Sequence[PaymentOrder]:
    return rivals_of(order) if seen.state is State.SUCCESS and order.status != Status.SUCCESS else ()


def _facts(case: Case, ask: Ask, *, elsewhere: bool) -> Facts:
    order = case.order
    return Facts(
        status=Status(order.status),
        amount=int(order.amount_paise),
        currency=str(order.currency),
        expires_at=expires_at(order.created_at, PAYMENT_EXPIRE_MINUTES()),
        rival=next((one.id for one in case.rivals if one.status == Status.SUCCESS), None),
        settled_elsewhere=elsewhere,
        closed=bool(order.resolution),
        may_expire=ask.may_expire,
        refund_late=PAYMENT_LATE_SUCCESS() == "refund",
        refund_duplicates=PAYMENT_DUPLICATE() == "refund",
    )


def _commit(case: Case, decision: Decision) -> Decision:
    """Commit the decision; where the seller cannot hand over, the money is held instead (PAY-74)."""
    try:
        transaction = outcomes.build(case, decision)
    except CannotGrant as refusal:
        flags = (*decision.flags, Flag.GRANT_FAILED)
        back = "REVIEW" if refusal.refund else None
        decision = Decision(Step.HOLD, refusal.reason, flags, cause=back)
        transaction = outcomes.build(case, decision)
    transaction.commit()
    return decision


def _acted_elsewhere(lost: TransactionLost, order_id: str) -> bool:
    if not lost.failed(outcomes.PAYMENT):
        return False
    acted = lost.item(outcomes.PAYMENT)
    return isinstance(acted, GatewayPayment) and acted.merchant_transaction_id != order_id


def _leave(ask: Ask, order: PaymentOrder, decision: Decision, seen: OrderStatus | None) -> Result:
    """Nothing to change: note that it was looked at, and close the event if the order has its outcome."""
    status = Status(order.status)
    under_way = status in LAPSED and seen is not None and seen.state is State.PENDING
    if ask.event is not None and status not in OPEN and not under_way:
        event_states.close(ask.event, f"ALREADY_{status}", clock.now())
    elif ask.event is not None:
        event_states.keep_open(ask.event, event_states.RECEIVED)
    again = ask.next_check_at
    if status in LAPSED:
        again = lateness.next_check(order.created_at, clock.now())
    if decision.step is Step.NOTE or (status in LAPSED and ask.lapsed) or ask.by is not None:
        order = note(order, again, by=ask.by, reason=ask.reason)
    return Result(order, decision.step)


def _tell(case: Case, decision: Decision) -> None:
    """Logs and metrics: ids, states and times; nothing of the payer, nothing of the gateway's."""
    order, waited = case.order, (case.now - case.order.created_at).total_seconds()
    event(
        "order finalized",
        merchantTransactionId=order.id,
        step=str(decision.step),
        reason=decision.reason,
        gateway=order.gateway,
        secondsSincePlaced=round(waited),
    )
    count_metric(f"Orders{decision.step.title().replace('_', '')}")
    figures.ended(str(order.gateway), decision.step, waited)
    if decision.step is Step.HOLD:
        alarm("money is held for review", merchantTransactionId=order.id, reason=decision.reason)
    if decision.step is Step.GRANT and case.card is not None and case.card.status != "ACTIVE":
        alarm("money came for an account that is not active", merchantTransactionId=order.id)


def refuse(order: PaymentOrder, refusal: Refused) -> None:
    """The gateway refused to begin: the order has failed, unless something else became of it meanwhile."""
    reason = f"GATEWAY_REFUSED:{refusal.reason}"
    seen = OrderStatus(State.FAILED, int(order.amount_paise), str(order.currency), error_code=reason)
    case = Case(order, None, seen, clock.now())
    try:
        outcomes.build(case, Decision(Step.FAIL, reason=reason)).commit()
    except TransactionLost:
        event("a refused order had moved on", merchantTransactionId=order.id)
    else:
        figures.ended(str(order.gateway), Step.FAIL, 0)
