"""A file and who uses it, for those who deliver its bytes."""

from __future__ import annotations

from chalicelib.content.files.items import USABLE_SCANS, AssetReference, FileAsset, FileStatus, with_references
from chalicelib.platform import store
from chalicelib.platform.records import frozen

MOST = 1_000


@frozen
class Used:
    """A file that has bytes for people, and the places that use it."""

    asset: FileAsset
    references: tuple[AssetReference, ...]


def deliverable(asset: FileAsset) -> bool:
    """Whether its bytes are for anybody: confirmed, not deleted, and with no scan against it (FILE-21)."""
    return asset.status == FileStatus.CONFIRMED and asset.scan_status in USABLE_SCANS


def used(asset_id: str) -> Used | None:
    """A deliverable file with its references, at most a thousand of them; else None. One query of its partition.

    Of a thumbnail, the references of what it shows: one more.
    """
    found = _used(asset_id)
    if found is None or not found.asset.source_asset_id:
        return found
    source = _used(str(found.asset.source_asset_id))
    return Used(found.asset, source.references) if source is not None else None


def _used(asset_id: str) -> Used | None:
    items = store.fetch(with_references(asset_id), limit=MOST).items
    asset = next((item for item in items if isinstance(item, FileAsset)), None)
    if asset is None or not deliverable(asset):
        return None
    return Used(asset, tuple(item for item in items if isinstance(item, AssetReference)))
