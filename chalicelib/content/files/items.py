"""Files and who uses them. Only this module knows the keys."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pynamodb.attributes import BooleanAttribute, ListAttribute, MapAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.platform import clock
from chalicelib.platform.access.card import AccessCard, plain
from chalicelib.platform.store import InstantAttribute, Item, Key, Query
from chalicelib.platform.store.patterns import AccessPattern

UNCONFIRMED_LIFE = timedelta(hours=24)


class FileStatus(StrEnum):
    """PENDING → INSPECTING → CONFIRMED or REJECTED; CONFIRMED → DELETED; what stays PENDING expires."""

    PENDING = "PENDING"
    INSPECTING = "INSPECTING"
    CONFIRMED = "CONFIRMED"
    REJECTED = "REJECTED"
    DELETED = "DELETED"


class ScanStatus(StrEnum):
    """What a malware scan said; NOT_REQUIRED where none is configured."""

    NOT_REQUIRED = "NOT_REQUIRED"
    WAITING = "WAITING"
    CLEAN = "CLEAN"
    INFECTED = "INFECTED"
    FAILED = "FAILED"


USABLE_SCANS = (ScanStatus.NOT_REQUIRED, ScanStatus.CLEAN)
OPEN = (FileStatus.PENDING, FileStatus.INSPECTING)
_SCANS = "ASSETSCANS"
_DELETED = "ASSETSDELETED"


class FileAsset(Item, discriminator="FileAsset"):
    """A file: what was declared, and what inspection found.

    ``object_key`` and ``version_id`` say where its bytes are and never leave the backend. ``checksum``: SHA-256 in
    base64, as declared and verified. ``references``: how many places use it. ``tries``: inspections begun. ``packed``:
    of a PDF that was rewritten for reading by ranges, ``{object_key, version_id, content_length}`` of that copy
    (FILE-65). ``warnings``: what people should know about it (``NOT_NORMALIZED``). ``alt``: what an image shows, in
    words. ``width``, ``height``: pixels. ``upload_id``, ``part_bytes``: of an upload in
    parts. ``scanned_version``: the version that a
    scan was told about; ``examined_at``: when looking into it ended well, while a scan was still awaited. ``row``:
    what lists choose by, ``{status, references}``. ``thumbnail_asset_id``: the small picture of it;
    ``source_asset_id``: of such a picture, what it shows.
    """

    id = UnicodeAttribute()
    purpose = UnicodeAttribute()
    status = UnicodeAttribute(default=FileStatus.PENDING)
    scan_status = UnicodeAttribute(default=ScanStatus.NOT_REQUIRED)
    object_key = UnicodeAttribute()
    version_id = UnicodeAttribute(null=True)
    file_name = UnicodeAttribute()
    content_type = UnicodeAttribute()
    size_bytes = NumberAttribute()
    checksum = UnicodeAttribute(null=True)
    page_count = NumberAttribute(null=True)
    reject_reason = UnicodeAttribute(null=True)
    width = NumberAttribute(null=True)
    height = NumberAttribute(null=True)
    alt = UnicodeAttribute(null=True)
    packed: MapAttribute[str, Any] = MapAttribute(null=True)
    warnings: ListAttribute[str] = ListAttribute(default=list)
    references = NumberAttribute(default=0)
    tries = NumberAttribute(default=0)
    upload_id = UnicodeAttribute(null=True)
    part_bytes = NumberAttribute(null=True)
    scanned_version = UnicodeAttribute(null=True)
    examined_at = InstantAttribute(null=True)
    thumbnail_asset_id = UnicodeAttribute(null=True)
    source_asset_id = UnicodeAttribute(null=True)
    created_by_user_id = UnicodeAttribute()
    created_at = InstantAttribute()
    confirmed_at = InstantAttribute(null=True)
    deleted_at = InstantAttribute(null=True)

    @staticmethod
    def place(asset_id: str) -> Key:
        """Where a file is."""
        return Key(f"ASSET#{asset_id}", "ASSET")

    @property
    def readable(self) -> dict[str, Any]:
        """Where the bytes are that readers get: ``{object_key, version_id, content_length}``, packed where it is."""
        packed = plain(self.packed)
        return packed or {
            "object_key": str(self.object_key),
            "version_id": str(self.version_id or ""),
            "content_length": int(self.size_bytes),
        }

    @property
    def examined(self) -> bool:
        """Whether it was looked into, and only its scan is awaited."""
        return self.examined_at is not None

    @property
    def expired(self) -> bool:
        """Whether nobody confirmed it in time: as good as gone, even before the table removes it (FILE-38)."""
        return self.status == FileStatus.PENDING and clock.now() >= self.created_at + UNCONFIRMED_LIFE


class Audience(StrEnum):
    """Whom a published place is shown to: STUDENT is everybody who is signed in."""

    STUDENT = "STUDENT"
    ALL = "ALL"
    ADMIN = "ADMIN"
    PUBLIC = "PUBLIC"


class AssetReference(Item, discriminator="AssetReference"):
    """One place that uses a file; in the file's own partition, so that both are one query.

    ``topic_ids``: of content of the syllabus, its topics and all that lie above them, so that a scope covers it by what
    stands here. ``active_from``, ``active_until``: of what is shown for a time only (banners, announcements).
    """

    asset_id = UnicodeAttribute()
    ref_type = UnicodeAttribute()
    ref_id = UnicodeAttribute()
    published = BooleanAttribute(default=False)
    public = BooleanAttribute(default=False)
    audience = UnicodeAttribute(default=Audience.STUDENT)
    active_from = InstantAttribute(null=True)
    active_until = InstantAttribute(null=True)
    subject_id = UnicodeAttribute(null=True)
    topic_ids: ListAttribute[str] = ListAttribute(default=list)
    created_at = InstantAttribute()

    @staticmethod
    def place(asset_id: str, ref_type: str, ref_id: str) -> Key:
        """Where a reference is."""
        return Key(f"ASSET#{asset_id}", f"REF#{ref_type}#{ref_id}")

    def shown_at(self, now: datetime) -> bool:
        """Whether its place is published, and within its time."""
        begun = self.active_from is None or self.active_from <= now
        return bool(self.published) and begun and (self.active_until is None or now < self.active_until)


class FileOutline(Item, discriminator="FileOutline"):
    """The table of contents of a PDF (NOTE-77). ``entries``: JSON of a list of ``{title, page, level}``."""

    asset_id = UnicodeAttribute()
    entries = UnicodeAttribute()

    @staticmethod
    def place(asset_id: str) -> Key:
        """Where the table of contents of a file is; beside the file it would be read with its references."""
        return Key(f"ASSETOUTLINE#{asset_id}", "OUTLINE")


def with_references(asset_id: str) -> Query[Item]:
    """A file and all its references: one consistent query."""
    return Query(Item, f"ASSET#{asset_id}", consistent=True)


def index_keys(asset: FileAsset) -> dict[str, Any]:
    """Where lists of files by purpose find a new one, newest first, and what they choose by."""
    return {
        "gsi1pk": f"ASSETS#{asset.purpose}",
        "gsi1sk": f"{clock.iso(asset.created_at)}#{asset.id}",
        "row": {"status": str(asset.status), "references": 0},
    }


def of_purpose(purpose: str, *, keep: Callable[[FileAsset], bool] | None = None) -> Query[FileAsset]:
    """The files of a purpose, newest first; ``keep`` chooses by the row. One query of ``gsi1``."""
    return Query(FileAsset, f"ASSETS#{purpose}", "gsi1", descending=True, keep=keep)


def by_checksum(asset_id: str, checksum: str) -> dict[str, str]:
    """Where a confirmed file is found by what is in it."""
    return {"gsi2pk": f"ASSETSUM#{checksum}", "gsi2sk": asset_id}


def same_content(checksum: str) -> Query[FileAsset]:
    """Confirmed files of a SHA-256 (base64), oldest first. One query of ``gsi2``."""
    return Query(FileAsset, f"ASSETSUM#{checksum}", "gsi2")


def awaiting_scan(asset_id: str, until: datetime) -> dict[str, str]:
    """Where a file stands whose scan must have ended by then."""
    return {"gsi2pk": _SCANS, "gsi2sk": f"{clock.iso(until)}#{asset_id}"}


def scans_overdue(now: datetime) -> Query[FileAsset]:
    """Files whose scan should have ended by now. One query of ``gsi2``."""
    return Query(FileAsset, _SCANS, "gsi2", between=("0", clock.iso(now)))


def deleted(asset_id: str, at: datetime) -> dict[str, str]:
    """Where a deleted file stands until its bytes are removed."""
    return {"gsi2pk": _DELETED, "gsi2sk": f"{clock.iso(at)}#{asset_id}"}


def deleted_until(at: datetime) -> Query[FileAsset]:
    """Files that were deleted until then, and still have bytes. One query of ``gsi2``."""
    return Query(FileAsset, _DELETED, "gsi2", between=("0", clock.iso(at)))


_SOME = clock.parse_iso("2026-01-01T00:00:00Z")

PATTERNS = (
    AccessPattern("a file, beside the card", (AccessCard.place("<user>"), FileAsset.place("<file>")), 2),
    AccessPattern("the table of contents of a file", (FileOutline.place("<file>"),), 0.5, consistent=False),
    AccessPattern("a file and what uses it", with_references("<file>"), 1),
    AccessPattern("files of a purpose", of_purpose("<purpose>"), 0.5, consistent=False),
    AccessPattern("confirmed files of the same content", same_content("<checksum>"), 0.5, consistent=False),
    AccessPattern("deleted files with bytes", deleted_until(_SOME), 0.5, consistent=False),
    AccessPattern("files whose scan is overdue", scans_overdue(_SOME), 0.5, consistent=False),
)
