"""When lapsed orders are asked about again (PAY-33): at fixed hours after they were placed, then no more."""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.commerce.payments.configuration import PAYMENT_LATE_CHECK_HOURS


def next_check(created_at: datetime, now: datetime) -> int | None:
    """The next check after ``now``, epoch seconds; None: that was the last."""
    due = (created_at + timedelta(hours=hours) for hours in PAYMENT_LATE_CHECK_HOURS())
    return next((int(instant.timestamp()) for instant in due if instant > now), None)


def horizon() -> timedelta:
    """How old an order is when nobody asks any more."""
    return timedelta(hours=PAYMENT_LATE_CHECK_HOURS()[-1] + 1)
