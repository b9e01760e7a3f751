"""Confirming an image: decoded completely, and freed of metadata (FILE-35).

Memory stays flat: the bytes go through a file, and only the process that may be killed holds pixels.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from chalicelib.content.files import storage
from chalicelib.content.files.examined import Examined
from chalicelib.content.files.items import FileAsset
from chalicelib.platform.confined.running import MEBIBYTE, Limits, run

UNREADABLE = "IMAGE_UNREADABLE"
TOO_COMPLEX = "IMAGE_TOO_COMPLEX"
REASONS = ("TYPE_MISMATCH", UNREADABLE, "IMAGE_TOO_LARGE", "IMAGE_ANIMATED", TOO_COMPLEX)
"""Why an image is refused; TOO_COMPLEX: within the limits of time and memory it was not decoded."""

_PROGRAM = "chalicelib.content.image_reader"
_MEMORY = 800 * MEBIBYTE
_HEADROOM = 65_536


def examine(asset: FileAsset, found: storage.Found, seconds: int) -> Examined:
    """Look into an uploaded image, at most ``seconds`` long; ``UpstreamFailed`` when the bucket does not answer."""
    with TemporaryDirectory() as folder:
        original, clean = Path(folder, "original"), Path(folder, "clean")
        checksum = _fetch(asset, found, original)
        said = inspect_image(original, clean, str(asset.content_type), seconds=seconds)
        if "refused" in said:
            return Examined(refused=said["refused"])
        packed = _put(asset, clean) if said["changed"] else None
    width, height = said["width"], said["height"]
    facts = [FileAsset.width.set(width), FileAsset.height.set(height)]
    return Examined(facts, {"width": width, "height": height}, packed=packed, checksum=checksum)


def inspect_image(original: Path, clean: Path, content_type: str, *, seconds: int) -> dict[str, Any]:
    """``{width, height, changed}`` (then ``clean`` is the file without metadata) or ``{refused}``, one of REASONS."""
    limits = Limits(seconds, memory=_MEMORY, scratch=original.stat().st_size + _HEADROOM)
    answer = run(_PROGRAM, original, clean, content_type, limits=limits).answer
    if answer is None or "failed" in answer:
        return {"refused": TOO_COMPLEX}
    return answer


def _fetch(asset: FileAsset, found: storage.Found, into: Path) -> str:
    """Write the upload to a file; answers the SHA-256 (base64) of its bytes."""
    digest = hashlib.sha256()
    with into.open("wb") as file:
        for piece in storage.stream(str(asset.object_key), found.version_id):
            digest.update(piece)
            file.write(piece)
    return base64.b64encode(digest.digest()).decode()


def _put(asset: FileAsset, clean: Path) -> dict[str, Any]:
    """Store the copy without metadata beside the original; answers where it is."""
    folder, _, name = str(asset.object_key).rpartition(".")
    key = f"{folder}-clean.{name}"
    content = clean.read_bytes()
    version_id = storage.put(key, content, content_type=str(asset.content_type))
    return {"object_key": key, "version_id": version_id, "content_length": len(content)}
