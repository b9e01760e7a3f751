"""The ledger's entries (PAY-110): pure sums first, then the put. An entry balances or is not written."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from chalicelib.commerce.payments.items import JournalEntry
from chalicelib.platform.money import round_half_up
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Transaction, absent

REVENUE, SUSPENSE, REFUNDS, DISCOUNT = "REVENUE", "SUSPENSE", "REFUNDS", "DISCOUNT"
CASH, BANK = "CASH", "BANK"
ACCOUNTS = re.compile(r"CASH|BANK|REVENUE|DISCOUNT|REFUNDS|SUSPENSE|(?:GATEWAY|FEES|TAX):[A-Z][A-Z_]{1,19}")
"""Every account that there is (PAY-110)."""
CAPTURE, HOLD, HOLD_RELEASE = "CAPTURE", "HOLD", "HOLD_RELEASE"


class Unbalanced(Exception):
    """Debits are not credits; nothing was written."""


@frozen
class Booking:
    """One line of an entry, in the minor unit of the entry's currency."""

    account: str
    debit: int = 0
    credit: int = 0


Taxes = Mapping[str, int]
"""Tax component → amount."""


def taxes_of(order_tax: Mapping[str, Any]) -> dict[str, int]:
    """The components of an order's stored tax."""
    sums: dict[str, int] = {}
    for part in order_tax.get("components") or ():
        sums[str(part["name"])] = sums.get(str(part["name"]), 0) + int(part["amountPaise"])
    return sums


def scaled(taxes: Taxes, asked: int, captured: int) -> dict[str, int]:
    """The taxes of an order of ``asked`` when another amount was accepted for it: the same share of it."""
    if asked == captured or asked == 0:
        return dict(taxes)
    return {name: round_half_up(paise * captured, asked) for name, paise in taxes.items()}


def gateway_account(gateway: str) -> str:
    """Where a gateway's money stands until it is settled."""
    return f"GATEWAY:{gateway}"


def earned(source: str, amount: int, discount: int, taxes: Taxes) -> list[Booking]:
    """``amount`` on ``source`` becomes revenue and tax; what was let off is shown as discount."""
    tax = sum(taxes.values())
    return _kept(
        [
            Booking(source, debit=amount),
            Booking(DISCOUNT, debit=discount),
            Booking(REVENUE, credit=amount - tax + discount),
            *(Booking(f"TAX:{name}", credit=paise) for name, paise in taxes.items()),
        ]
    )


def held(gateway: str, amount: int) -> list[Booking]:
    """The gateway has it, and nobody knows yet whose it is."""
    return _kept([Booking(gateway_account(gateway), debit=amount), Booking(SUSPENSE, credit=amount)])


def returned(source: str, amount: int, *, before: int, captured: int, taxes: Taxes) -> list[Booking]:
    """A refund out of revenue, paid from the account ``source``.

    Tax goes back in proportion; of several refunds the shares sum to exactly the tax.
    """
    shares = {
        name: round_half_up(paise * (before + amount), captured) - round_half_up(paise * before, captured)
        for name, paise in taxes.items()
    }
    return _kept(
        [
            Booking(REFUNDS, debit=amount - sum(shares.values())),
            *(Booking(f"TAX:{name}", debit=share) for name, share in shares.items()),
            Booking(source, credit=amount),
        ]
    )


def unheld(source: str, amount: int) -> list[Booking]:
    """A refund of money that was held, paid from the account ``source``."""
    return _kept([Booking(SUSPENSE, debit=amount), Booking(source, credit=amount)])


def _kept(bookings: Sequence[Booking]) -> list[Booking]:
    """Without empty lines; negative ones change sides."""
    kept = []
    for one in bookings:
        net = one.debit - one.credit
        if net:
            kept.append(Booking(one.account, debit=max(net, 0), credit=max(-net, 0)))
    return kept


def check(bookings: Sequence[Booking]) -> None:
    """``Unbalanced`` unless debits equal credits and no line is negative."""
    if sum(one.debit for one in bookings) != sum(one.credit for one in bookings):
        raise Unbalanced
    if any(one.debit < 0 or one.credit < 0 for one in bookings):
        raise Unbalanced


def write(
    tx: Transaction,
    order_id: str,
    entry_id: str,
    bookings: Sequence[Booking],
    *,
    currency: str,
    at: datetime,
    by: str,
    memo: str,
) -> None:
    """Add the entry to the transaction of what it books; an entry without lines (no money moved) is none.

    The id is deterministic and the put conditional: what happened once is booked once. Raises ``Unbalanced``.
    """
    check(bookings)
    if not bookings:
        return
    place = JournalEntry.place(order_id, entry_id)
    entry = JournalEntry(
        place.pk,
        place.sk,
        merchant_transaction_id=order_id,
        entry_id=entry_id,
        lines=[{"account": one.account, "debitPaise": one.debit, "creditPaise": one.credit} for one in bookings],
        currency=currency,
        at=at,
        by=by,
        memo=memo,
    )
    entry.index()
    tx.put(entry, when=absent(JournalEntry), name=f"journal:{entry_id}")
