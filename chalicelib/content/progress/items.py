"""How far readers got, their bookmarks and remarks. Only this module knows the keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pynamodb.attributes import MapAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.platform import clock
from chalicelib.platform.store import InstantAttribute, Item, Key, Query
from chalicelib.platform.store.patterns import AccessPattern


class NoteProgress(Item, discriminator="NoteProgress"):
    """How far one reader got in one note.

    ``percent_complete``: 0 to 100 with one decimal. ``file_version``: of the file that was read last. ``opens``: how
    often the note was opened; one that was opened and not yet paged through has ``last_read_at`` None and stands in no
    list. ``told_at``: when it was last told to others. ``row``: ``{note_id, subject_id, last_page_read,
    furthest_page, total_pages, percent_complete, last_read_at}``.
    """

    note_id = UnicodeAttribute(null=True)
    subject_id = UnicodeAttribute(null=True)
    last_page_read = NumberAttribute(default=0)
    furthest_page = NumberAttribute(default=0)
    total_pages = NumberAttribute(default=0)
    percent_complete = NumberAttribute(default=0)
    file_version = NumberAttribute(default=0)
    opens = NumberAttribute(default=0)
    last_read_at = InstantAttribute(null=True)
    completed_at = InstantAttribute(null=True)
    told_at = InstantAttribute(null=True)

    @staticmethod
    def place(user_id: str, note_id: str) -> Key:
        """Where somebody's progress in a note is."""
        return Key(f"USER#{user_id}", f"NOTEPROG#{note_id}")

    @staticmethod
    def of(user_id: str) -> Query[NoteProgress]:
        """All of somebody's progress."""
        return Query(NoteProgress, f"USER#{user_id}", begins_with="NOTEPROG#", consistent=True)

    @staticmethod
    def latest(user_id: str) -> Query[NoteProgress]:
        """What somebody read, the last first; items carry ``row`` (NOTE-70)."""
        return Query(NoteProgress, f"USER#{user_id}#NOTEPROG", index="gsi1", descending=True)


class Bookmarks(Item, discriminator="Bookmarks"):
    """All bookmarks of one reader. ``pages``: ``<note id>#<page>`` → when it was set (the text of ``clock.iso``)."""

    pages: MapAttribute[str, Any] = MapAttribute(default=dict)

    @staticmethod
    def place(user_id: str) -> Key:
        """Where somebody's bookmarks are."""
        return Key(f"USER#{user_id}", "BOOKMARKS")


class Remark(Item, discriminator="Remark"):
    """What a reader wrote down about one page, for nobody else."""

    note_id = UnicodeAttribute()
    page = NumberAttribute()
    text = UnicodeAttribute()
    created_at = InstantAttribute()
    updated_at = InstantAttribute()

    @staticmethod
    def place(user_id: str, note_id: str, page: int) -> Key:
        """Where somebody's remark on a page is."""
        return Key(f"USER#{user_id}", f"REMARK#{note_id}#{page:0>5}")

    @staticmethod
    def of(user_id: str, note_id: str | None = None) -> Query[Remark]:
        """All of somebody's remarks, or those on one note, by note and page."""
        rest = "" if note_id is None else f"{note_id}#"
        return Query(Remark, f"USER#{user_id}", begins_with=f"REMARK#{rest}", consistent=True)


_LISTED = ("note_id", "subject_id", "last_page_read", "furthest_page", "total_pages", "percent_complete")


def placed(user_id: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Where the reader's list finds progress with these attributes, and what the list shows."""
    read = clock.iso(values["last_read_at"])
    return {
        "gsi1pk": f"USER#{user_id}#NOTEPROG",
        "gsi1sk": read,
        "row": {**{name: values[name] for name in _LISTED}, "last_read_at": read},
    }


PATTERNS = (
    AccessPattern(
        "progress in the notes of a page",
        (NoteProgress.place("<user>", "<note>"), NoteProgress.place("<user>", "<another note>")),
        1,
        consistent=False,
    ),
    AccessPattern("what somebody read last", NoteProgress.latest("<user>"), 0.5, consistent=False),
    AccessPattern("all progress of somebody who is erased", NoteProgress.of("<user>"), 1),
    AccessPattern("somebody's bookmarks", Bookmarks.place("<user>"), 1),
    AccessPattern("somebody's remarks, by note and page", Remark.of("<user>"), 1),
    AccessPattern("somebody's remarks on a note", Remark.of("<user>", "<note>"), 1),
)
