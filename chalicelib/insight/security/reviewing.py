"""What people found a signal to be (SHIELD-21)."""

from __future__ import annotations

from chalicelib.insight.security.errors import SignalNotFound
from chalicelib.insight.security.schemas import ReviewRequest
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.audit import AuditAction
from chalicelib.platform.errors import Conflict
from chalicelib.platform.signals import SecuritySignal
from chalicelib.platform.store import Transaction, TransactionLost

REVIEW = AuditAction("signal.review", "Somebody said what a security signal was")

TRIES = 5


def review(signal: SecuritySignal, wish: ReviewRequest, *, by: Caller) -> SecuritySignal:
    """Keep verdict, note, who and when; what was said already is not written again. One round trip.

    Answers the signal as it is then. Raises ``Conflict`` when others kept reviewing it, ``SignalNotFound`` when it is
    gone.
    """
    for _ in range(TRIES):
        if signal.verdict == wish.verdict and signal.review_note == wish.note:
            return signal
        before = signal.verdict
        tx, now, row = Transaction(), clock.now(), SecuritySignal.row
        said = {
            "verdict": str(wish.verdict),
            "reviewedAt": clock.iso(now),
            "reviewedByUserId": by.user_id,
            "reviewNote": wish.note,
        }
        actions = [
            SecuritySignal.verdict.set(wish.verdict),
            SecuritySignal.reviewed_at.set(now),
            SecuritySignal.reviewed_by_user_id.set(by.user_id),
            SecuritySignal.review_note.set(wish.note) if wish.note else SecuritySignal.review_note.remove(),
            *(row[name].set(value) for name, value in said.items()),
            SecuritySignal.version.add(1),
        ]
        same = SecuritySignal.verdict == before if before else SecuritySignal.verdict.does_not_exist()
        tx.update(SecuritySignal, signal.itself, actions, when=store.present(SecuritySignal) & same, name="signal")
        meta = {"changed": {"verdict": [before, str(wish.verdict)]}, "type": str(signal.type)}
        audit.write(tx, REVIEW, str(signal.id), by=by, meta=meta, reason=wish.note)
        try:
            tx.commit()
        except TransactionLost as lost:
            there = lost.item("signal")
            if not isinstance(there, SecuritySignal):
                raise SignalNotFound from lost
            signal = there
            continue
        signal.verdict, signal.reviewed_at, signal.reviewed_by_user_id = wish.verdict, now, by.user_id
        signal.review_note = wish.note
        signal.row = {**signal.row.as_dict(), **said}
        return signal
    raise Conflict
