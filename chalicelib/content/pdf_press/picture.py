"""A page as an image."""

from __future__ import annotations

import io
from typing import Any

_QUALITY = 80


def picture(file: str, longest: int) -> tuple[dict[str, Any], bytes]:
    """The first page as a JPEG, its longer side ``longest`` pixels: ``{"width", "height"}`` and its bytes."""
    import pypdfium2

    with pypdfium2.PdfDocument(file) as document:
        page = document[0]
        drawn = page.render(scale=longest / max(*page.get_size(), 1.0), may_draw_forms=False)
        image = drawn.to_pil().convert("RGB")
        out = io.BytesIO()
        image.save(out, "JPEG", quality=_QUALITY, optimize=True)
        return {"width": image.width, "height": image.height}, out.getvalue()
