"""The simulated gateway as the local cloud holds it: told what to do, pressed, looked at, reset."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from threading import Event as Signal
from threading import Thread
from typing import Protocol

from infra.local.phonepe import behaviour as told_behaviour
from infra.local.phonepe.behaviour import Outcome
from infra.local.phonepe.config import Clock, SimulatorConfig
from infra.local.phonepe.contract_v1 import ContractV1
from infra.local.phonepe.contract_v2 import ContractV2
from infra.local.phonepe.lifecycle import Event, Lifecycle, NotPayable
from infra.local.phonepe.state import Order, State
from infra.local.phonepe.webhooks import Courier, Message, messages
from infra.local.phonepe.wire import JsonObject

TICK_SECONDS = 0.05


class Listener(Protocol):
    """The HTTP server behind a simulator."""

    def close(self) -> None:
        """Stops listening; returns once the port is free."""


class UnknownOrder(KeyError):
    """No order or refund of that id was ever placed at the simulator."""


class Simulator:
    """One PhonePe with one merchant. Made by ``server.start``; every method may be called from any thread."""

    def __init__(self, config: SimulatorConfig, now: Clock) -> None:
        self.config = config
        self.url = ""
        self.state = State(config, now)
        self._lifecycle = Lifecycle(self.state)
        self._courier = Courier(self.state)
        self._stopping = Signal()
        self._listener: Listener | None = None
        hooks = (self._lifecycle.opened, self._lifecycle.refund_opened, self.page_url, self._slow)
        self.v1 = ContractV1(self.state, *hooks)
        self.v2 = ContractV2(self.state, *hooks)
        self._ticker = Thread(target=self._tick, name="phonepe-ticker", daemon=True)

    def run(self, url: str, listener: Listener) -> None:
        """Called once by the server that listens at ``url``."""
        self.url = url
        self._listener = listener
        self._ticker.start()

    def stop(self) -> None:
        """Closes the port and ends waiting calls; further calls do nothing."""
        self._stopping.set()
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()

    def set_behaviour(self, body: Mapping[str, object]) -> JsonObject:
        """Takes a body of LOC-08 and answers it back; raises ``BehaviourRefused`` naming the wrong fields.

        An outcome told for an order that waits begins at once, as if the customer had chosen it now; told
        for a paid one it rules the refunds to come; told for a failed one it raises ``NotPayable`` and
        changes nothing (unless it is the late success of an expired order).
        """
        told = told_behaviour.parse(body)
        with self.state.lock:
            before = self.state.behaviours.tell(told)
            order = self.state.orders.get(told.order or "")
            if order is not None and told.outcome is not None and order.state != "COMPLETED":
                try:
                    self._lifecycle.begin(order, told.outcome)
                except NotPayable:
                    self.state.behaviours.restore(told.order, before)
                    raise
        self.settle()
        return told.model_dump(mode="json", by_alias=True, exclude_none=True)

    def press(self, merchant_transaction_id: str, outcome: str) -> JsonObject:
        """Chooses an outcome as the hosted page's buttons do; for a refund's id, the bank's answer to it.

        Answers the order as ``orders`` does. Raises ``UnknownOrder``, ``NotPayable`` (with the reason) or
        ``ValueError`` for an outcome that does not exist.
        """
        chosen = Outcome(outcome)
        with self.state.lock:
            order = self.state.orders.get(merchant_transaction_id)
            refund = self.state.refunds.get(merchant_transaction_id)
            if refund is not None:
                self._lifecycle.decide_refund(refund, chosen)
                order = refund.order
            elif order is not None:
                self._lifecycle.begin(order, chosen)
            else:
                raise UnknownOrder(merchant_transaction_id)
            # In the same hold of the lock, so that the ticker cannot send first and «before the redirect»
            # holds.
            plans = self._plans(self._lifecycle.settle())
        first = self.state.behaviours.effective(order.merchant_order_id).before_redirect
        for plan in plans:
            self._courier.deliver(plan, wait=first and plan[0].about == order.merchant_order_id)
        with self.state.lock:
            return self._view(order)

    def settle(self) -> None:
        """Applies what is due at the clock's time now and sends its webhooks."""
        with self.state.lock:
            plans = self._plans(self._lifecycle.settle())
        for plan in plans:
            self._courier.deliver(plan, wait=False)

    def resend_webhook(self, merchant_transaction_id: str) -> None:
        """Sends the last state of a finished order or refund once more; ``NotPayable`` for an open one."""
        with self.state.lock:
            order = self.state.orders.get(merchant_transaction_id)
            refund = self.state.refunds.get(merchant_transaction_id)
            if refund is not None and refund.state in ("COMPLETED", "FAILED"):
                plans = self._plans([Event("refund", refund.order, refund)])
            elif order is not None and order.state != "PENDING":
                plans = self._plans([Event("order", order)])
            elif refund is not None or order is not None:
                raise NotPayable("there is nothing to tell yet")
            else:
                raise UnknownOrder(merchant_transaction_id)
        for plan in plans:
            self._courier.deliver(plan, wait=False)

    def wait_idle(self, timeout_seconds: float) -> bool:
        """Whether every webhook that is due was answered within that many real seconds."""
        self.settle()
        return self._courier.wait_idle(timeout_seconds)

    def orders(self) -> list[JsonObject]:
        """What the simulator saw, newest order first: each with its API calls, refunds and webhooks, with
        times.
        """
        self.settle()
        with self.state.lock:
            return [self._view(order) for order in reversed(self.state.orders.values())]

    def calls(self) -> list[JsonObject]:
        """Every API call in the order it came, those refused or about no order included."""
        with self.state.lock:
            return [
                {"at": _iso(c.at), "method": c.method, "path": c.path, "status": c.status, "order": c.about}
                for c in self.state.calls
            ]

    def expire_tokens(self) -> None:
        """Every OAuth token issued so far stops working at once."""
        self.state.expire_tokens()

    def reset(self) -> None:
        """Forgets orders, tokens, behaviours and records."""
        with self.state.lock:
            self.state.clear()
            self._lifecycle.clear()

    def page_url(self, order: Order) -> str:
        """The hosted payment page of an order."""
        return f"{self.url}/transact/pg?token={order.page_token}"

    def _plans(self, events: list[Event]) -> list[list[Message]]:
        """One plan per order, so that the webhooks of one order keep their order."""
        by_order: dict[str, list[Event]] = {}
        for event in events:
            by_order.setdefault(event.order.merchant_order_id, []).append(event)
        behaviours = self.state.behaviours
        plans = [messages(mine, self.config, behaviours.effective(order)) for order, mine in by_order.items()]
        return [plan for plan in plans if plan]

    def _tick(self) -> None:
        while not self._stopping.wait(TICK_SECONDS):
            self.settle()

    def _slow(self, seconds: float) -> None:
        if seconds > 0:
            self._stopping.wait(seconds)

    def _view(self, order: Order) -> JsonObject:
        about = order.merchant_order_id
        return {
            "merchantTransactionId": about,
            "contract": order.contract,
            "orderId": order.order_id,
            "state": order.state,
            "amountPaise": order.amount,
            "capturedPaise": order.captured,
            "errorCode": order.failure.error_code if order.failure else None,
            "createdAt": _iso(order.created_at),
            "expiresAt": _iso(order.expires_at),
            "pageUrl": self.page_url(order),
            "redirectUrl": order.redirect_url,
            "transactionIds": [attempt.transaction_id for attempt in order.attempts],
            "refunds": [
                {"merchantRefundId": r.merchant_refund_id, "amountPaise": r.amount, "state": r.state}
                for r in order.refunds
            ],
            "calls": [
                {"at": _iso(c.at), "method": c.method, "path": c.path, "status": c.status}
                for c in self.state.calls
                if c.about == about
            ],
            "webhooks": [
                {
                    "at": _iso(d.at),
                    "event": d.event,
                    "url": d.url,
                    "copy": d.copy,
                    "signature": d.signature,
                    "status": d.status,
                }
                for d in self.state.deliveries
                if d.about == about
            ],
        }


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
