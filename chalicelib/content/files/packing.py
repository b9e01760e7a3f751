"""The copy of a PDF that readers get (FILE-65, FILE-66): rewritten for reading by ranges, or the original after all.

The file goes through scratch space piece by piece: memory stays flat, whatever its size.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chalicelib.content.files import inspection, pressing, storage
from chalicelib.content.files.examined import TakesLonger
from chalicelib.content.files.items import FileAsset
from chalicelib.platform import settings
from chalicelib.platform.logs import logger
from chalicelib.platform.records import frozen

PACK_FROM_BYTES = settings.integer("PACK_FROM_BYTES", default=0, minimum=0, maximum=1_073_741_824)
"""Smaller files are served as they were uploaded. By default every file is rewritten."""

NOT_NORMALIZED = "NOT_NORMALIZED"
"""The warning of a file that readers get as it was uploaded."""


@frozen
class Packed:
    """``place``: ``{object_key, version_id, content_length}`` of the copy, stored unconfirmed; None: the original is
    served. ``refused``: why the file is not fit to be served at all.
    """

    place: Mapping[str, Any] | None = None
    refused: str | None = None


def pack(asset: FileAsset, original: Path, pages: int, until: float, *, wait: bool) -> Packed:
    """Make and store the copy of a file, fetched as ``original``, in which inspection found so many pages.

    ``until``: an instant of ``time.monotonic``. What is not done by then raises ``TakesLonger`` if somebody ``wait``s
    for it, else the original is served; ``UpstreamFailed`` when the bucket does not answer.
    """
    copy = original.with_name("copy")
    made = pressing.pack(original, copy, seconds=until - time.monotonic())
    if made.get("bomb"):
        return Packed(refused=inspection.TOO_COMPLEX)
    # Libraries that see different pages mean a file which every viewer shows differently.
    if made.get("broken") or made.get("pages", pages) != pages:
        return Packed(refused=inspection.UNREADABLE)
    seen = pressing.compare(original, copy, seconds=until - time.monotonic()) if "pages" in made else {}
    if seen.get("unreadable") or seen.get("pages", pages) != pages:
        return Packed(refused=inspection.UNREADABLE)
    if seen.get("same"):
        return Packed(_store(asset, copy))
    if wait and time.monotonic() >= until:
        raise TakesLonger
    logger.warning("not normalized", fileAssetId=str(asset.id), why=made.get("unfit") or seen.get("different"))
    return Packed()


def _store(asset: FileAsset, copy: Path) -> dict[str, Any]:
    """Store the copy beside the original; answers where it is."""
    folder, _, _ = str(asset.object_key).rpartition(".")
    key = f"{folder}-packed.pdf"
    with copy.open("rb") as content:
        version_id = storage.put(key, content, content_type=str(asset.content_type))
    return {"object_key": key, "version_id": version_id, "content_length": copy.stat().st_size}
