"""The table of contents of a PDF, as inspection found it (NOTE-77)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.content.files.items import FileOutline
from chalicelib.platform import store


def keep(asset_id: str, entries: Sequence[Mapping[str, Any]]) -> None:
    """Keep what was found in a file. The same file gives the same every time: no condition, twice is as once."""
    if not entries:
        return
    text = json.dumps([dict(entry) for entry in entries], ensure_ascii=False, separators=(",", ":"))
    store.put(FileOutline(*FileOutline.place(asset_id), asset_id=asset_id, entries=text))


def outline_of(asset_id: str) -> list[dict[str, Any]]:
    """``{title, page (None where it is unknown), level}`` of each entry in order; none for a file without outline."""
    found = store.get(FileOutline, FileOutline.place(asset_id), consistent=False)
    return list(json.loads(str(found.entries))) if found is not None else []
