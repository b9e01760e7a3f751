"""Whether two files render the same (FILE-66), by another library than the one that wrote the copy."""

from __future__ import annotations

from typing import Any

SAMPLE = 6
"""Pages that are drawn and compared pixel by pixel; of the others, size and text are."""
SIDE = 400
"""Pixels of the longer side of a drawn page."""
_GREATEST = 14_400


AT_ONCE = 50
"""Pages after which both files are opened anew: pdfium keeps every stream that it met as long as a file is open."""


def compare(original: str, copy: str) -> dict[str, Any]:
    """``{"same": true}``, ``{"different": what}``, or ``{"unreadable": true}`` when the original does not open.

    Where their numbers differ, ``pages`` is that of the original.
    """
    import pypdfium2

    try:
        with pypdfium2.PdfDocument(original) as first:
            pages = len(first)
    except pypdfium2.PdfiumError:
        return {"unreadable": True}
    if not pages:
        return {"unreadable": True}
    drawn = {round(number * (pages - 1) / max(1, SAMPLE - 1)) for number in range(SAMPLE)}
    try:
        for begin in range(0, pages, AT_ONCE):
            with pypdfium2.PdfDocument(original) as first, pypdfium2.PdfDocument(copy) as second:
                if pages != len(second):
                    return {"different": "pages", "pages": pages}
                for number in range(begin, min(pages, begin + AT_ONCE)):
                    found = _different(first, second, number, draw=number in drawn)
                    if found:
                        return {"different": f"{found} of page {number + 1}"}
    except (pypdfium2.PdfiumError, ValueError):
        return {"different": "a page does not open"}
    return {"same": True}


def _different(first: Any, second: Any, number: int, *, draw: bool) -> str | None:
    one, other = first[number], second[number]
    try:
        if one.get_size() != other.get_size() or one.get_rotation() != other.get_rotation():
            return "size"
        if _text(one) != _text(other):
            return "text"
        if draw and bytes(_drawn(one).buffer) != bytes(_drawn(other).buffer):
            return "picture"
    finally:
        one.close()
        other.close()
    return None


def _text(page: Any) -> str:
    text = page.get_textpage()
    try:
        return str(text.get_text_range())
    finally:
        text.close()


def _drawn(page: Any) -> Any:
    longer = max(*page.get_size(), 1.0)
    return page.render(
        scale=SIDE / min(longer, _GREATEST) if longer <= _GREATEST else SIDE / longer, may_draw_forms=False
    )
