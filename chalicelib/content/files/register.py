"""Reading files and who uses them (FILE-03)."""

from __future__ import annotations

from chalicelib.content.files.errors import FileNotFound
from chalicelib.content.files.items import AssetReference, FileAsset, FileStatus, with_references
from chalicelib.content.files.schemas import FileDetails
from chalicelib.platform import store


def details(asset_id: str) -> FileDetails:
    """A file with all its references. One query of its partition; ``FileNotFound``."""
    items = store.every(with_references(asset_id))
    asset = next((item for item in items if isinstance(item, FileAsset)), None)
    if asset is None or asset.expired or asset.status == FileStatus.DELETED:
        raise FileNotFound
    return FileDetails.with_references(asset, [item for item in items if isinstance(item, AssetReference)])
