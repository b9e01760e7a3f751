"""Confirming a PDF: what inspection finds (FILE-36), and of a note's, the copy that readers get (FILE-65)."""

from __future__ import annotations

import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory

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
    in_request = asset.status == FileStatus.PENDING
    until = time.monotonic() + seconds
    # Fetched once, piece by piece, and looked into here: hundreds of ranges from the bucket would take longer.
    with TemporaryDirectory() as folder:
        original = Path(folder, "original")
        storage.fetch(str(asset.object_key), found.version_id, original)
        verdict = _inspected(original, found.size, seconds)
        if verdict.page_count is None:
            return Examined(refused=verdict.refused or inspection.UNREADABLE)
        facts, packed = [FileAsset.page_count.set(verdict.page_count)], None
        if asset.purpose == NOTES_PDF.name and found.size >= packing.PACK_FROM_BYTES():
            if not in_request:
                until = time.monotonic() + PACKING_SECONDS
            copy = packing.pack(asset, original, verdict.page_count, until, wait=in_request)
            if copy.refused:
                return Examined(refused=copy.refused)
            packed = copy.place
            facts.append(FileAsset.warnings.set([] if packed else [packing.NOT_NORMALIZED]))
    outlines.keep(str(asset.id), verdict.outline)
    return Examined(facts, {"pageCount": verdict.page_count}, packed=packed)


def _inspected(file: Path, size: int, seconds: int) -> inspection.Verdict:
    with file.open("rb") as opened:

        def read(first: int, last: int) -> bytes:
            return os.pread(opened.fileno(), last - first + 1, first)

        return inspection.inspect_pdf(size, read, seconds=seconds)
