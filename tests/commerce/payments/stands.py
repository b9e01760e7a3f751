"""An adapter beside its simulated gateway, as the contract suite needs both: the next gateway brings one of these.

What is particular to a gateway stands here; what every adapter owes stands in ``test_adapters``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from chalicelib.commerce.gateways import Gateway, GatewayOrder, GatewayRefund, State, gateway
from chalicelib.commerce.gateways.phonepe import tokens
from chalicelib.platform import clock
from chalicelib.platform.ids import new_ulid
from infra.local.emulator import Emulator
from infra.local.phonepe import Simulator
from tests.commerce.payments.fake_gateway import SIGNATURE, FakeGateway
from tests.support.phonepe import Receiver

AMOUNT = 49_900


@dataclass(frozen=True)
class Delivered:
    """A webhook as it arrived; header names are lower-case."""

    headers: Mapping[str, str]
    body: bytes


class Stand(Protocol):
    """One contract of one gateway. ``url``: where its simulator is; None: it is not reached over HTTP."""

    contract: str
    adapter: Gateway
    url: str | None
    private: Sequence[str]
    """What a payer's means of payment hold and no answer of the adapter may."""

    def reach(self, url: str) -> None:
        """From now on the adapter finds its gateway's interface there; what it logs in with stays where it is."""

    def pay(self, ref: str, outcome: State) -> None:
        """The payer, or for a refund's ref the bank, decides."""

    def lapse(self) -> None:
        """Time passes until no open order can be paid any more."""

    def take(self, ref: str, amount: int) -> None:
        """The gateway takes another sum than was asked."""

    def decide_later(self) -> None:
        """Refunds wait for ``pay``."""

    def never_answers(self, ref: str, times: int) -> None:
        """So many next questions about an order go wrong."""

    def webhooks(self) -> Sequence[Delivered]:
        """What the gateway has sent so far, oldest first."""

    def lies(self, order: GatewayOrder) -> Sequence[bytes]:
        """Answers in its own shape that claim a payment nobody can act upon: without a usable sum, of another order."""

    def money_calls(self) -> int:
        """How many calls to pay or refund have arrived."""


@dataclass
class PhonePeStand:
    """PhonePe's simulator."""

    contract: str
    cloud: Emulator
    simulator: Simulator
    receiver: Receiver
    setenv: Callable[[str, str], None]
    adapter: Gateway = field(default_factory=lambda: gateway("PHONEPE"))
    private: Sequence[str] = ("98****10@ybl",)

    def __post_init__(self) -> None:
        self.url: str | None = self.simulator.url
        self.setenv("PHONEPE_AUTH_BASE_URL", self.simulator.url)
        self.setenv("PHONEPE_CALLBACK_URL", self.receiver.url)
        self.simulator.config.webhook_url = self.receiver.url
        self.reach(self.simulator.url)

    def reach(self, url: str) -> None:
        self.adapter.prepare(self.contract, self.adapter.account())
        self.setenv("PHONEPE_API_BASE_URL", url)

    def pay(self, ref: str, outcome: State) -> None:
        self.simulator.press(ref, outcome.value)
        assert self.simulator.wait_idle(10)

    def lapse(self) -> None:
        self.cloud.advance(40 * 60)
        self.simulator.settle()
        tokens.forget()

    def take(self, ref: str, amount: int) -> None:
        self.simulator.set_behaviour({"order": ref, "amountDelta": amount - AMOUNT})
        self.pay(ref, State.SUCCESS)

    def decide_later(self) -> None:
        self.simulator.set_behaviour({"outcome": "PENDING"})

    def never_answers(self, ref: str, times: int) -> None:
        self.simulator.set_behaviour({"order": ref, "statusDownCalls": times})

    def webhooks(self) -> Sequence[Delivered]:
        assert self.simulator.wait_idle(10)
        return [Delivered(one.headers, one.body) for one in self.receiver.received]

    def lies(self, order: GatewayOrder) -> Sequence[bytes]:
        sums = [None, 499.5, -order.amount, 0, str(order.amount), True, 10**40, [order.amount]]
        if self.contract == "V2":
            paid: list[dict[str, Any]] = [{"state": "COMPLETED", "amount": one} for one in sums]
            paid.append({"state": "COMPLETED", "amount": order.amount, "merchantOrderId": "TXN-OF-SOMEBODY-ELSE"})
            paid.append({"state": "COMPLETED", "amount": order.amount, "orderId": "ANOTHER"})
            return [json.dumps({"orderId": order.provider_order_id, **one}).encode() for one in paid]
        data = [{"merchantTransactionId": order.ref, "transactionId": "T1", "amount": one} for one in sums]
        data.append({"merchantTransactionId": "TXN-OF-SOMEBODY-ELSE", "transactionId": "T1", "amount": order.amount})
        return [json.dumps({"success": True, "code": "PAYMENT_SUCCESS", "data": one}).encode() for one in data]

    def money_calls(self) -> int:
        paths = ("/checkout/v2/pay", "/pg/v1/pay", "/pg/v1/refund", "/payments/v2/refund")
        calls = [call for call in self.simulator.calls() if call["method"] == "POST"]
        return sum(1 for call in calls if str(call["path"]).endswith(paths))


@dataclass
class FakeStand:
    """The gateway in memory that other tests use: it owes them the same."""

    contract: str = "F1"
    url: str | None = None
    private: Sequence[str] = ()
    adapter: FakeGateway = field(default_factory=FakeGateway)
    sent: list[Delivered] = field(default_factory=list)

    def reach(self, url: str) -> None:
        raise AssertionError("it is not reached over HTTP")

    def pay(self, ref: str, outcome: State) -> None:
        if ref in self.adapter.refunds:
            self.adapter.refunds[ref] = outcome
            body = {"event": f"refund.{outcome.lower()}", "refund": ref}
        else:
            self.adapter.pay(ref, outcome)
            body = {"event": f"order.{outcome.lower()}", "order": ref}
        raw = json.dumps(body).encode()
        self.sent.append(Delivered({SIGNATURE: self.adapter.signature(raw)}, raw))

    def lapse(self) -> None:
        self.adapter.lapse()

    def take(self, ref: str, amount: int) -> None:
        self.adapter.pay(ref, State.SUCCESS, amount)

    def decide_later(self) -> None:
        self.adapter.refunds_wait = True

    def never_answers(self, ref: str, times: int) -> None:
        self.adapter.silent = times

    def webhooks(self) -> Sequence[Delivered]:
        return self.sent

    def lies(self, order: GatewayOrder) -> Sequence[bytes]:
        return ()

    def money_calls(self) -> int:
        return len(self.adapter.asked) + len(self.adapter.refunds)


def an_order(stand: Stand, amount: int = AMOUNT) -> GatewayOrder:
    """An order that nobody knows yet."""
    return GatewayOrder(
        ref=f"TXN{new_ulid()}",
        amount=amount,
        currency="INR",
        created_at=clock.now(),
        contract=stand.contract,
        account=stand.adapter.account(),
        payer="0123456789abcdef0123",
        title="Prelims",
        plan_key="basic",
        return_url="https://academy.example/return?txn=1",
    )


def a_refund(order: GatewayOrder, amount: int) -> GatewayRefund:
    """A refund of an order."""
    return GatewayRefund(f"RF{new_ulid()}", order.ref, amount, "INR", order.contract, order.account)
