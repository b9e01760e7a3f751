"""What every payment gateway's adapter offers (PAY-100).

An adapter speaks one gateway's contract and holds no order logic: it is handed an order under the name that the gateway
knows (``ref``) and answers in the words below. Whether money is owed, late, double or wrong is decided elsewhere.

Of a call that moves money there are four ways to end, and mixing them up loses money: it was taken (an answer), it was
refused (``Refused``), it never left (``NotSent``), or nobody knows (``NoAnswer``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from chalicelib.platform.records import frozen


class Flow(StrEnum):
    """How the payer gets to the gateway."""

    REDIRECT = "REDIRECT"
    CLIENT_SDK = "CLIENT_SDK"
    NONE = "NONE"


class State(StrEnum):
    """What a gateway says of a payment or a refund; UNKNOWN: it has never heard of it."""

    PENDING = "PENDING"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"


class GatewayTrouble(Exception):
    """A gateway did not do what it was asked; ``reason`` is a code, never a text of the gateway's."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Refused(GatewayTrouble):
    """The gateway said no, for good: nothing happened there."""


class NotSent(GatewayTrouble):
    """The call never reached the gateway: nothing happened there, and it may be tried again."""


class NoAnswer(GatewayTrouble):
    """The call left and its outcome is unknown: ask for the status, never repeat it."""


class KnownAlready(GatewayTrouble):
    """The gateway has an order or refund of that name already, from an earlier call whose answer was lost."""


@frozen
class GatewayOrder:
    """An order as a gateway gets to know it. ``amount``: the minor unit of ``currency``.

    ``contract`` and ``account``: those that the order was created with, whatever is configured now (PAY-97).
    ``payer`` is a pseudonym (PAY-40); no personal data goes to a gateway.
    """

    ref: str
    amount: int
    currency: str
    created_at: datetime
    contract: str
    account: str
    payer: str = ""
    title: str = ""
    plan_key: str = ""
    return_url: str = ""
    expire_seconds: int = 1_800
    provider_order_id: str | None = None


@frozen
class GatewayRefund:
    """A refund under its own name ``ref``, of the order that the gateway knows as ``order_ref``."""

    ref: str
    order_ref: str
    amount: int
    currency: str
    contract: str
    account: str


@frozen
class Initiated:
    """Where the payer goes. ``client``: what a CLIENT_SDK needs, never a secret."""

    provider_order_id: str
    flow: Flow
    redirect_url: str | None
    expires_at: datetime | None
    client: Mapping[str, str] | None = None


@frozen
class SeenPayment:
    """One try to pay, as the status API shows it; ``instrument`` and ``raw`` are masked (PAY-112)."""

    id: str
    amount: int
    currency: str
    state: State
    mode: str | None = None
    instrument: str | None = None
    utr: str | None = None
    fee: int | None = None
    raw: str | None = None


@frozen
class OrderStatus:
    """The status API's word on an order: ``amount`` is what was captured, or asked for while nothing was.

    ``timed_out``: it failed because nothing was heard in time, so that money may still come.
    """

    state: State
    amount: int
    currency: str
    payments: tuple[SeenPayment, ...] = ()
    error_code: str | None = None
    timed_out: bool = False

    @property
    def captured(self) -> SeenPayment | None:
        """The payment that succeeded."""
        return next((payment for payment in self.payments if payment.state is State.SUCCESS), None)


@frozen
class RefundStatus:
    """What became of a refund."""

    state: State
    provider_refund_id: str | None = None
    error_code: str | None = None


@frozen
class WebhookEvent:
    """What a webhook claims: a hint where to look, never a reason to act (the status API decides)."""

    event_id: str
    event_type: str
    merchant_transaction_id: str | None = None
    provider_order_id: str | None = None
    provider_payment_id: str | None = None
    merchant_refund_id: str | None = None
    amount: int | None = None
    currency: str | None = None
    state: str | None = None
    notes: Mapping[str, Any] = field(default_factory=dict)


class Gateway(Protocol):
    """One gateway's adapter. ``currencies``: those that it takes payments in, the first one is its own."""

    name: str
    flow: Flow
    currencies: tuple[str, ...]

    def contract(self) -> str:
        """The contract that new orders are created with."""

    def account(self) -> str:
        """The merchant account that new orders are created with."""

    def supports(self, currency: str) -> bool:
        """Whether it takes payments in this currency."""

    def prepare(self, contract: str, account: str) -> None:
        """Get ready for a call (keys, tokens), beside other work; never raises."""

    def initiate(self, order: GatewayOrder) -> Initiated:
        """Begin a payment; asked once per order. Raises ``Refused``, ``NotSent``, ``NoAnswer``, ``KnownAlready``."""

    def status(self, order: GatewayOrder) -> OrderStatus:
        """How the order stands; repeated inside. Raises ``NoAnswer`` when the gateway cannot be asked."""

    def refund(self, refund: GatewayRefund) -> RefundStatus:
        """Give money back; asked once per refund. Raises as ``initiate`` does."""

    def refund_status(self, refund: GatewayRefund) -> RefundStatus:
        """How the refund stands. Raises ``NoAnswer``."""

    def verify(self, headers: Mapping[str, str], raw_body: bytes) -> bool:
        """Whether a webhook is the gateway's own: on the raw bytes, in constant time. Header names are lower-case."""

    def parse(self, raw_body: bytes, headers: Mapping[str, str]) -> WebhookEvent:
        """What a verified webhook says; an unreadable one has an event type and nothing else."""
