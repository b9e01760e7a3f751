"""Orders, the way in to them without knowing their owner, and the one open checkout of a thing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

from pynamodb.attributes import (
    BooleanAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    UnicodeAttribute,
)

from chalicelib.platform import clock
from chalicelib.platform.access.card import plain
from chalicelib.platform.store import InstantAttribute, Item, Key, Query
from chalicelib.platform.store.patterns import AccessPattern

ID_PATTERN = "TXN[0-9A-HJKMNP-TV-Z]{26}"
"""``merchantTransactionId``: ``TXN`` and a ULID (PAY-40)."""


class PaymentOrder(Item, discriminator="PaymentOrder"):
    """An order, in its owner's partition: ownership is part of the key.

    Amounts are in the minor unit of ``currency``. ``lines``: ``{kind, ref, title, unitPricePaise, discountPaise,
    taxPaise, totalPaise, snapshot}``. ``tax``: see ``tax.order_tax``. ``next_check_at``, ``initiate_until``: epoch
    seconds; while the latter has not passed, one invocation is asking the gateway for a page. ``captured_paise``: what
    the gateway took, which is not what was asked while the order is held. ``terms``: hash of what makes two checkouts
    of the same lines one. ``unsure``: a call to the gateway was once left without an answer. ``offline``:
    ``{method, reference, receivedOn, reason}`` of money that came without one. ``coupon_state`` and
    ``coupon_counted`` are those of its redemption, changed with it.
    """

    merchant_transaction_id = UnicodeAttribute()
    user_id = UnicodeAttribute()
    lines: ListAttribute[Any] = ListAttribute(default=list)
    title = UnicodeAttribute()
    plan_key = UnicodeAttribute(null=True)
    gateway = UnicodeAttribute()
    gateway_contract = UnicodeAttribute(null=True)
    gateway_account = UnicodeAttribute(null=True)
    provider_order_id = UnicodeAttribute(null=True)
    provider_transaction_id = UnicodeAttribute(null=True)
    merchant_user_id = UnicodeAttribute()
    subtotal_paise = NumberAttribute()
    discount_paise = NumberAttribute(default=0)
    tax_paise = NumberAttribute(default=0)
    tax: MapAttribute[str, Any] = MapAttribute(default=dict)
    amount_paise = NumberAttribute()
    currency = UnicodeAttribute()
    coupon_code = UnicodeAttribute(null=True)
    coupon_state = UnicodeAttribute(null=True)
    coupon_counted = BooleanAttribute(null=True)
    billing: MapAttribute[str, Any] = MapAttribute(null=True)
    status = UnicodeAttribute()
    status_reason = UnicodeAttribute(null=True)
    flags: ListAttribute[Any] = ListAttribute(default=list)
    redirect_url = UnicodeAttribute(null=True)
    redirect_expires_at = InstantAttribute(null=True)
    return_url = UnicodeAttribute()
    receipt = UnicodeAttribute()
    check_count = NumberAttribute(default=0)
    last_checked_at = InstantAttribute(null=True)
    next_check_at = NumberAttribute(null=True)
    initiate_until = NumberAttribute(default=0)
    unsure = BooleanAttribute(default=False)
    captured_paise = NumberAttribute(default=0)
    captured_currency = UnicodeAttribute(null=True)
    created_at = InstantAttribute()
    updated_at = InstantAttribute()
    paid_at = InstantAttribute(null=True)
    finalized_at = InstantAttribute(null=True)
    grant_effects: ListAttribute[Any] = ListAttribute(default=list)
    resolution = UnicodeAttribute(null=True)
    refund_committed_paise = NumberAttribute(default=0)
    refunded_paise = NumberAttribute(default=0)
    refund_state = UnicodeAttribute(default="NONE")
    superseded_by = UnicodeAttribute(null=True)
    supersedes = UnicodeAttribute(null=True)
    duplicate_of = UnicodeAttribute(null=True)
    link_id = UnicodeAttribute(null=True)
    invoice_number = UnicodeAttribute(null=True)
    placed_from: MapAttribute[str, Any] = MapAttribute(default=dict)
    offline: MapAttribute[str, Any] = MapAttribute(null=True)
    checkout_key = UnicodeAttribute()
    terms = UnicodeAttribute()

    @staticmethod
    def place(user_id: str, order_id: str) -> Key:
        """Its key."""
        return Key(f"USER#{user_id}", f"ORDER#{order_id}")

    @staticmethod
    def status_partition(status: str, created_at: datetime) -> str:
        """Where the orders of a status and a month (UTC) are listed."""
        return f"ORDERS#{status}#{created_at:%Y-%m}"

    @staticmethod
    def of_user(user_id: str, **limits: Any) -> Query[PaymentOrder]:
        """One person's orders, newest first."""
        return Query(PaymentOrder, f"USER#{user_id}", **{"begins_with": "ORDER#", "descending": True, **limits})

    @staticmethod
    def user_range(first: datetime, last: datetime) -> tuple[str, str]:
        """Sort keys of one person's orders from ``first`` to before ``last``."""
        from chalicelib.platform.ids import ulid_at

        return f"ORDER#TXN{ulid_at(first)}", f"ORDER#TXN{ulid_at(last)}"

    @staticmethod
    def of_month(month: datetime, first: datetime, last: datetime, status: str | None = None) -> Query[PaymentOrder]:
        """The orders placed from ``first`` to before ``last`` within a month, of one status or of all; newest first."""
        between = (clock.iso(first), clock.iso(last))
        if status is None:
            return Query(PaymentOrder, f"ORDERS#{month:%Y-%m}", index="gsi1", between=between, descending=True)
        partition = PaymentOrder.status_partition(status, month)
        return Query(PaymentOrder, partition, index="gsi2", between=between, descending=True)

    def facts(self) -> dict[str, Any]:
        """What list rows show; a change of a status changes it too (``states.move``)."""
        return {
            "id": self.merchant_transaction_id,
            "user_id": self.user_id,
            "title": self.title,
            "plan_key": self.plan_key,
            "gateway": self.gateway,
            "amount_paise": int(self.amount_paise),
            "tax_paise": int(self.tax_paise),
            "currency": self.currency,
            "status": str(self.status),
            "status_reason": self.status_reason,
            "flags": [str(flag) for flag in self.flags],
            "refund_state": self.refund_state,
            "invoice_number": self.invoice_number,
            "created_at": clock.iso(self.created_at),
            "paid_at": clock.iso(self.paid_at) if self.paid_at else None,
            "next_check_at": int(self.next_check_at) if self.next_check_at is not None else None,
        }

    def index(self) -> None:
        """Set the index keys and the row, before the first put."""
        created = clock.iso(self.created_at)
        self.gsi1pk, self.gsi1sk = f"ORDERS#{self.created_at:%Y-%m}", f"{created}#{self.merchant_transaction_id}"
        self.gsi2pk = self.status_partition(self.status, self.created_at)
        self.gsi2sk = f"{created}#{self.merchant_transaction_id}"
        self.row = cast("MapAttribute[Any, Any]", self.facts())

    @property
    def id(self) -> str:
        """``merchantTransactionId``."""
        return str(self.merchant_transaction_id)

    def line_facts(self) -> Sequence[dict[str, Any]]:
        """The lines as plain dicts."""
        return [dict(line) for line in self.lines]

    def tax_facts(self) -> dict[str, Any]:
        """The tax as a plain dict."""
        return plain(self.tax)


class OrderLocator(Item, discriminator="OrderLocator"):
    """Whose an order is: webhooks and staff come in through it. Its partition holds the order's money movements."""

    merchant_transaction_id = UnicodeAttribute()
    user_id = UnicodeAttribute()

    @staticmethod
    def place(order_id: str) -> Key:
        """Its key."""
        return Key(f"ORDER#{order_id}", "META")

    @staticmethod
    def partition(order_id: str) -> Query[Item]:
        """The locator, transactions and refunds of an order."""
        return Query(Item, f"ORDER#{order_id}", consistent=True)


class OpenCheckout(Item, discriminator="OpenCheckout"):
    """The order under way for one person and one set of lines; the condition on it makes simultaneous checkouts one."""

    merchant_transaction_id = UnicodeAttribute()
    terms = UnicodeAttribute()
    created_at = InstantAttribute()

    @staticmethod
    def place(user_id: str, checkout_key: str) -> Key:
        """Its key; ``checkout_key`` is the hash of the lines."""
        return Key(f"USER#{user_id}", f"OPENCHECKOUT#{checkout_key}")


_FROM, _TO = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
PATTERNS = (
    AccessPattern("an order of its owner", PaymentOrder.place("<userId>", "<orderId>"), 1),
    AccessPattern("a person's orders, newest first", PaymentOrder.of_user("<userId>"), 0.5, consistent=False),
    AccessPattern("orders of a month", PaymentOrder.of_month(_FROM, _FROM, _TO), 0.5, consistent=False),
    AccessPattern(
        "orders of a month in one status", PaymentOrder.of_month(_FROM, _FROM, _TO, "PENDING"), 0.5, consistent=False
    ),
    AccessPattern("whose an order is", OrderLocator.place("<orderId>"), 1),
    AccessPattern("what happened to an order's money", OrderLocator.partition("<orderId>"), 1),
    AccessPattern("the checkout under way for the same lines", OpenCheckout.place("<userId>", "<hash>"), 1),
)
