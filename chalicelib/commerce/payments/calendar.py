"""Months, by which lists of orders and refunds are kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def months(first: datetime, last: datetime) -> list[datetime]:
    """The months (UTC) that a period touches, newest first."""
    found, month = [], datetime(last.year, last.month, 1, tzinfo=UTC)
    while True:
        found.append(month)
        if month <= first:
            return found
        month = (month - timedelta(days=1)).replace(day=1)
