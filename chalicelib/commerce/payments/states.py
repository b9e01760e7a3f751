"""The states of an order (PAY-55), and the one place where a change of state is written down."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, cast

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.commerce.payments.items import PaymentOrder
from chalicelib.platform import clock
from chalicelib.platform.logs import alarm


class Status(StrEnum):
    """Where an order stands."""

    CREATED = "CREATED"
    PENDING = "PENDING"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"
    REVIEW = "REVIEW"


class Flag(StrEnum):
    """What else is true of an order."""

    LATE_SUCCESS = "LATE_SUCCESS"
    AMOUNT_MISMATCH = "AMOUNT_MISMATCH"
    DUPLICATE_REFUNDED = "DUPLICATE_REFUNDED"
    GRANT_FAILED = "GRANT_FAILED"
    DISPUTED = "DISPUTED"


S = Status

OPEN = (S.CREATED, S.PENDING)
"""Nobody knows yet."""
LAPSED = (S.EXPIRED, S.FAILED)
"""Nobody waits any more, and money may still come (PAY-71)."""

CHANGES: dict[Status, tuple[Status, ...]] = {
    S.CREATED: (S.PENDING, S.SUCCESS, S.FAILED, S.EXPIRED, S.REVIEW),
    S.PENDING: (S.SUCCESS, S.FAILED, S.EXPIRED, S.REVIEW),
    S.EXPIRED: (S.SUCCESS, S.REVIEW),
    S.FAILED: (S.SUCCESS, S.REVIEW),
    S.REVIEW: (S.SUCCESS, S.FAILED),
    S.SUCCESS: (),
}


class ForbiddenChange(Exception):
    """Somebody tried a change of state that does not exist; nothing was written."""


def allowed(before: Status, after: Status, *, late: bool = False) -> bool:
    """Whether the table has this change; out of EXPIRED or FAILED only as late money."""
    if after not in CHANGES[before]:
        return False
    return late if before in LAPSED and after is S.SUCCESS else True


def sources(after: Status, before: Status) -> tuple[Status, ...]:
    """From where the change may still be made if the order moved since it was read: within its own kind only."""
    group = OPEN if before in OPEN else LAPSED if before in LAPSED else (before,)
    return tuple(status for status in group if after in CHANGES[status])


def move(
    order: PaymentOrder,
    after: Status,
    now: datetime,
    *,
    reason: str | None = None,
    flags: Sequence[Flag] = (),
    next_check_at: int | None = None,
) -> tuple[list[Action], Condition]:
    """The update actions of a change of state, and the condition under which it holds.

    Raises ``ForbiddenChange``, counted by an alarm, for a change that the table does not have.
    """
    before = Status(order.status)
    if not allowed(before, after, late=Flag.LATE_SUCCESS in flags):
        alarm("a change of an order's state that does not exist was refused", before=before, after=after)
        raise ForbiddenChange(f"{before} → {after}")
    known = [str(flag) for flag in order.flags]
    all_flags = known + [str(flag) for flag in flags if flag not in known]
    actions: list[Action] = [
        PaymentOrder.status.set(str(after)),
        PaymentOrder.status_reason.set(reason) if reason else PaymentOrder.status_reason.remove(),
        PaymentOrder.flags.set(all_flags),
        PaymentOrder.updated_at.set(now),
        PaymentOrder.version.set(PaymentOrder.version + 1),
        PaymentOrder.gsi2pk.set(PaymentOrder.status_partition(after, order.created_at)),
        PaymentOrder.row["status"].set(str(after)),
        PaymentOrder.row["status_reason"].set(reason),
        PaymentOrder.row["flags"].set(all_flags),
        *checked_again(next_check_at),
    ]
    if after not in OPEN:
        actions.append(PaymentOrder.finalized_at.set(now))
    if after is S.SUCCESS:
        actions.append(PaymentOrder.paid_at.set(now))
        actions.append(PaymentOrder.row["paid_at"].set(clock.iso(now)))
    return actions, is_in(*sources(after, before))


def checked_again(at: int | None) -> list[Action]:
    """When the order is to be looked at again; None: not by the clock."""
    own = PaymentOrder.next_check_at.remove() if at is None else PaymentOrder.next_check_at.set(at)
    return [own, PaymentOrder.row["next_check_at"].set(at)]


def is_in(*statuses: Status) -> Condition:
    """The condition that the order's status is one of these."""
    values: list[Any] = [str(status) for status in statuses]
    return cast(Condition, PaymentOrder.status.is_in(*values))
