"""Who is kept from reading, and which leaks are looked into. Only this module knows the keys."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pynamodb.attributes import UnicodeAttribute

from chalicelib.platform import clock
from chalicelib.platform.store import InstantAttribute, Item, Key, Query
from chalicelib.platform.store.patterns import AccessPattern

ALL_NOTES = "*"


class Banned(StrEnum):
    """What a ban closes to somebody: a note (or every one), or a device."""

    NOTE = "NOTE"
    DEVICE = "DEVICE"


_SORT = {Banned.NOTE: "NOTEBAN", Banned.DEVICE: "DEVBAN"}


class Ban(Item, discriminator="Ban"):
    """That somebody may not read a note, any note, or on a device, until ``ends_at``.

    ``target``: a note's id, ``*`` for all, or a device's user-agent hash. What is in force stands on the access card,
    written in the same transaction; this says why, since when and by whom. gsi1 lists all, gsi2 a person's; ``row`` has
    everything.
    """

    user_id = UnicodeAttribute()
    what = UnicodeAttribute()
    target = UnicodeAttribute()
    starts_at = InstantAttribute()
    ends_at = InstantAttribute()
    reason = UnicodeAttribute()
    created_by_user_id = UnicodeAttribute()
    lifted_at = InstantAttribute(null=True)
    lifted_by_user_id = UnicodeAttribute(null=True)
    lift_reason = UnicodeAttribute(null=True)

    @staticmethod
    def place(user_id: str, what: Banned, target: str) -> Key:
        """Where somebody's ban from a note or device is; a newer one takes its place."""
        return Key(f"USER#{user_id}", f"{_SORT[what]}#{target}")

    def index(self) -> None:
        """Set what lists find and show."""
        started = clock.iso(self.starts_at)
        self.gsi1pk, self.gsi1sk = "NOTEBANS", f"{started}#{self.user_id}"
        self.gsi2pk, self.gsi2sk = f"USER#{self.user_id}#BANS", f"{started}#{self.target}"
        self.row = {
            "userId": self.user_id,
            "what": str(self.what),
            "target": self.target,
            "startsAt": started,
            "endsAt": clock.iso(self.ends_at),
            "reason": self.reason,
            "createdByUserId": self.created_by_user_id,
        }

    def over(self, now: datetime) -> bool:
        """Whether it has ended, or was lifted."""
        lifted: datetime | None = self.lifted_at
        return lifted is not None or self.ends_at <= now

    @staticmethod
    def newest(**keys: Any) -> Query[Ban]:
        """All bans there were, the newest first."""
        return Query(Ban, "NOTEBANS", "gsi1", descending=True, **keys)

    @staticmethod
    def of(user_id: str, **keys: Any) -> Query[Ban]:
        """The bans of somebody, the newest first."""
        return Query(Ban, f"USER#{user_id}#BANS", "gsi2", descending=True, **keys)


PATTERNS = (
    AccessPattern("a ban of somebody", Ban.place("<user>", Banned.NOTE, "<note>"), 1),
    AccessPattern("bans, newest first", Ban.newest(), 0.5, consistent=False),
    AccessPattern("the bans of a person", Ban.of("<user>"), 0.5, consistent=False),
)
