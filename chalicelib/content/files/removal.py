"""Deleting files (FILE-05) and, a month later, their bytes (FILE-23)."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.content.files import extracts, storage, thumbnails
from chalicelib.content.files.configuration import FILE_DELETE_AFTER_DAYS
from chalicelib.content.files.errors import AssetInUse, FileNotFound
from chalicelib.content.files.items import FileAsset, FileStatus, deleted, deleted_until
from chalicelib.content.files.schemas import RemovalSummary
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import plain
from chalicelib.platform.work import JobRun

DELETE = audit.AuditAction("file.delete", "A file that nothing used was deleted")

_AT_ONCE = 100
_SPARE_SECONDS = 15


def delete(asset: FileAsset, caller: Caller) -> None:
    """Delete a file that nothing uses. Raises ``AssetInUse``; ``FileNotFound`` when somebody else just did."""
    now = clock.now()
    keys = deleted(str(asset.id), now)
    tx = store.Transaction()
    tx.update(
        FileAsset,
        FileAsset.place(str(asset.id)),
        [
            FileAsset.status.set(FileStatus.DELETED),
            FileAsset.row["status"].set(FileStatus.DELETED.value),
            FileAsset.deleted_at.set(now),
            FileAsset.gsi2pk.set(keys["gsi2pk"]),
            FileAsset.gsi2sk.set(keys["gsi2sk"]),
            FileAsset.ttl.remove(),
            FileAsset.version.add(1),
        ],
        when=(FileAsset.references == 0) & (FileAsset.status != FileStatus.DELETED),
    )
    audit.write(tx, DELETE, str(asset.id), by=caller, meta={"purpose": asset.purpose})
    try:
        tx.commit()
    except store.TransactionLost as lost:
        current = lost.item("FileAsset")
        if isinstance(current, FileAsset) and current.status != FileStatus.DELETED:
            raise AssetInUse({"references": int(current.references)}) from lost
        raise FileNotFound from lost


def remove_bytes(run: JobRun) -> RemovalSummary:
    """Remove the bytes of files that were deleted long enough ago. Doing so twice is harmless.

    The bytes go first: a run that ends in between finds the file again.
    """
    removed, before = 0, clock.now() - timedelta(days=FILE_DELETE_AFTER_DAYS())
    start: dict[str, str] | None = None
    while run.remaining() > _SPARE_SECONDS:
        found = store.fetch(deleted_until(before), limit=_AT_ONCE, start=start)
        assets = store.get_many([one.itself for one in found.items]) if found.items else []
        for asset in assets:
            if isinstance(asset, FileAsset) and run.remaining() > _SPARE_SECONDS:
                _erase(asset)
                removed += 1
        start = found.next_key
        if start is None:
            break
    return RemovalSummary(removed=removed)


def _erase(asset: FileAsset) -> None:
    storage.erase(str(asset.object_key), str(asset.version_id or ""))
    packed = plain(asset.packed)
    if packed:
        storage.erase(packed["object_key"], packed["version_id"])
    thumbnails.erase(asset)
    extracts.erase(asset)
    store.update(
        FileAsset,
        FileAsset.place(str(asset.id)),
        [FileAsset.gsi2pk.remove(), FileAsset.gsi2sk.remove(), FileAsset.version.add(1)],
        when=FileAsset.status == FileStatus.DELETED,
    )
