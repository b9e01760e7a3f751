"""A picture in small."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image, ImageOps

FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP"}
_QUALITY = 80
_DEEP = frozenset({"I", "I;16", "I;16B", "I;16L"})


def shrink(file: str, media_type: str, longest: int) -> tuple[dict[str, Any], bytes]:
    """The picture upright as a WebP whose longer side has at most so many pixels: ``{width, height}`` and its bytes."""
    Image.MAX_IMAGE_PIXELS = None
    with Image.open(file, formats=(FORMATS[media_type],)) as picture:
        # A JPEG is decoded at the next size above, which costs a fraction of the memory.
        picture.draft("RGB", (longest, longest))
        small = _shown(ImageOps.exif_transpose(picture))
    small.thumbnail((longest, longest))
    out = io.BytesIO()
    small.save(out, "WEBP", quality=_QUALITY)
    return {"width": small.width, "height": small.height}, out.getvalue()


def _shown(picture: Image.Image) -> Image.Image:
    """In the colours of a screen, transparent where it was."""
    if picture.mode in _DEEP:
        # 16 bits of grey: converting would cut off all that is brighter than the 255th part.
        return picture.convert("I").point(lambda value: value * (1 / 256)).convert("L").convert("RGB")
    transparent = picture.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in picture.info
    return picture.convert("RGBA" if transparent else "RGB")
