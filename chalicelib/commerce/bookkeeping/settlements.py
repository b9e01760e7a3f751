"""Statements of gateways taken into the books (PAY-21, GW-85): once a gateway and reference, whoever sends it again.

A row that was paid out moves what the gateway owed to the bank, and its fees with the tax on them to their accounts.
What was charged back stands on SUSPENSE until somebody has looked at it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime

from chalicelib.commerce import gateways
from chalicelib.commerce.bookkeeping import statements
from chalicelib.commerce.bookkeeping.audited import SETTLEMENT_IMPORT
from chalicelib.commerce.bookkeeping.items import CHARGEBACK, PAYMENT, Settlement
from chalicelib.commerce.bookkeeping.schemas import RejectedRow, StatementImport, StatementImported, StatementRow
from chalicelib.commerce.payments import BANK, Booking, OrderLocator, write_entry
from chalicelib.content.files import AssetUnusable, FileAsset, deliverable, read_bytes
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.errors import Conflict, invalid
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Transaction, TransactionLost, absent

SETTLEMENT_CSV = "SETTLEMENT_CSV"
MOST = 1_000
TOGETHER = 32
"""Rows a transaction: three writes each, and the audit entry."""
TRIES = 4
TAX_ON_FEES = "TAX:INPUT"
"""The tax that was paid on fees, to be set off against the tax that is owed."""
SUSPENSE = "SUSPENSE"
_ORDER = re.compile(r"TXN[0-9A-HJKMNP-TV-Z]{26}")


@frozen
class Numbered:
    """A row and its number in the statement, from 1."""

    number: int
    row: StatementRow


def take_in(body: StatementImport, caller: Caller) -> StatementImported:
    """Take the rows in, and say of each that is not why. Harmless to repeat.

    Raises 422 for a gateway that is not offered, a day to come, and a file that is no statement.
    """
    if body.gateway not in gateways.offered():
        raise invalid("body.gateway", "UNKNOWN_GATEWAY", "must be a gateway of the academy")
    if body.date > clock.academy_day(clock.now()):
        raise invalid("body.date", "IN_FUTURE", "must not be a day to come")
    given: Sequence[statements.Read]
    if body.file_asset_id is not None:
        given, following = statements.rows(_content(body.file_asset_id), body.from_row, MOST)
    else:
        given, following = body.rows or (), None
    rejected, rows = _sorted_out(given, body.from_row)
    accepted = known = 0
    for begin in range(0, len(rows), TOGETHER):
        chunk = rows[begin : begin + TOGETHER]
        new, old, refused = _take_chunk(chunk, body, caller)
        accepted, known = accepted + new + old, known + old
        rejected += refused
    rejected.sort(key=lambda one: one.row)
    return StatementImported(accepted=accepted, known=known, rejected=rejected, next_row=following)


def _content(asset_id: str) -> bytes:
    """The bytes of an uploaded statement."""
    asset = store.get(FileAsset, FileAsset.place(asset_id))
    if asset is None or asset.purpose != SETTLEMENT_CSV or not deliverable(asset):
        raise AssetUnusable.at("body.fileAssetId")
    return read_bytes(str(asset.object_key), str(asset.version_id or ""), 0, int(asset.size_bytes) - 1)


def _sorted_out(given: Sequence[statements.Read], first: int) -> tuple[list[RejectedRow], list[Numbered]]:
    """What is wrong with a row by itself, and beside the others."""
    rejected: list[RejectedRow] = []
    rows: dict[str, Numbered] = {}
    for number, row in enumerate(given, first):
        if isinstance(row, str):
            rejected.append(RejectedRow(row=number, reference=None, reason=f"INVALID:{row}"))
        elif row.reference in rows:
            rejected.append(RejectedRow(row=number, reference=row.reference, reason="REPEATED"))
        elif row.amount_paise < row.fee_paise + row.tax_on_fee_paise:
            rejected.append(RejectedRow(row=number, reference=row.reference, reason="FEES_ABOVE_AMOUNT"))
        elif row.merchant_transaction_id and not _ORDER.fullmatch(row.merchant_transaction_id):
            rejected.append(RejectedRow(row=number, reference=row.reference, reason="UNKNOWN_ORDER"))
        else:
            rows[row.reference] = Numbered(number, row)
    return rejected, list(rows.values())


def _take_chunk(chunk: Sequence[Numbered], body: StatementImport, caller: Caller) -> tuple[int, int, list[RejectedRow]]:
    """How many rows are new, how many were known, and those that are refused; new ones in one transaction."""
    for _ in range(TRIES):
        fresh, known, refused = _compared(chunk, body)
        if not fresh:
            return 0, known, refused
        try:
            _write(fresh, body, caller)
        except TransactionLost:
            continue
        return len(fresh), known, refused
    raise Conflict


def _compared(chunk: Sequence[Numbered], body: StatementImport) -> tuple[list[Numbered], int, list[RejectedRow]]:
    """The rows beside what is stored of them and their orders: one batch read."""
    places = [Settlement.place(body.gateway, one.row.reference) for one in chunk]
    orders = [OrderLocator.place(one.row.merchant_transaction_id or "") for one in chunk]
    found = store.get_many([*places, *(place for place, one in zip(orders, chunk, strict=True) if _names(one))])
    stored, there = found[: len(places)], {item.itself for item in found if isinstance(item, OrderLocator)}
    fresh: list[Numbered] = []
    refused: list[RejectedRow] = []
    known = 0
    for one, was, order in zip(chunk, stored, orders, strict=True):
        if isinstance(was, Settlement):
            same = was.facts() == _settlement(one.row, body, "", clock.now()).facts()
            known += same
            if not same:
                refused.append(RejectedRow(row=one.number, reference=one.row.reference, reason="REFERENCE_DIFFERS"))
        elif _names(one) and order not in there:
            refused.append(RejectedRow(row=one.number, reference=one.row.reference, reason="UNKNOWN_ORDER"))
        else:
            fresh.append(one)
    return fresh, known, refused


def _names(one: Numbered) -> bool:
    return one.row.merchant_transaction_id is not None


def _settlement(row: StatementRow, body: StatementImport, by: str, now: datetime) -> Settlement:
    return Settlement(
        *Settlement.place(body.gateway, row.reference),
        gateway=body.gateway,
        day=body.date.isoformat(),
        reference=row.reference,
        row_kind=row.kind,
        merchant_transaction_id=row.merchant_transaction_id,
        amount_paise=row.amount_paise,
        fee_paise=row.fee_paise,
        tax_on_fee_paise=row.tax_on_fee_paise,
        settled_at=row.settled_at,
        imported_by=by,
        created_at=now,
    )


def _write(rows: Sequence[Numbered], body: StatementImport, caller: Caller) -> None:
    tx, now = Transaction(), clock.now()
    for one in rows:
        item = _settlement(one.row, body, caller.user_id, now)
        item.index()
        tx.put(item, when=absent(Settlement), name=f"row:{one.number}")
        place = one.row.merchant_transaction_id or _book_of(body.gateway, body.date)
        for entry_id, bookings in _entries(one.row, body.gateway).items():
            memo = f"{one.row.kind.lower()} settled {body.date.isoformat()}"
            write_entry(tx, place, entry_id, bookings, currency="INR", at=now, by=caller.user_id, memo=memo)
    total = sum(one.row.amount_paise for one in rows)
    meta = {"gateway": body.gateway, "date": body.date.isoformat(), "rows": len(rows), "amountPaise": total}
    audit.write(tx, SETTLEMENT_IMPORT, f"{body.gateway}#{body.date.isoformat()}", by=caller, meta=meta)
    tx.commit()


def _book_of(gateway: str, day: date) -> str:
    """Where rows stand that name no order."""
    return f"SETTLEMENTS-{gateway}-{day.isoformat()}"


def _entries(row: StatementRow, gateway: str) -> dict[str, list[Booking]]:
    """What a row books: the net amount, and the fees. Each balances."""
    owed = f"GATEWAY:{gateway}"
    fees = row.fee_paise + row.tax_on_fee_paise
    net = row.amount_paise - fees
    against = SUSPENSE if row.kind == CHARGEBACK else owed
    moved = [Booking(BANK, debit=net), Booking(owed, credit=net)]
    if row.kind != PAYMENT:
        # It was kept back from what is paid out; fees on top of it are kept back as well.
        moved = [Booking(against, debit=row.amount_paise), Booking(BANK, credit=row.amount_paise)]
    entries = {f"SETTLEMENT#{gateway}#{row.reference}": moved} if moved[0].debit else {}
    if fees:
        parts = [Booking(f"FEES:{gateway}", debit=row.fee_paise), Booking(TAX_ON_FEES, debit=row.tax_on_fee_paise)]
        source = owed if row.kind == PAYMENT else BANK
        charged = [*(one for one in parts if one.debit), Booking(source, credit=fees)]
        entries[f"FEE#{gateway}#{row.reference}"] = charged
    return entries
