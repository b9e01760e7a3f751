"""An auditor: reads the whole table beside the gateway's own book, and says what is not as it must be.

Knows nothing of how anything came about: the same questions are asked after faults, races, batches that came twice and
random stories.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from chalicelib.platform import clock
from infra.local.emulator import Emulator
from infra.local.phonepe import Simulator

Row = dict[str, Any]
_plain = TypeDeserializer().deserialize
SETTLED = ("SUCCESS", "REFUNDED", "PARTIAL_REFUND")
RECEIPT, RETURNED = "PAYMENT_SUCCESS", "REFUND_SUCCEEDED"


@dataclass(frozen=True)
class Taken:
    """What a gateway took for an order, and what of it went back; minor units."""

    amount: int = 0
    returned: int = 0


NOTHING = Taken()


def of_simulator(simulator: Simulator) -> dict[str, Taken]:
    """The simulated PhonePe's book: order → what it took and returned."""
    book = {}
    for order in simulator.orders():
        back = sum(int(one["amountPaise"]) for one in order["refunds"] if one["state"] == "COMPLETED")
        taken = int(order["capturedPaise"] or 0) if order["state"] == "COMPLETED" else 0
        book[str(order["merchantTransactionId"])] = Taken(taken, back)
    return book


@dataclass
class Books:
    """The table, by kind of item; ``book``: what the gateway has. ``told``: whether the stream's consumers were at
    work, who issue invoices and write receipts.
    """

    book: Mapping[str, Taken]
    told: bool = True
    items: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def read(cls, cloud: Emulator, book: Mapping[str, Taken], *, told: bool = True) -> Books:
        books = cls(book, told)
        for item in cloud.items():
            if item["pk"]["S"].startswith("POISON#"):
                continue
            row = {name: _plain(value) for name, value in item.items()}
            books.items[str(row["kind"])].append(row)
        return books

    def wrongs(self) -> list[str]:
        """Everything that is wrong, one sentence each."""
        found = [wrong for order in self.items["PaymentOrder"] for wrong in self._order(order)]
        found += self._ledger()
        found += self._coupons()
        found += self._invoices()
        found += self._cards()
        return found

    def orders(self, status: str | None = None) -> list[Row]:
        """The orders, of one status or all."""
        return [one for one in self.items["PaymentOrder"] if status in (None, one["status"])]

    def _of(self, kind: str, order_id: str) -> list[Row]:
        return [one for one in self.items[kind] if one.get("merchant_transaction_id") == order_id]

    # One order.

    def _order(self, order: Row) -> Iterator[str]:
        order_id, status = str(order["sk"]).removeprefix("ORDER#"), order["status"]
        taken = self.book.get(order_id, NOTHING)
        free = not order["amount_paise"]
        if status in ("CREATED", "PENDING"):
            yield f"{order_id} is still {status}"
        elif not taken.amount and not free:
            yield from self._unpaid(order_id, order)
        elif status == "SUCCESS":
            yield from self._paid(order_id, order, taken, free=free)
        elif status in ("FAILED", "EXPIRED") and taken.amount > taken.returned:
            yield f"{order_id} is {status}, and the gateway has its money"
        yield from self._refunds(order_id, order, taken)

    def _counted(self, order_id: str, order: Row) -> dict[str, int]:
        """How many there are of everything that an order may have once."""
        settled = [one for one in self.items["PaymentTransaction"] if one["pk"] == f"ORDER#{order_id}"]
        return {
            "transactions": sum(one["status"] in SETTLED for one in settled),
            "gateway payments": len(self._of("GatewayPayment", order_id)),
            "captures": sum(one["entry_id"] == "CAPTURE" for one in self._of("JournalEntry", order_id)),
            "changes of subscriptions": sum("merchant_refund_id" not in one for one in self._changes(order_id)),
            "redeemed coupons": sum(one["state"] == "REDEEMED" for one in self._of("CouponRedemption", order_id)),
            "invoices": len(self._of("Invoice", order_id)),
            "receipts": len(self._messages(RECEIPT, order_id)),
        }

    def _messages(self, template: str, about: str) -> list[Row]:
        return [one for one in self.items["Message"] if one["template_key"] == template and about in one["dedup_key"]]

    def _changes(self, order_id: str) -> list[Row]:
        return [one for one in self._of("SubscriptionChange", order_id) if one["change"] not in ("REVOKE", "EXPIRE")]

    def _paid(self, order_id: str, order: Row, taken: Taken, *, free: bool) -> Iterator[str]:
        granted, there = bool(order.get("grant_effects")), self._counted(order_id, order)
        want = {
            "transactions": not free,
            "gateway payments": not free,
            "captures": not free,
            "changes of subscriptions": granted,
            "redeemed coupons": granted and bool(order.get("coupon_code")),
            "invoices": self.told and not free,
            "receipts": self.told,
        }
        for name, wanted in want.items():
            if there[name] != int(wanted):
                yield f"{order_id} has {there[name]} {name}, not {int(wanted)}"
        if int(order["captured_paise"]) != taken.amount:
            yield f"{order_id} says {order['captured_paise']} were captured, the gateway {taken.amount}"
        if not granted and not taken.returned and not free:
            yield f"{order_id} was paid, nothing handed over and nothing given back"
        if granted and not order["refund_committed_paise"]:
            yield from self._handed_over(order_id, order)

    def _handed_over(self, order_id: str, order: Row) -> Iterator[str]:
        days = sum(int(line["snapshot"]["durationDays"]) for line in order["lines"])
        slices = [
            int(one["seconds"])
            for subscription in self.items["Subscription"]
            for one in subscription["slices"]
            if one.get("merchantTransactionId") == order_id
        ]
        if sum(slices) != days * 86_400:
            yield f"{order_id} bought {days} days and has slices of {slices}"

    def _unpaid(self, order_id: str, order: Row) -> Iterator[str]:
        for name, count in self._counted(order_id, order).items():
            if count:
                yield f"{order_id} is {order['status']}, unpaid, and has {count} {name}"
        if any(one["state"] == "RESERVED" for one in self._of("CouponRedemption", order_id)):
            yield f"{order_id} is {order['status']} and keeps its coupon"

    def _refunds(self, order_id: str, order: Row, taken: Taken) -> Iterator[str]:
        refunds = [one for one in self.items["Refund"] if one["pk"] == f"ORDER#{order_id}"]
        open_ones = [one["state"] for one in refunds if one["state"] in ("REQUESTED", "PROCESSING")]
        if open_ones:
            yield f"{order_id} has refunds that are {open_ones}"
        done = [one for one in refunds if one["state"] == "SUCCEEDED"]
        total = sum(int(one["amount_paise"]) for one in done)
        offline = sum(int(one["amount_paise"]) for one in done if one.get("mode") == "OFFLINE")
        if total - offline != taken.returned or total != int(order["refunded_paise"]):
            yield f"{order_id} has refunds of {total}, says {order['refunded_paise']}, returned were {taken.returned}"
        committed = sum(int(one["amount_paise"]) for one in refunds if one["state"] != "FAILED")
        if committed != int(order["refund_committed_paise"]):
            yield f"{order_id} has committed {order['refund_committed_paise']} to refunds, not {committed}"
        entries = [one["entry_id"] for one in self._of("JournalEntry", order_id)]
        booked = sum(str(one).startswith("REFUND#") for one in entries)
        if booked != len(done):
            yield f"{order_id} has {len(done)} refunds, {booked} of them booked"
        if self.told:
            notes, told = len(self._of("CreditNote", order_id)), len(self._messages(RETURNED, order_id))
            told += sum(len(self._messages(RETURNED, str(one["merchant_refund_id"]))) for one in done)
            if notes != (len(done) if self._of("Invoice", order_id) else 0) or told != len(done):
                yield f"{order_id} has {len(done)} refunds, {notes} credit notes and {told} mails of them"

    # The whole.

    def _ledger(self) -> Iterator[str]:
        held = 0
        for entry in self.items["JournalEntry"]:
            moved = [int(line["debitPaise"]) - int(line["creditPaise"]) for line in entry["lines"]]
            if sum(moved):
                yield f"{entry['pk']} {entry['entry_id']} does not balance"
            held += sum(
                amount
                for line, amount in zip(entry["lines"], moved, strict=True)
                if str(line["account"]).startswith("GATEWAY:")
            )
        there = sum(one.amount - one.returned for one in self.book.values())
        if held != there:
            yield f"the ledger has {held} at the gateway, which has {there}"

    def _coupons(self) -> Iterator[str]:
        alive = [one for one in self.items["CouponRedemption"] if one["state"] in ("RESERVED", "REDEEMED")]
        used = Counter(str(one["pk"]) for one in alive if one["counted"])
        by_user = Counter((str(one["pk"]), str(one["user_id"])) for one in alive)
        for coupon in self.items["Coupon"]:
            facts, count = coupon["row"], used[str(coupon["pk"])]
            if "usageLimitTotal" in facts and int(facts["usedCount"]) != count:
                yield f"{coupon['pk']} counts {facts['usedCount']} uses, not {count}"
        for use in self.items["CouponUse"]:
            key = (str(use["pk"]), str(use["sk"]).removeprefix("USER#"))
            if int(use["used_count"]) != by_user[key]:
                yield f"{key} counts {use['used_count']} uses, not {by_user[key]}"

    def _invoices(self) -> Iterator[str]:
        series: dict[str, list[int]] = defaultdict(list)
        for one in [*self.items["Invoice"], *self.items["CreditNote"]]:
            series[f"{one['series']}#{one['financial_year']}"].append(int(one["sequence"]))
            if int(one["pdf_made"]) < int(one["pdf_wanted"]):
                yield f"{one['number']} has no PDF"
        last = {str(one["sk"]): int(one["last"]) for one in self.items["InvoiceCounter"]}
        for name, numbers in series.items():
            if sorted(numbers) != list(range(1, len(numbers) + 1)) or last[name] != len(numbers):
                yield f"{name} has the numbers {sorted(numbers)} and counts {last[name]}"

    def _cards(self) -> Iterator[str]:
        now = clock.now()
        for card in self.items["AccessCard"]:
            user = str(card["user_id"])
            on_card = {
                str(period["subId"]): (int(period["startsAt"]), int(period["endsAt"]))
                for family in card.get("subscriptions", {}).values()
                for period in family["periods"]
                if int(period["endsAt"]) > now.timestamp()
            }
            stored = {
                str(one["id"]): (_epoch(one["starts_at"]), _epoch(one["ends_at"]))
                for one in self.items["Subscription"]
                if one["user_id"] == user and one["status"] == "ACTIVE" and _epoch(one["ends_at"]) > now.timestamp()
            }
            if on_card != stored:
                yield f"the card of {user} says {on_card}, its subscriptions {stored}"


def _epoch(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())
