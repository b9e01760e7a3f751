"""Corrections of the books (PAY-24): further entries, never changes; no money and no access moves."""

from __future__ import annotations

from chalicelib.commerce.bookkeeping import ledger
from chalicelib.commerce.bookkeeping.audited import LEDGER_ADJUST
from chalicelib.commerce.bookkeeping.errors import LedgerUnbalanced
from chalicelib.commerce.bookkeeping.schemas import Adjustment, AdjustmentLine, LedgerEntry
from chalicelib.commerce.payments import Booking, JournalEntry, OrderLocator, OrderNotFound, write_entry
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.proof import require_recent
from chalicelib.platform.errors import Conflict, ValidationFailed, problem
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.store import Transaction, TransactionLost, present

ORDER = "locator"


def adjust(body: Adjustment, caller: Caller) -> LedgerEntry:
    """Write one further entry. 401 ``REAUTH_REQUIRED`` without a recent proof (AUTH-59), 422 unless it balances,
    404 for an order that does not exist.
    """
    require_recent(caller)
    bookings = _bookings(body.lines)
    now, entry_id = clock.now(), f"ADJUSTMENT#{new_ulid()}"
    place = body.merchant_transaction_id or f"ADJUSTMENTS-{clock.academy_day(now):%Y-%m}"
    tx = Transaction()
    write_entry(tx, place, entry_id, bookings, currency="INR", at=now, by=caller.user_id, memo=body.memo)
    if body.merchant_transaction_id is not None:
        tx.check(OrderLocator, OrderLocator.place(place), present(OrderLocator), name=ORDER)
    moved = {one.account: one.debit - one.credit for one in bookings}
    meta = {"entryId": entry_id, "merchantTransactionId": body.merchant_transaction_id, "lines": moved}
    audit.write(tx, LEDGER_ADJUST, entry_id.partition("#")[2], by=caller, meta=meta, reason=body.memo)
    try:
        tx.commit()
    except TransactionLost as lost:
        raise (OrderNotFound if lost.failed(ORDER) else Conflict) from lost
    entry = store.get(JournalEntry, JournalEntry.place(place, entry_id))
    if entry is None:
        raise Conflict
    return ledger.shown(ledger.facts(entry))


def _bookings(lines: tuple[AdjustmentLine, ...]) -> list[Booking]:
    problems = []
    for number, line in enumerate(lines):
        if (line.debit_paise == 0) == (line.credit_paise == 0):
            problems.append(problem(f"body.lines[{number}]", "ONE_SIDE", "must be either a debit or a credit"))
    accounts = [line.account for line in lines]
    if len(set(accounts)) < len(accounts):
        problems.append(problem("body.lines", "DUPLICATE", "must name each account once"))
    if problems:
        raise ValidationFailed(problems)
    debits, owed = sum(line.debit_paise for line in lines), sum(line.credit_paise for line in lines)
    if debits != owed:
        raise LedgerUnbalanced({"debitPaise": debits, "creditPaise": owed})
    return [Booking(line.account, debit=line.debit_paise, credit=line.credit_paise) for line in lines]
