"""Reading files and who uses them (FILE-03, FILE-04), and describing images in words (FILE-64)."""

from __future__ import annotations

from chalicelib.content.files.errors import FileNotFound, NotAnImage
from chalicelib.content.files.items import AssetReference, FileAsset, FileStatus, of_purpose, with_references
from chalicelib.content.files.purposes import IMAGES
from chalicelib.content.files.schemas import FileAnswer, FileChange, FileDetails, FilesQuery
from chalicelib.platform import audit, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import plain
from chalicelib.platform.errors import VersionMismatch
from chalicelib.platform.http import Page, cursors, lists

LIST = "files"

UPDATE = audit.AuditAction("file.update", "A file was described in other words")


def details(asset_id: str) -> FileDetails:
    """A file with all its references. One query of its partition; ``FileNotFound``."""
    items = store.every(with_references(asset_id))
    asset = next((item for item in items if isinstance(item, FileAsset)), None)
    if asset is None or asset.expired or asset.status == FileStatus.DELETED:
        raise FileNotFound
    return FileDetails.with_references(asset, [item for item in items if isinstance(item, AssetReference)])


def listed(query: FilesQuery, caller_id: str) -> Page[FileAnswer]:
    """A page of a purpose's files, newest first: one query (up to five with filters), one batch of the files."""
    bound = lists.filters_of(query)
    start = cursors.open_(LIST, caller_id, bound, query.cursor)
    found = store.fetch(
        of_purpose(query.purpose, keep=lambda asset: _chosen(asset, query)), limit=query.limit, start=start
    )
    items = store.get_many([one.itself for one in found.items], consistent=False) if found.items else []
    assets = [one for one in items if isinstance(one, FileAsset) and not one.expired]
    return Page(
        items=[FileAnswer.of(asset) for asset in assets],
        next_cursor=cursors.seal(LIST, caller_id, bound, found.next_key),
    )


def _chosen(asset: FileAsset, query: FilesQuery) -> bool:
    row = plain(asset.row)
    status, used = row.get("status"), int(row.get("references", 0)) > 0
    if status == FileStatus.DELETED or (query.status is not None and status != query.status):
        return False
    if query.unused is None:
        return True
    return used is not query.unused and status == FileStatus.CONFIRMED


def describe(asset: FileAsset, body: FileChange, caller: Caller, expected: int | None) -> FileAsset:
    """Say what an image shows; what it says already changes nothing. Raises ``NotAnImage``, ``VersionMismatch``."""
    if expected is not None and expected != asset.version:
        raise VersionMismatch({"version": int(asset.version)})
    if asset.content_type not in IMAGES:
        raise NotAnImage
    if asset.alt == body.alt:
        return asset
    tx = store.Transaction()
    tx.update(
        FileAsset,
        FileAsset.place(str(asset.id)),
        [
            FileAsset.alt.remove() if body.alt is None else FileAsset.alt.set(body.alt),
            FileAsset.version.add(1),
        ],
        when=FileAsset.version == int(asset.version),
    )
    audit.write(tx, UPDATE, str(asset.id), by=caller, meta={"changed": {"alt": [asset.alt, body.alt]}})
    try:
        tx.commit()
    except store.TransactionLost as lost:
        current = lost.item("FileAsset")
        raise VersionMismatch({"version": int(current.version) if current else 0}) from lost
    return store.became(asset, {"alt": body.alt})
