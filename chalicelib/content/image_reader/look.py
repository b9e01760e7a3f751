"""The looking itself: which format it really is, what is left of it without metadata, and whether that is a picture."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from PIL import Image

from chalicelib.content.image_reader import jpeg, png, webp
from chalicelib.content.image_reader.cleaned import (
    ANIMATED,
    MISMATCH,
    SIDEWAYS,
    TOO_LARGE,
    UNREADABLE,
    Cleaned,
    Refused,
)

MAX_SIDE = 8_192
MAX_PIXELS = 40_000_000

_READERS = {"image/png": ("PNG", png.clean), "image/jpeg": ("JPEG", jpeg.clean), "image/webp": ("WEBP", webp.clean)}


def look(file: str, copy: str, media_type: str) -> dict[str, Any]:
    """Look at a file that is said to be of a media type; what differs of its clean form is written to ``copy``.

    Answers ``{width, height, changed}``, as it is shown upright, or ``{refused}``.
    """
    data = Path(file).read_bytes()
    try:
        if type_of(data) != media_type:
            raise Refused(MISMATCH)
        name, clean = _READERS[media_type]
        parts: Cleaned = clean(data)
        content = b"".join(parts.pieces)
        width, height = _decoded(content, name)
    except Refused as refused:
        return {"refused": str(refused)}
    changed = content != data
    if changed:
        Path(copy).write_bytes(content)
    if parts.orientation in SIDEWAYS:
        width, height = height, width
    return {"width": width, "height": height, "changed": changed}


def type_of(data: bytes) -> str | None:
    """The media type of what a file is by its first bytes; None for all that is not taken."""
    if data.startswith(png.SIGNATURE):
        return "image/png"
    if data.startswith(jpeg.SIGNATURE):
        return "image/jpeg"
    return "image/webp" if webp.is_webp(data) else None


def _decoded(content: bytes, name: str) -> tuple[int, int]:
    """Width and height of a picture all of whose pixels were decoded; its size is judged before they are."""
    Image.MAX_IMAGE_PIXELS = None
    try:
        with Image.open(io.BytesIO(content), formats=(name,)) as picture:
            width, height = picture.size
            if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
                raise Refused(TOO_LARGE)
            if getattr(picture, "n_frames", 1) > 1:
                raise Refused(ANIMATED)
            picture.load()
    except (Refused, MemoryError):
        raise
    except Exception as error:  # whatever a parser stumbles over: it is no picture
        raise Refused(UNREADABLE) from error
    return width, height
