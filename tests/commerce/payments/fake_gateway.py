"""A gateway in memory, behind the interface that every adapter has (PAY-100)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from chalicelib.commerce.gateways import (
    Flow,
    GatewayOrder,
    GatewayRefund,
    Initiated,
    KnownAlready,
    NoAnswer,
    OrderStatus,
    RefundStatus,
    Refused,
    SeenPayment,
    State,
    WebhookEvent,
)

NAME = "FAKE"
SIGNATURE = "x-fake-signature"
LEAST = 100
TRIES = 3
"""How often it is asked for a status, as adapters repeat that question."""


@dataclass
class FakeGateway:
    """Orders by their ref: what was asked, and (state, captured amount)."""

    name: str = NAME
    flow: Flow = Flow.REDIRECT
    currencies: tuple[str, ...] = ("INR",)
    asked: dict[str, int] = field(default_factory=dict)
    states: dict[str, tuple[State, int]] = field(default_factory=dict)
    refunds: dict[str, State] = field(default_factory=dict)
    refunded: dict[str, int] = field(default_factory=dict)
    refunds_succeed: bool = True
    refunds_wait: bool = False
    lapsed: set[str] = field(default_factory=set)
    silent: int = 0
    """So many next questions about an order have no answer."""

    def contract(self) -> str:
        return "F1"

    def account(self) -> str:
        return "FAKE-ACCOUNT"

    def supports(self, currency: str) -> bool:
        return currency in self.currencies

    def prepare(self, contract: str, account: str) -> None:
        """Always ready."""

    def initiate(self, order: GatewayOrder) -> Initiated:
        if order.ref in self.asked:
            raise KnownAlready("USED")
        if order.amount < LEAST:
            raise Refused("AMOUNT")
        self.asked[order.ref] = order.amount
        self.states[order.ref] = (State.PENDING, order.amount)
        return Initiated("F" + order.ref, Flow.REDIRECT, "https://fake.example/" + order.ref, None)

    def pay(self, ref: str, state: State, amount: int | None = None) -> None:
        """The payer's doing. Money that was taken stays taken."""
        if self.states[ref][0] is not State.SUCCESS:
            self.states[ref] = (state, self.asked[ref] if amount is None else amount)

    def lapse(self) -> None:
        """No open order can be paid any more."""
        open_ones = [ref for ref, (state, _) in self.states.items() if state is State.PENDING]
        self.lapsed.update(open_ones)
        self.states.update((ref, (State.FAILED, self.asked[ref])) for ref in open_ones)

    def status(self, order: GatewayOrder) -> OrderStatus:
        tries, self.silent = self.silent, max(0, self.silent - TRIES)
        if tries >= TRIES:
            raise NoAnswer("SILENT")
        if order.ref not in self.states:
            return OrderStatus(State.UNKNOWN, order.amount, "INR")
        state, amount = self.states[order.ref]
        paid = (SeenPayment("PAY" + order.ref, amount, "INR", State.SUCCESS),) if state is State.SUCCESS else ()
        late = order.ref in self.lapsed and state is State.FAILED
        return OrderStatus(state, amount, "INR", paid, "DECLINED" if state is State.FAILED else None, late)

    def refund(self, refund: GatewayRefund) -> RefundStatus:
        if refund.ref in self.refunds:
            raise KnownAlready("USED")
        state, captured = self.states.get(refund.order_ref, (State.UNKNOWN, 0))
        if state is not State.SUCCESS or self.refunded.get(refund.order_ref, 0) + refund.amount > captured:
            raise Refused("AMOUNT")
        self.refunds[refund.ref] = State.SUCCESS if self.refunds_succeed else State.FAILED
        if self.refunds_wait:
            self.refunds[refund.ref] = State.PENDING
        if self.refunds_succeed:
            self.refunded[refund.order_ref] = self.refunded.get(refund.order_ref, 0) + refund.amount
        return RefundStatus(State.PENDING, "R" + refund.ref)

    def refund_status(self, refund: GatewayRefund) -> RefundStatus:
        return RefundStatus(self.refunds.get(refund.ref, State.UNKNOWN), "R" + refund.ref)

    def signature(self, raw_body: bytes) -> str:
        return hashlib.sha256(raw_body).hexdigest()

    def verify(self, headers: Mapping[str, str], raw_body: bytes) -> bool:
        return headers.get(SIGNATURE) == self.signature(raw_body)

    def parse(self, raw_body: bytes, headers: Mapping[str, str]) -> WebhookEvent:
        event_id = hashlib.sha256(raw_body).hexdigest()
        try:
            body = json.loads(raw_body)
        except (ValueError, RecursionError):
            return WebhookEvent(event_id, "UNREADABLE")
        told = body if isinstance(body, dict) else {}
        event = str(told.get("event") or "UNREADABLE")
        names = {"merchant_transaction_id": told.get("order"), "merchant_refund_id": told.get("refund")}
        return WebhookEvent(event_id, event, **{name: one for name, one in names.items() if isinstance(one, str)})
