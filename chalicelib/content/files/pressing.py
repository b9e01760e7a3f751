"""Work on a PDF that lies in scratch space, each in a process that may be killed (``content.pdf_press``).

None of it raises because of a file: what does not come to its end answers so.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chalicelib.platform.confined.running import MEBIBYTE, Limits, Said, run

MEMORY = 1_024 * MEBIBYTE
PICTURE_BYTES = 4 * MEBIBYTE
_PROGRAM = "chalicelib.content.pdf_press"
_HEADROOM = MEBIBYTE


def pack(original: Path, copy: Path, *, seconds: float) -> dict[str, Any]:
    """Rewrite a file for reading by ranges: ``{"pages": n}`` of its pages, ``{"unfit": why}``, or nothing.

    ``{"broken": true}``, ``{"bomb": true}``: nobody should get the original either.
    """
    return _run(seconds, _room(original), "pack", original, copy).answer or {}


def compare(original: Path, copy: Path, *, seconds: float) -> dict[str, Any]:
    """Whether two files have the same pages with the same texts, and a sample of them the same pixels (FILE-66).

    ``{"same": true}``, ``{"different": what}``, ``{"unreadable": true}`` where the original does not open, or nothing.
    """
    return _run(seconds, 0, "compare", original, copy).answer or {}


def preview(whole: Path, copy: Path, pages: int, *, seconds: float) -> int | None:
    """Write the first pages of a file as another: how many there are; None when it cannot be done."""
    return _pages(_run(seconds, _room(whole), "preview", whole, copy, pages))


def singles(whole: Path, folder: Path, first: int, last: int, *, seconds: float) -> int | None:
    """Write the pages ``first`` … ``last`` as ``<folder>/<n>.pdf`` each: how many; None when it cannot be done."""
    return _pages(_run(seconds, _room(whole), "singles", whole, folder, first, last))


def render_first_page(file: Path, *, longest: int, seconds: float) -> bytes | None:
    """The first page of a file as a JPEG whose longer side has so many pixels; None when it cannot be drawn."""
    return _run(seconds, 0, "picture", file, longest, body=PICTURE_BYTES).body or None


def _pages(said: Said) -> int | None:
    found = (said.answer or {}).get("pages")
    return found if isinstance(found, int) else None


def _room(file: Path) -> int:
    size = file.stat().st_size
    return size + size // 4 + _HEADROOM


def _run(seconds: float, scratch: int, command: str, *arguments: object, body: int = 0) -> Said:
    limits = Limits(seconds=seconds, memory=MEMORY, scratch=scratch, body=body)
    return run(_PROGRAM, command, *arguments, limits=limits)
