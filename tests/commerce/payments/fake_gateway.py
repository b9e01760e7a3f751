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
    OrderStatus,
    RefundStatus,
    SeenPayment,
    State,
    WebhookEvent,
)

NAME = "FAKE"
SIGNATURE = "x-fake-signature"


@dataclass
class FakeGateway:
    """Orders by their ref: what was asked, and (state, captured amount)."""

    name: str = NAME
    asked: dict[str, int] = field(default_factory=dict)
    states: dict[str, tuple[State, int]] = field(default_factory=dict)
    refunds: dict[str, State] = field(default_factory=dict)
    refunded: dict[str, int] = field(default_factory=dict)
    refunds_succeed: bool = True

    def contract(self) -> str:
        return "F1"

    def account(self) -> str:
        return "FAKE-ACCOUNT"

    def supports(self, currency: str) -> bool:
        return currency == "INR"

    def prepare(self, contract: str, account: str) -> None:
        """Always ready."""

    def initiate(self, order: GatewayOrder) -> Initiated:
        if order.ref in self.asked:
            raise KnownAlready("USED")
        self.asked[order.ref] = order.amount
        self.states[order.ref] = (State.PENDING, order.amount)
        return Initiated("F" + order.ref, Flow.REDIRECT, "https://fake.example/" + order.ref, None)

    def pay(self, ref: str, state: State, amount: int | None = None) -> None:
        """The payer's doing. Money that was taken stays taken."""
        if self.states[ref][0] is not State.SUCCESS:
            self.states[ref] = (state, self.asked[ref] if amount is None else amount)

    def status(self, order: GatewayOrder) -> OrderStatus:
        if order.ref not in self.states:
            return OrderStatus(State.UNKNOWN, order.amount, "INR")
        state, amount = self.states[order.ref]
        paid = (SeenPayment("PAY" + order.ref, amount, "INR", State.SUCCESS),) if state is State.SUCCESS else ()
        return OrderStatus(state, amount, "INR", paid, "DECLINED" if state is State.FAILED else None)

    def refund(self, refund: GatewayRefund) -> RefundStatus:
        if refund.ref in self.refunds:
            raise KnownAlready("USED")
        self.refunds[refund.ref] = State.SUCCESS if self.refunds_succeed else State.FAILED
        if self.refunds_succeed:
            self.refunded[refund.order_ref] = self.refunded.get(refund.order_ref, 0) + refund.amount
        return RefundStatus(State.PENDING, "R" + refund.ref)

    def refund_status(self, refund: GatewayRefund) -> RefundStatus:
        return RefundStatus(self.refunds.get(refund.ref, State.UNKNOWN), "R" + refund.ref)

    def verify(self, headers: Mapping[str, str], raw_body: bytes) -> bool:
        return headers.get(SIGNATURE) == hashlib.sha256(raw_body).hexdigest()

    def parse(self, raw_body: bytes, headers: Mapping[str, str]) -> WebhookEvent:
        body = json.loads(raw_body)
        return WebhookEvent(hashlib.sha256(raw_body).hexdigest(), body["event"], merchant_transaction_id=body["order"])
