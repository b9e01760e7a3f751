"""Some pages of a document as files of their own (NOTE-32)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chalicelib.content.pdf_press.order import Order
from chalicelib.content.pdf_press.pack import LEAST_VERSION, opened
from chalicelib.content.pdf_press.writer import Writer

_KEPT_ON_PAGES = frozenset(
    {"/Type", "/MediaBox", "/CropBox", "/Rotate", "/Resources", "/Contents", "/UserUnit", "/Group", "/Annots"}
)
_KEPT_ANNOTATIONS = frozenset({"/Link", "/Text", "/Highlight", "/Underline", "/StrikeOut", "/FreeText", "/Square"})


def preview(whole: str, copy: str, pages: int) -> dict[str, Any]:
    """The first pages as one file: ``{"pages": n}`` or ``{"unfit": why}``."""
    with opened(whole) as document:
        count = min(pages, len(document.pages))
        _write(document, range(count), Path(copy))
    return {"pages": count}


def singles(whole: str, folder: str, first: int, last: int) -> dict[str, Any]:
    """The pages ``first`` … ``last`` (from 1, both included), each as ``<folder>/<n>.pdf``: ``{"pages": n}``."""
    with opened(whole) as document:
        for number in range(first, last + 1):
            _write(document, range(number - 1, number), Path(folder, f"{number}.pdf"))
    return {"pages": last - first + 1}


def _write(document: Any, chosen: range, copy: Path) -> None:
    """Write some pages of a document as a new one, in the order of packed files; the document stays as it is."""
    import pikepdf

    with pikepdf.new() as part:
        for number in chosen:
            page = document.pages[number]
            part.pages.append(page)
            kept = part.pages[-1].obj
            for name in list(kept.keys()):
                if name not in _KEPT_ON_PAGES:
                    del kept[name]
            _annotations(kept)
        part.remove_unreferenced_resources()
        with copy.open("wb") as out:
            free = 1 + len(part.objects)
            Order(part, Writer(out, max(LEAST_VERSION, document.pdf_version), free), free).write()


def _annotations(page: Any) -> None:
    """Only marks stay, and links to addresses: what leads elsewhere in the document leads nowhere here."""
    from pikepdf import Array, Dictionary

    listed = page.get("/Annots")
    if not isinstance(listed, Array):
        return
    kept = []
    for one in listed:
        if not isinstance(one, Dictionary) or str(one.get("/Subtype")) not in _KEPT_ANNOTATIONS:
            continue
        action = one.get("/A")
        if "/Dest" in one or (isinstance(action, Dictionary) and str(action.get("/S")) != "/URI"):
            continue
        for name in ("/P", "/Parent", "/Popup", "/IRT", "/StructParent"):
            if name in one:
                del one[name]
        kept.append(one)
    page.Annots = Array(kept)
