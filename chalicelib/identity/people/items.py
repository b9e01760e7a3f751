"""Accounts that are to be erased."""

from __future__ import annotations

from datetime import datetime

from pynamodb.attributes import UnicodeAttribute

from chalicelib.platform import clock
from chalicelib.platform.store import InstantAttribute, Item, Key, Query
from chalicelib.platform.store.patterns import AccessPattern

_DELETIONS = "DELETIONS"


class DeletionDue(Item, discriminator="DeletionDue"):
    """That an account is to be erased, and from when on; there only until it is, or was cancelled.

    The sparse index of these (a profile is in the list of users by the same index) is what the daily run reads.
    """

    user_id = UnicodeAttribute()
    due_at = InstantAttribute()

    @staticmethod
    def place(user_id: str) -> Key:
        """Where it is; one an account."""
        return Key(f"USER#{user_id}", "DELETION")

    @staticmethod
    def of(user_id: str, due_at: datetime) -> DeletionDue:
        """The item of an account."""
        return DeletionDue(
            *DeletionDue.place(user_id),
            user_id=user_id,
            due_at=due_at,
            gsi1pk=_DELETIONS,
            gsi1sk=f"{clock.iso(due_at)}#{user_id}",
            row={"userId": user_id},
        )

    @staticmethod
    def until(now: datetime) -> Query[DeletionDue]:
        """All that are due, the longest due first."""
        return Query(DeletionDue, _DELETIONS, index="gsi1", between=("0", f"{clock.iso(now)}#~"))


PATTERNS = (
    AccessPattern(
        "accounts that are due for erasure",
        DeletionDue.until(clock.parse_iso("2026-01-31T22:00:00Z")),
        0.5,
        consistent=False,
    ),
)
