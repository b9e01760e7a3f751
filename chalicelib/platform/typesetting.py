"""PDFs by Typst: invoices now, printed papers later. No browser; the same data makes the same bytes.

    pdf(template, {"title": "…", "lines": […]})

The template is ours; what comes from people travels beside it as data and is never read as markup. A template begins
with ``#let data = json(bytes(sys.inputs.data))``.
"""

from __future__ import annotations

import json
import threading
from functools import lru_cache
from typing import Any

from chalicelib.platform import settings

TYPESETTING_FONTS = settings.text("TYPESETTING_FONTS", default="/opt/fonts")
"""The folder of the fonts; on AWS the layer's."""
FONTS = ("Noto Sans", "Noto Sans Devanagari")
"""Latin with ₹, then Devanagari: what the first lacks is taken from the second. Mathematics has Typst's own font."""

_lock = threading.Lock()


class TypesettingFailed(Exception):
    """A template that does not fit its data: a mistake of ours, not of whoever the data is about."""


@lru_cache(maxsize=1)
def _fonts(folder: str) -> Any:
    """The fonts of that folder and Typst's own, none of the machine's: read once, by a container's first document."""
    import typst

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[folder])


def pdf(template: str, data: Any) -> bytes:
    """The PDF of a template with its data (JSON values). Raises ``TypesettingFailed``."""
    import typst

    inputs = {"data": json.dumps(data, ensure_ascii=False), "fonts": json.dumps(FONTS)}
    try:
        with _lock:
            made: bytes = typst.compile(
                template.encode(),
                # Nothing but what is handed over is read: no file, and no package from anywhere.
                root=TYPESETTING_FONTS(),
                font_paths=_fonts(TYPESETTING_FONTS()),
                ignore_system_fonts=True,
                sys_inputs=inputs,
                timestamp=0,
            )
    except typst.TypstError as error:
        raise TypesettingFailed(str(error).partition("\n")[0]) from error
    return made
