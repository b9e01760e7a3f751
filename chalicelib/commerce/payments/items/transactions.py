"""What gateways took and gave back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

from pynamodb.attributes import MapAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.platform import clock
from chalicelib.platform.store import InstantAttribute, Item, Key, Query
from chalicelib.platform.store.patterns import AccessPattern


class PaymentTransaction(Item, discriminator="PaymentTransaction"):
    """One try to pay an order. ``status``: SUCCESS, AUTHORIZED, FAILED, PENDING, REFUNDED or PARTIAL_REFUND.

    ``instrument`` and ``raw`` (JSON text, at most 64 KiB) are masked.
    """

    provider_transaction_id = UnicodeAttribute()
    amount_paise = NumberAttribute()
    currency = UnicodeAttribute()
    status = UnicodeAttribute()
    payment_mode = UnicodeAttribute(null=True)
    instrument = UnicodeAttribute(null=True)
    utr = UnicodeAttribute(null=True)
    fee_paise = NumberAttribute(null=True)
    raw = UnicodeAttribute(null=True)
    created_at = InstantAttribute()
    updated_at = InstantAttribute()

    @staticmethod
    def place(order_id: str, provider_transaction_id: str) -> Key:
        """Its key."""
        return Key(f"ORDER#{order_id}", f"TXN#{provider_transaction_id}")

    @staticmethod
    def by_utr(utr: str) -> Query[PaymentTransaction]:
        """What a bank's reference paid; ``row``: ``{order_id, user_id}``."""
        return Query(PaymentTransaction, f"UTR#{utr}", index="gsi1")

    @staticmethod
    def by_provider_id(provider_transaction_id: str) -> Query[PaymentTransaction]:
        """What a gateway's own id paid, or tried to; ``row``: ``{order_id, user_id}``."""
        return Query(PaymentTransaction, f"GWTXN#{provider_transaction_id}", index="gsi2")

    def index(self, order_id: str, user_id: str) -> None:
        """Set what finds the order by what the payer's bank or gateway told the payer (PAY-117), before the put."""
        if self.utr:
            self.gsi1pk, self.gsi1sk = f"UTR#{self.utr}", order_id
        self.gsi2pk, self.gsi2sk = f"GWTXN#{self.provider_transaction_id}", order_id
        self.row = cast("MapAttribute[Any, Any]", {"order_id": order_id, "user_id": user_id})


class GatewayPayment(Item, discriminator="GatewayPayment"):
    """One payment at a gateway, by the gateway's id: put once, so that it acts once, ever.

    ``outcome``: SETTLED, DUPLICATE, LATE, MISMATCH or HELD.
    """

    merchant_transaction_id = UnicodeAttribute()
    amount_paise = NumberAttribute()
    outcome = UnicodeAttribute()
    created_at = InstantAttribute()

    @staticmethod
    def place(gateway: str, provider_transaction_id: str) -> Key:
        """Its key."""
        return Key(f"GWPAY#{gateway}#{provider_transaction_id}", "PAY")


class Refund(Item, discriminator="Refund"):
    """Money on its way back.

    ``cause``: CUSTOMER, DUPLICATE, LATE or REVIEW. ``state``: REQUESTED, PROCESSING, SUCCEEDED or FAILED. ``booked``:
    the account its money stands on until then, REVENUE or SUSPENSE. ``sends``: how often it was asked for; ``sent_at``:
    epoch seconds. ``taken``: what it took of what the order opened, kind of line → the seller's facts; ``delta_days``:
    how much, begun days count whole.
    """

    merchant_refund_id = UnicodeAttribute()
    merchant_transaction_id = UnicodeAttribute()
    user_id = UnicodeAttribute()
    gateway = UnicodeAttribute()
    gateway_contract = UnicodeAttribute(null=True)
    gateway_account = UnicodeAttribute(null=True)
    amount_paise = NumberAttribute()
    currency = UnicodeAttribute()
    cause = UnicodeAttribute()
    state = UnicodeAttribute()
    mode = UnicodeAttribute(default="GATEWAY")
    offline_reference = UnicodeAttribute(null=True)
    booked = UnicodeAttribute(default="REVENUE")
    reason = UnicodeAttribute()
    entitlement_effect = UnicodeAttribute(default="KEEP")
    delta_days = NumberAttribute(default=0)
    taken: MapAttribute[str, Any] = MapAttribute(default=dict)
    provider_refund_id = UnicodeAttribute(null=True)
    error_code = UnicodeAttribute(null=True)
    credit_note_number = UnicodeAttribute(null=True)
    requested_by = UnicodeAttribute()
    requested_at = InstantAttribute()
    sends = NumberAttribute(default=0)
    sent_at = NumberAttribute(default=0)
    processed_at = InstantAttribute(null=True)
    created_at = InstantAttribute()
    updated_at = InstantAttribute()

    @staticmethod
    def place(order_id: str, refund_id: str) -> Key:
        """Its key."""
        return Key(f"ORDER#{order_id}", f"RF#{refund_id}")

    @staticmethod
    def by_id(refund_id: str) -> Query[Refund]:
        """The refund of an id, for gateways that name nothing else."""
        return Query(Refund, f"REFUND#{refund_id}", index="gsi1")

    @staticmethod
    def state_partition(state: str, created_at: datetime) -> str:
        """Where the refunds of a state and a month (UTC) are listed."""
        return f"REFUNDS#{state}#{created_at:%Y-%m}"

    @staticmethod
    def of_month(state: str, month: datetime, first: datetime, last: datetime) -> Query[Refund]:
        """Refunds of a state asked for from ``first`` to before ``last`` within a month, oldest first."""
        between = (clock.iso(first), clock.iso(last))
        return Query(Refund, Refund.state_partition(state, month), index="gsi2", between=between)

    def index(self) -> None:
        """Set the index keys and the row, before the first put."""
        self.gsi1pk, self.gsi1sk = f"REFUND#{self.merchant_refund_id}", "REFUND"
        self.gsi2pk = self.state_partition(self.state, self.created_at)
        self.gsi2sk = clock.iso(self.created_at)
        facts: dict[str, Any] = {
            "id": self.merchant_refund_id,
            "order_id": self.merchant_transaction_id,
            "user_id": self.user_id,
            "amount_paise": int(self.amount_paise),
            "currency": self.currency,
            "cause": self.cause,
            "mode": self.mode,
            "state": self.state,
            "credit_note_number": self.credit_note_number,
            "created_at": clock.iso(self.created_at),
        }
        self.row = cast("MapAttribute[Any, Any]", facts)


_FROM, _TO = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
PATTERNS = (
    AccessPattern("did this gateway payment act already", GatewayPayment.place("PHONEPE", "<paymentId>"), 1),
    AccessPattern("orders of a bank's reference", PaymentTransaction.by_utr("<utr>"), 0.5, consistent=False),
    AccessPattern(
        "orders of a gateway's transaction", PaymentTransaction.by_provider_id("<id>"), 0.5, consistent=False
    ),
    AccessPattern("a refund", Refund.place("<orderId>", "<refundId>"), 1),
    AccessPattern("a refund by its id alone", Refund.by_id("<refundId>"), 0.5, consistent=False),
    AccessPattern("refunds of a state", Refund.of_month("REQUESTED", _FROM, _FROM, _TO), 0.5, consistent=False),
)
