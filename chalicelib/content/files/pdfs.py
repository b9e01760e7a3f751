"""Confirming a PDF: what inspection finds (FILE-36)."""

from __future__ import annotations

from chalicelib.content.files import inspection, storage
from chalicelib.content.files.examined import Examined
from chalicelib.content.files.items import FileAsset


def examine(asset: FileAsset, found: storage.Found, seconds: int) -> Examined:
    """Look into an uploaded PDF, at most ``seconds`` long; ``UpstreamFailed`` when the bucket does not answer."""
    key, version_id = str(asset.object_key), found.version_id
    verdict = inspection.inspect_pdf(
        found.size, lambda first, last: storage.read(key, version_id, first, last), seconds=seconds
    )
    if verdict.page_count is None:
        return Examined(refused=verdict.refused or inspection.UNREADABLE)
    return Examined([FileAsset.page_count.set(verdict.page_count)], {"pageCount": verdict.page_count})
