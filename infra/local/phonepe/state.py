"""What the simulated gateway remembers: orders, attempts, refunds, tokens, calls seen and webhooks sent."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import RLock
from typing import Literal

from infra.local.phonepe.behaviour import Behaviours, Outcome
from infra.local.phonepe.config import Clock, SimulatorConfig

Contract = Literal["V1", "V2"]
PayState = Literal["PENDING", "COMPLETED", "FAILED"]
RefundState = Literal["PENDING", "CONFIRMED", "COMPLETED", "FAILED"]


@dataclass(frozen=True)
class Failure:
    """Why a payment or refund failed: V2's ``errorContext`` and V1's code for the same."""

    error_code: str
    detailed_error_code: str
    source: str
    stage: str
    description: str
    v1_code: str


# The sample failure of PhonePe's order status page, and its error code page's line for an unfinished
# payment.
DECLINED = Failure("INVALID_MPIN", "ZM", "CUSTOMER", "AUTHENTICATION", "Wrong MPIN was entered", "PAYMENT_ERROR")
EXPIRED = Failure(
    "TXN_NOT_COMPLETED",
    "TXN_AUTO_FAILED",
    "CUSTOMER",
    "PRE_AUTHENTICATION",
    "Payment couldn't be completed due to issues related to customer or their bank.",
    "TIMED_OUT",
)
REFUND_DECLINED = Failure(
    "REFUND_FAILED", "REFUND_FAILED", "BANK", "REFUND", "The bank did not take the refund", "PAYMENT_ERROR"
)


@dataclass
class Attempt:
    """One try of the customer to pay. ``amount`` is in paise."""

    transaction_id: str
    at: datetime
    amount: int
    utr: str
    state: PayState = "PENDING"
    failure: Failure | None = None


@dataclass(frozen=True)
class Landing:
    """An outcome that is on its way and shows at an instant."""

    outcome: Outcome
    at: datetime


@dataclass
class Refund:
    """One refund of an order; amounts in paise."""

    merchant_refund_id: str
    refund_id: str
    order: Order
    amount: int
    created_at: datetime
    callback_url: str | None
    utr: str
    state: RefundState = "PENDING"
    accepted: bool = False
    failure: Failure | None = None
    landing: Landing | None = None


@dataclass
class Order:
    """One order of either contract; amounts in paise."""

    contract: Contract
    merchant_order_id: str
    order_id: str
    amount: int
    created_at: datetime
    expires_at: datetime
    page_token: str
    redirect_url: str | None
    redirect_mode: str = "REDIRECT"
    callback_url: str | None = None
    meta: dict[str, str] | None = None
    message: str | None = None
    state: PayState = "PENDING"
    failure: Failure | None = None
    captured: int | None = None
    completed_mark: int = 0
    attempts: list[Attempt] = field(default_factory=list)
    landing: Landing | None = None
    refunds: list[Refund] = field(default_factory=list)

    @property
    def shown_amount(self) -> int:
        """What the status API calls the amount: the captured one once there is one."""
        return self.amount if self.captured is None else self.captured

    @property
    def refundable(self) -> int:
        """Paise still to give back."""
        taken = sum(refund.amount for refund in self.refunds if refund.state != "FAILED")
        return (self.captured or 0) - taken


@dataclass(frozen=True)
class Call:
    """An API call the simulator saw."""

    at: datetime
    method: str
    path: str
    status: int
    about: str | None


@dataclass(frozen=True)
class Delivery:
    """One copy of one webhook; ``status`` is None when there was no answer."""

    at: datetime
    about: str
    event: str
    url: str
    copy: int
    signature: str
    status: int | None


class AlreadyKnown(Exception):
    """The merchant used an order or refund id twice."""


class State:
    """Everything remembered. Take ``lock`` around anything that reads and then writes."""

    def __init__(self, config: SimulatorConfig, now: Clock) -> None:
        self.config = config
        self.now = now
        self.lock = RLock()
        self.behaviours = Behaviours()
        self.orders: dict[str, Order] = {}
        self.refunds: dict[str, Refund] = {}
        self.calls: list[Call] = []
        self.deliveries: list[Delivery] = []
        self._pages: dict[str, Order] = {}
        self._tokens: dict[str, datetime] = {}

    def clear(self) -> None:
        with self.lock:
            for kept in (self.orders, self.refunds, self._pages, self._tokens):
                kept.clear()
            self.calls.clear()
            self.deliveries.clear()
            self.behaviours.clear()

    def add_order(self, order: Order) -> None:
        """Keeps a new order; ``AlreadyKnown`` when its id was used before."""
        with self.lock:
            if order.merchant_order_id in self.orders or order.merchant_order_id in self.refunds:
                raise AlreadyKnown(order.merchant_order_id)
            self.orders[order.merchant_order_id] = order
            self._pages[order.page_token] = order

    def add_refund(self, refund: Refund) -> None:
        """Keeps a new refund; ``AlreadyKnown`` when its id was used before."""
        with self.lock:
            if refund.merchant_refund_id in self.refunds or refund.merchant_refund_id in self.orders:
                raise AlreadyKnown(refund.merchant_refund_id)
            self.refunds[refund.merchant_refund_id] = refund
            refund.order.refunds.append(refund)

    def page(self, token: str) -> Order | None:
        with self.lock:
            return self._pages.get(token)

    def new_id(self, prefix: str) -> str:
        """An id as the gateway makes them: prefix, time to the second, ten digits."""
        return f"{prefix}{self.now():%y%m%d%H%M%S}{secrets.randbelow(10**10):010d}"

    def issue_token(self) -> tuple[str, datetime, datetime]:
        """(token, issued, expires); the token looks like the real one's JWT but is only looked up, never
        read.
        """
        issued = self.now().replace(microsecond=0)
        expires = issued + timedelta(seconds=self.config.token_seconds)
        claims = {"expiresOn": int(expires.timestamp() * 1000), "merchantId": self.config.merchant_id}
        parts = [_base64url(json.dumps(part)) for part in ({"alg": "HS256", "typ": "JWT"}, claims)]
        token = ".".join([*parts, secrets.token_urlsafe(32)])
        with self.lock:
            self._tokens[token] = expires
        return token, issued, expires

    def token_valid(self, token: str) -> bool:
        with self.lock:
            expires = self._tokens.get(token)
        return expires is not None and self.now() < expires

    def expire_tokens(self) -> None:
        """Every token issued so far stops working, as if the gateway had revoked it."""
        with self.lock:
            self._tokens.clear()


def _base64url(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def new_utr() -> str:
    """A bank reference: twelve digits."""
    return f"{secrets.randbelow(9 * 10**11) + 10**11}"
