"""Confirming a PDF: what inspection finds (FILE-36), and of a note's, the copy that readers get (FILE-65)."""

from __future__ import annotations

import time

from chalicelib.content.files import inspection, outlines, packing, storage
from chalicelib.content.files.examined import Examined
from chalicelib.content.files.items import FileAsset, FileStatus
from chalicelib.content.files.purposes import NOTES_PDF

PACKING_SECONDS = 400
"""How long the worker may take to make a copy; within a request it has what inspection left."""


def examine(asset: FileAsset, found: storage.Found, seconds: int) -> Examined:
    """Look into an uploaded PDF, at most ``seconds`` long, and make its copy.

    Raises ``UpstreamFailed`` when the bucket does not answer, ``TakesLonger`` for the worker to do it.
    """
    key, version_id = str(asset.object_key), found.version_id
    in_request = asset.status == FileStatus.PENDING
    until = time.monotonic() + seconds
    verdict = inspection.inspect_pdf(
        found.size, lambda first, last: storage.read(key, version_id, first, last), seconds=seconds
    )
    if verdict.page_count is None:
        return Examined(refused=verdict.refused or inspection.UNREADABLE)
    facts, packed = [FileAsset.page_count.set(verdict.page_count)], None
    if asset.purpose == NOTES_PDF.name and found.size >= packing.PACK_FROM_BYTES():
        if not in_request:
            until = time.monotonic() + PACKING_SECONDS
        copy = packing.pack(asset, found, verdict.page_count, until, wait=in_request)
        if copy.refused:
            return Examined(refused=copy.refused)
        packed = copy.place
        facts.append(FileAsset.warnings.set([] if packed else [packing.NOT_NORMALIZED]))
    outlines.keep(str(asset.id), verdict.outline)
    return Examined(facts, {"pageCount": verdict.page_count}, packed=packed)
