"""What becomes of an order, given what the gateway's status API says: pure, no reads, no writes, no clock.

The whole of PAY-55, PAY-66 and PAY-70 … PAY-72 in one function. An event's own claim is no input: only the status is.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.commerce.gateways import OrderStatus, State
from chalicelib.commerce.payments.states import LAPSED, OPEN, Flag, Status
from chalicelib.platform.records import frozen


class Step(StrEnum):
    """What to do."""

    NOTHING = "NOTHING"
    NOTE = "NOTE"
    """Still open: write down that it was looked at."""
    GRANT = "GRANT"
    GIVE_BACK = "GIVE_BACK"
    """The money is accepted without a grant, and refunded in full."""
    HOLD = "HOLD"
    FAIL = "FAIL"
    EXPIRE = "EXPIRE"


@frozen
class Facts:
    """What the decision needs to know of an order. ``expires_at``: when nobody waits for it any more.

    ``rival``: an order for the same things, once open beside this one, that has succeeded. ``settled_elsewhere``: the
    gateway's payment id has acted for another order. ``closed``: staff, or a refund, ended it: its money is dealt with.
    ``may_expire``: whoever asks also ends the waiting.
    """

    status: Status
    amount: int
    currency: str
    expires_at: datetime
    rival: str | None = None
    settled_elsewhere: bool = False
    closed: bool = False
    may_expire: bool = False
    refund_late: bool = False
    refund_duplicates: bool = True


@frozen
class Decision:
    """A step, and what is written down with it."""

    step: Step
    reason: str | None = None
    flags: tuple[Flag, ...] = ()
    duplicate_of: str | None = None
    cause: str | None = None
    """Of the refund that goes with it."""


NOTHING = Decision(Step.NOTHING)
AMOUNT_MISMATCH = "AMOUNT_MISMATCH"
DUPLICATE_PROVIDER_TRANSACTION = "DUPLICATE_PROVIDER_TRANSACTION"


def expires_at(created_at: datetime, minutes: int) -> datetime:
    """When an order stops waiting."""
    return created_at + timedelta(minutes=minutes)


def decide(facts: Facts, seen: OrderStatus, now: datetime) -> Decision:
    """The next step for an order in this state whose gateway says this."""
    if facts.closed or facts.status in (Status.SUCCESS, Status.REVIEW):
        return NOTHING
    if seen.state is State.SUCCESS:
        return _captured(facts, seen)
    if facts.status in LAPSED:
        return NOTHING
    if seen.state is State.FAILED:
        return Decision(Step.FAIL, reason=seen.error_code or "PAYMENT_FAILED")
    if facts.may_expire and now >= facts.expires_at:
        return Decision(Step.EXPIRE, reason="NOT_PAID_IN_TIME")
    return Decision(Step.NOTE)


def _captured(facts: Facts, seen: OrderStatus) -> Decision:
    if facts.settled_elsewhere:
        return Decision(Step.HOLD, reason=DUPLICATE_PROVIDER_TRANSACTION)
    if (seen.amount, seen.currency) != (facts.amount, facts.currency):
        return Decision(Step.HOLD, reason=AMOUNT_MISMATCH, flags=(Flag.AMOUNT_MISMATCH,))
    late = () if facts.status in OPEN else (Flag.LATE_SUCCESS,)
    if facts.rival is not None and facts.refund_duplicates:
        flags = (*late, Flag.DUPLICATE_REFUNDED)
        return Decision(Step.GIVE_BACK, "DUPLICATE", flags, duplicate_of=facts.rival, cause="DUPLICATE")
    if late and facts.refund_late:
        return Decision(Step.GIVE_BACK, "LATE", late, cause="LATE")
    return Decision(Step.GRANT, flags=late)
