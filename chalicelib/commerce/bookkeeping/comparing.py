"""What does not fit between an order, its ledger, its gateway's statement and what it opened (PAY-36). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from chalicelib.commerce.bookkeeping.tallies import NO_GATEWAY, Entry
from chalicelib.platform.records import frozen


class Kind(StrEnum):
    """What kind of difference."""

    MISSING_IN_LEDGER = "MISSING_IN_LEDGER"
    MISSING_AT_GATEWAY = "MISSING_AT_GATEWAY"
    AMOUNT_DIFFERS = "AMOUNT_DIFFERS"
    GRANT_MISSING = "GRANT_MISSING"
    ACCESS_AFTER_FULL_REFUND = "ACCESS_AFTER_FULL_REFUND"
    ORDER_STUCK = "ORDER_STUCK"
    REFUND_STUCK = "REFUND_STUCK"
    LEDGER_UNBALANCED = "LEDGER_UNBALANCED"
    INVOICE_GAP = "INVOICE_GAP"


@frozen
class Differs:
    """One difference of a gateway's day; amounts in paise."""

    kind: Kind
    gateway: str
    order_id: str | None = None
    refund_id: str | None = None
    reference: str | None = None
    expected: int | None = None
    found: int | None = None

    def plain(self) -> dict[str, Any]:
        """As runs and reports keep it."""
        return {
            "kind": str(self.kind),
            "gateway": self.gateway,
            "orderId": self.order_id,
            "refundId": self.refund_id,
            "reference": self.reference,
            "expectedPaise": self.expected,
            "foundPaise": self.found,
        }


@frozen
class OrderFacts:
    """An order as it is now. ``captured``: what its gateway took. ``paid``: on the day that is compared.

    ``granted``: it opened something, and that is there. ``returned``: its money went, or is on its way, back whole.
    """

    order_id: str
    gateway: str
    status: str
    captured: int
    paid: bool
    granted: bool
    returned: bool


@frozen
class RefundFacts:
    """A refund that succeeded on the day."""

    refund_id: str
    order_id: str
    gateway: str
    amount: int


def of_order(order: OrderFacts, entries: Sequence[Entry]) -> Iterator[Differs]:
    """An order that was paid on the day beside its entries of that day."""
    taken = [one.taken for one in entries if one.taken is not None]
    if order.gateway != NO_GATEWAY and order.captured and order.paid:
        if not taken:
            yield Differs(Kind.MISSING_IN_LEDGER, order.gateway, order.order_id, expected=order.captured)
        elif sum(taken) != order.captured:
            yield Differs(Kind.AMOUNT_DIFFERS, order.gateway, order.order_id, expected=order.captured, found=sum(taken))
    if order.status == "SUCCESS" and order.paid and not order.granted and not order.returned:
        yield Differs(Kind.GRANT_MISSING, order.gateway, order.order_id)


def of_refund(refund: RefundFacts, entries: Sequence[Entry]) -> Iterator[Differs]:
    """A refund beside the entries of its order."""
    name = f"REFUND#{refund.refund_id}"
    booked = next((entry for entry in entries if entry.entry_id == name), None)
    what = (refund.gateway, refund.order_id, refund.refund_id)
    if booked is None:
        yield Differs(Kind.MISSING_IN_LEDGER, *what, expected=refund.amount)
    elif booked.returned != refund.amount:
        yield Differs(Kind.AMOUNT_DIFFERS, *what, expected=refund.amount, found=booked.returned)


def of_statement(gateway: str, row: Mapping[str, Any], captured: int | None) -> Iterator[Differs]:
    """A payment of a statement beside what its order captured by now; None: it names no order that was paid."""
    amount, reference = int(row["amount_paise"]), str(row["reference"])
    if captured is None:
        yield Differs(Kind.MISSING_IN_LEDGER, gateway, row.get("order_id"), reference=reference, expected=amount)
    elif captured != amount:
        yield Differs(
            Kind.AMOUNT_DIFFERS, gateway, row.get("order_id"), reference=reference, expected=captured, found=amount
        )


def unbalanced(entries: Sequence[Entry]) -> Iterator[Differs]:
    """Entries whose debits are not their credits."""
    for entry in entries:
        if not entry.balanced:
            reference, over = entry.entry_id, sum(entry.moved.values())
            yield Differs(
                Kind.LEDGER_UNBALANCED, entry.gateway, entry.order_id, reference=reference, expected=0, found=over
            )
