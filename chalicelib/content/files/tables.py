"""Looking into uploaded tables: text in UTF-8, whole; what its columns mean is for those who read it."""

from __future__ import annotations

import base64
import hashlib

from chalicelib.content.files import storage
from chalicelib.content.files.examined import Examined
from chalicelib.content.files.items import FileAsset

NOT_TEXT = "NOT_TEXT"
_CONTROLS = frozenset(map(chr, range(32))) - {"\t", "\n", "\r"}


def examine(asset: FileAsset, found: storage.Found, seconds: int) -> Examined:
    """Read an uploaded table, a small file; ``UpstreamFailed`` when the bucket does not answer."""
    content = storage.read(str(asset.object_key), found.version_id, 0, found.size - 1)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return Examined(refused=NOT_TEXT)
    if _CONTROLS.intersection(text):
        return Examined(refused=NOT_TEXT)
    lines = text.count("\n") + (not text.endswith("\n"))
    return Examined(meta={"lines": lines}, checksum=base64.b64encode(hashlib.sha256(content).digest()).decode())
