"""How orders and refunds move, and the only code that moves them.

An order is PENDING until an outcome lands. An attempt whose outcome is still on its way keeps the order
PENDING even past ``expireAt`` (the bank has not answered yet); an order that nobody is paying becomes
FAILED there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from infra.local.phonepe.behaviour import Outcome
from infra.local.phonepe.state import (
    DECLINED,
    EXPIRED,
    REFUND_DECLINED,
    Attempt,
    Failure,
    Landing,
    Order,
    Refund,
    State,
    new_utr,
)

EventKind = Literal["order", "refund.accepted", "refund"]


class NotPayable(Exception):
    """The order or refund cannot take that in its state; the text says why."""


@dataclass(frozen=True)
class Event:
    """Something a webhook tells. ``order`` events carry no refund."""

    kind: EventKind
    order: Order
    refund: Refund | None = None


class Lifecycle:
    """Moves the orders and refunds of a state. Callers hold ``state.lock``."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._open_orders: dict[str, Order] = {}
        self._open_refunds: dict[str, Refund] = {}

    def clear(self) -> None:
        self._open_orders.clear()
        self._open_refunds.clear()

    def opened(self, order: Order) -> None:
        """A new order: starts the told outcome, if one was told."""
        self._open_orders[order.merchant_order_id] = order
        outcome = self._state.behaviours.effective(order.merchant_order_id).outcome
        if outcome is not None:
            self.begin(order, outcome)

    def begin(self, order: Order, outcome: Outcome) -> None:
        """The customer chose an outcome, by hand or as told; it lands now or after the told delay."""
        told = self._state.behaviours.effective(order.merchant_order_id)
        now = self._state.now()
        self._refuse_if_over(order, outcome, told.after_expiry)
        if outcome is Outcome.CLOSE:
            return
        attempt = self._attempt(order, now)
        if outcome is Outcome.PENDING:
            order.landing = None
            return
        lands = now + timedelta(seconds=told.delay_seconds)
        if told.after_expiry and outcome is Outcome.SUCCESS:
            lands = max(lands, order.expires_at + timedelta(seconds=1))
        attempt.state = "PENDING"
        order.landing = Landing(outcome, lands)
        self._open_orders[order.merchant_order_id] = order

    def refund_opened(self, refund: Refund) -> None:
        """A new refund: its outcome is the one told since the order was paid, else success."""
        self._open_refunds[refund.merchant_refund_id] = refund
        order_id = refund.order.merchant_order_id
        since = self._state.behaviours.outcome_since(order_id, refund.order.completed_mark)
        if since in (Outcome.PENDING, Outcome.CLOSE):
            return
        told = self._state.behaviours.effective(order_id)
        delay = told.delay_seconds if since is not None else self._state.config.refund_seconds
        lands = refund.created_at + timedelta(seconds=delay)
        refund.landing = Landing(since or Outcome.SUCCESS, lands)

    def decide_refund(self, refund: Refund, outcome: Outcome) -> None:
        """The bank's answer to a refund, pressed by hand; ``NotPayable`` when it has one already."""
        if refund.state in ("COMPLETED", "FAILED"):
            raise NotPayable(f"the refund is {refund.state} already")
        refund.landing = None
        if outcome in (Outcome.SUCCESS, Outcome.FAILED):
            refund.landing = Landing(outcome, self._state.now())

    def settle(self) -> list[Event]:
        """Applies everything that is due by now; the events to tell, oldest first."""
        now = self._state.now()
        events = [event for order in list(self._open_orders.values()) for event in self._settle_order(order, now)]
        for refund in list(self._open_refunds.values()):
            events.extend(self._settle_refund(refund, now))
        return events

    def _refuse_if_over(self, order: Order, outcome: Outcome, after_expiry: bool) -> None:
        if order.state == "COMPLETED":
            raise NotPayable("the order is paid already")
        if order.state == "FAILED":
            late = after_expiry and outcome is Outcome.SUCCESS and order.failure is EXPIRED
            if not late:
                reason = "has expired (tell afterExpiry to let it succeed late)"
                raise NotPayable(f"the order {reason if order.failure is EXPIRED else 'has failed already'}")
            order.state, order.failure = "PENDING", None

    def _attempt(self, order: Order, now: datetime) -> Attempt:
        """The attempt under way, else a new one."""
        if order.attempts and order.attempts[-1].state == "PENDING":
            return order.attempts[-1]
        prefix = "OM" if order.contract == "V2" else "T"
        attempt = Attempt(self._state.new_id(prefix), now, order.amount, new_utr())
        order.attempts.append(attempt)
        return attempt

    def _settle_order(self, order: Order, now: datetime) -> list[Event]:
        landing = order.landing
        if landing is None:
            if now < order.expires_at:
                return []
            self._fail(order, EXPIRED)
        elif now < landing.at:
            return []
        elif landing.outcome is Outcome.SUCCESS:
            self._capture(order)
        else:
            self._fail(order, DECLINED)
        del self._open_orders[order.merchant_order_id]
        return [Event("order", order)]

    def _capture(self, order: Order) -> None:
        delta = self._state.behaviours.effective(order.merchant_order_id).amount_delta
        attempt = order.attempts[-1]
        attempt.state, attempt.amount = "COMPLETED", order.amount + delta
        order.state, order.failure, order.landing = "COMPLETED", None, None
        order.captured = attempt.amount
        order.completed_mark = self._state.behaviours.mark()

    def _fail(self, order: Order, failure: Failure) -> None:
        order.state, order.failure, order.landing = "FAILED", failure, None
        if order.attempts and order.attempts[-1].state == "PENDING":
            order.attempts[-1].state, order.attempts[-1].failure = "FAILED", failure

    def _settle_refund(self, refund: Refund, now: datetime) -> list[Event]:
        events = []
        if not refund.accepted:
            refund.accepted, refund.state = True, "CONFIRMED"
            events.append(Event("refund.accepted", refund.order, refund))
        if refund.landing is not None and now >= refund.landing.at:
            failed = refund.landing.outcome is Outcome.FAILED
            refund.state, refund.failure = ("FAILED", REFUND_DECLINED) if failed else ("COMPLETED", None)
            refund.landing = None
            del self._open_refunds[refund.merchant_refund_id]
            events.append(Event("refund", refund.order, refund))
        return events
