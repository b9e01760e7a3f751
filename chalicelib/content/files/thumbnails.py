"""Small pictures of files (FILE-63): of an image, and of a PDF's first page. Each is a file of its own.

A thumbnail names its source and reaches whom that reaches; nobody uses, uploads or deletes it by itself. Its bytes go
with its source's.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from chalicelib.content.files import pressing, storage
from chalicelib.content.files.items import FileAsset, FileStatus, index_keys
from chalicelib.content.files.lookup import deliverable
from chalicelib.content.files.purposes import PDF, PURPOSES
from chalicelib.platform import clock, settings, store
from chalicelib.platform.confined.running import MEBIBYTE, Limits, Said, run
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.logs import event

THUMBNAIL_PIXELS = settings.integer("THUMBNAIL_PIXELS", default=480, minimum=0, maximum=1_024)
"""Of the longer side; 0: none are made."""

THUMBNAIL = "THUMBNAIL"
SOURCES = frozenset(PURPOSES) - {"PRINT_PDF", "EVIDENCE_IMAGE", "SETTLEMENT_CSV", "AVATAR"}
"""What is for few eyes has none; what is small already needs none."""
MAX_SOURCE_BYTES = 768 * MEBIBYTE
SCRATCH_MEBIBYTES = 1_024
SECONDS = 30
_TYPE = "image/webp"
_PROGRAM = "chalicelib.content.image_press"
_LIMITS = Limits(SECONDS, memory=800 * MEBIBYTE, body=4 * MEBIBYTE)


def make(asset_id: str) -> None:
    """Make the thumbnail of a confirmed file, where it gets one and has none yet. Twice is as once.

    A file of which no picture can be drawn has none. Raises ``UpstreamFailed`` when the bucket does not answer.
    """
    asset = store.get(FileAsset, FileAsset.place(asset_id))
    if asset is None or not _wanted(asset):
        return
    with TemporaryDirectory() as folder:
        said = _draw(asset, Path(folder))
    if said.answer is None or not said.body:
        event("no thumbnail", fileAssetId=asset_id)
        return
    _keep(asset, said.answer, said.body)


def _wanted(asset: FileAsset) -> bool:
    longest = THUMBNAIL_PIXELS()
    if not longest or not deliverable(asset) or asset.purpose not in SOURCES:
        return False
    if asset.thumbnail_asset_id or asset.source_asset_id:
        return False
    if asset.content_type == PDF:
        return int(asset.readable["content_length"]) <= MAX_SOURCE_BYTES
    return max(int(asset.width or 0), int(asset.height or 0)) > longest


def _draw(asset: FileAsset, folder: Path) -> Said:
    stored, original, longest = asset.readable, folder / "original", THUMBNAIL_PIXELS()
    storage.fetch(stored["object_key"], stored["version_id"], original)
    content_type = str(asset.content_type)
    if content_type == PDF:
        # Drawn at twice the size and shrunk: small letters keep their shape.
        page = pressing.render_first_page(original, longest=2 * longest, seconds=SECONDS)
        if page is None:
            return Said()
        original, content_type = folder / "page", "image/jpeg"
        original.write_bytes(page)
    return run(_PROGRAM, original, content_type, longest, limits=_LIMITS)


def _keep(asset: FileAsset, facts: dict[str, Any], content: bytes) -> None:
    """Store it, then let the source name it: while that is as it was read, and names none. Else its bytes go again."""
    thumbnail_id, now = new_ulid(), clock.now()
    key = f"thumbs/{now:%Y}/{now:%m}/{thumbnail_id}.webp"
    version_id = storage.put(key, content, content_type=_TYPE)
    storage.confirm(key, version_id)
    thumbnail = FileAsset(
        *FileAsset.place(thumbnail_id),
        id=thumbnail_id,
        purpose=THUMBNAIL,
        status=FileStatus.CONFIRMED,
        source_asset_id=str(asset.id),
        object_key=key,
        version_id=version_id,
        file_name=str(asset.file_name),
        content_type=_TYPE,
        size_bytes=len(content),
        checksum=base64.b64encode(hashlib.sha256(content).digest()).decode(),
        width=facts["width"],
        height=facts["height"],
        created_by_user_id=str(asset.created_by_user_id),
        created_at=now,
        confirmed_at=now,
    )
    for name, value in index_keys(thumbnail).items():
        setattr(thumbnail, name, value)
    tx = store.Transaction()
    tx.put(thumbnail, when=store.absent(FileAsset))
    tx.update(
        FileAsset,
        FileAsset.place(str(asset.id)),
        [FileAsset.thumbnail_asset_id.set(thumbnail_id)],
        when=(FileAsset.status == FileStatus.CONFIRMED) & FileAsset.thumbnail_asset_id.does_not_exist(),
    )
    try:
        tx.commit()
    except store.TransactionLost:
        storage.remove(key, version_id)


def erase(source: FileAsset) -> None:
    """Remove the bytes of a deleted file's thumbnail. It reached nobody any more since its source was deleted."""
    if not source.thumbnail_asset_id:
        return
    place = FileAsset.place(str(source.thumbnail_asset_id))
    thumbnail = store.get(FileAsset, place)
    if thumbnail is not None:
        storage.erase(str(thumbnail.object_key), str(thumbnail.version_id))
        store.delete(FileAsset, place)
