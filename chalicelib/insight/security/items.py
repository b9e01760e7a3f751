"""Who is kept from reading, and which leaks are looked into. Only this module knows the keys."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pynamodb.attributes import ListAttribute, UnicodeAttribute

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

    @staticmethod
    def kept_of(user_id: str, what: Banned) -> Query[Ban]:
        """All that is kept of somebody's bans of a kind."""
        return Query(Ban, f"USER#{user_id}", begins_with=f"{_SORT[what]}#", consistent=True)


class LeakStatus(StrEnum):
    """OPEN; somebody was found; something was done; CLOSED."""

    OPEN = "OPEN"
    IDENTIFIED = "IDENTIFIED"
    ACTIONED = "ACTIONED"
    CLOSED = "CLOSED"


class LeakCase(Item, discriminator="LeakCase"):
    """A leak that is looked into.

    ``fragments``: trace codes as far as they could be read. ``candidates``: issues that fit them, at most 50 of
    ``{user_id, note_id, view_session_id, trace_code, issued_at, matched}``, ``matched`` the fragments. ``actions``:
    what was done, ``{type, note, at, by_user_id}``, oldest first. ``held_user_ids``: whose lines of the access log are
    kept for it while it is not closed. gsi1 lists those of a status, gsi2 all.
    """

    id = UnicodeAttribute()
    title = UnicodeAttribute()
    source_url = UnicodeAttribute(null=True)
    evidence_asset_ids: ListAttribute[str] = ListAttribute(default=list)
    note_id = UnicodeAttribute(null=True)
    fragments: ListAttribute[str] = ListAttribute(default=list)
    candidates: ListAttribute[Any] = ListAttribute(default=list)
    suspect_user_id = UnicodeAttribute(null=True)
    status = UnicodeAttribute(default=LeakStatus.OPEN)
    actions: ListAttribute[Any] = ListAttribute(default=list)
    notes = UnicodeAttribute(null=True)
    held_user_ids: ListAttribute[str] = ListAttribute(default=list)
    created_by_user_id = UnicodeAttribute()
    created_at = InstantAttribute()
    updated_at = InstantAttribute()

    @staticmethod
    def place(case_id: str) -> Key:
        """Where a case is."""
        return Key(f"LEAK#{case_id}", "LEAK")

    def index(self) -> None:
        """Set what lists find and show."""
        created = clock.iso(self.created_at)
        self.gsi1pk, self.gsi1sk = f"LEAKS#{self.status}", f"{created}#{self.id}"
        self.gsi2pk, self.gsi2sk = "LEAKS", f"{created}#{self.id}"
        self.row = {
            "id": self.id,
            "title": self.title,
            "status": str(self.status),
            "noteId": self.note_id,
            "suspectUserId": self.suspect_user_id,
            "candidates": len(self.candidates),
            "createdByUserId": self.created_by_user_id,
            "createdAt": created,
            "updatedAt": clock.iso(self.updated_at),
        }

    @staticmethod
    def of_status(status: str | None, **keys: Any) -> Query[LeakCase]:
        """The cases of a status, or all; newest first. Items carry ``row``."""
        if status is None:
            return Query(LeakCase, "LEAKS", "gsi2", descending=True, **keys)
        return Query(LeakCase, f"LEAKS#{status}", "gsi1", descending=True, **keys)


PATTERNS = (
    AccessPattern("a ban of somebody", Ban.place("<user>", Banned.NOTE, "<note>"), 1),
    AccessPattern("bans, newest first", Ban.newest(), 0.5, consistent=False),
    AccessPattern("the bans of a person", Ban.of("<user>"), 0.5, consistent=False),
    AccessPattern("the bans of somebody who is erased", Ban.kept_of("<user>", Banned.NOTE), 1),
    AccessPattern("a leak case", LeakCase.place("<case>"), 1),
    AccessPattern("leak cases, newest first", LeakCase.of_status(None), 0.5, consistent=False),
    AccessPattern("leak cases of a status", LeakCase.of_status(LeakStatus.OPEN), 0.5, consistent=False),
)
