"""Sums over a day's ledger: by account, and by gateway. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from chalicelib.commerce.payments import BANK, CAPTURE, CASH, HOLD
from chalicelib.platform.records import frozen

OFFLINE, NO_GATEWAY = "OFFLINE", "NONE"


@frozen
class Entry:
    """A ledger entry for adding up; ``moved``: account → debits less credits, paise."""

    order_id: str
    entry_id: str
    moved: Mapping[str, int]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Entry:
        """From an entry's row."""
        return cls(str(row["order_id"]), str(row["entry_id"]), moved(row["lines"]))

    @property
    def balanced(self) -> bool:
        """Whether its debits equal its credits."""
        return sum(self.moved.values()) == 0

    @property
    def gateway(self) -> str:
        """Whose money it moves: a gateway's, OFFLINE for what came or went by cash or bank alone, else NONE."""
        if self.entry_id.startswith(("SETTLEMENT#", "FEE#")):
            return self.entry_id.split("#")[1]
        named = next((name for name in sorted(self.moved) if name.startswith(("GATEWAY:", "FEES:"))), None)
        if named is not None:
            return named.partition(":")[2]
        return OFFLINE if {CASH, BANK} & set(self.moved) else NO_GATEWAY

    @property
    def taken(self) -> int | None:
        """What a capture or a hold took in; None for other entries."""
        if self.entry_id not in (CAPTURE, HOLD):
            return None
        return sum(paise for name, paise in self.moved.items() if name in (CASH, BANK) or name.startswith("GATEWAY:"))

    @property
    def returned(self) -> int:
        """What a refund gave back; 0 for other entries."""
        if not self.entry_id.startswith("REFUND#"):
            return 0
        return -sum(paise for name, paise in self.moved.items() if name in (CASH, BANK) or name.startswith("GATEWAY:"))


def moved(lines: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Account → debits less credits, of an entry's stored lines."""
    sums: dict[str, int] = {}
    for line in lines:
        account = str(line["account"])
        sums[account] = sums.get(account, 0) + int(line["debitPaise"]) - int(line["creditPaise"])
    return sums


@dataclass
class Tally:
    """A day of one gateway, paise. ``owed``: how much more it owes the academy at the day's end than at its beginning.

    ``unbalanced``: debits less credits of all entries, 0 in sound books.
    """

    orders: int = 0
    captured: int = 0
    refunded: int = 0
    fees: int = 0
    settled: int = 0
    owed: int = 0
    unbalanced: int = 0

    def plain(self) -> dict[str, int]:
        """For storing."""
        return asdict(self)


def by_account(entries: Iterable[Entry]) -> dict[str, int]:
    """Debits less credits of every account."""
    sums: dict[str, int] = {}
    for entry in entries:
        for account, paise in entry.moved.items():
            sums[account] = sums.get(account, 0) + paise
    return dict(sorted(sums.items()))


def by_gateway(entries: Sequence[Entry], known: Iterable[str]) -> dict[str, Tally]:
    """A tally of each gateway that is ``known`` or that the entries name."""
    tallies = {name: Tally() for name in known}
    for entry in entries:
        tally = tallies.setdefault(entry.gateway, Tally())
        tally.captured += entry.taken or 0
        tally.refunded += entry.returned
        tally.unbalanced += sum(entry.moved.values())
        for account, paise in entry.moved.items():
            if account.startswith("FEES:"):
                tally.fees += paise
            if account.startswith("GATEWAY:"):
                tally.owed += paise
                if entry.entry_id.startswith("SETTLEMENT#"):
                    tally.settled -= paise
    return tallies
