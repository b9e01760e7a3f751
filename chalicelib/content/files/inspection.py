"""Looking into an uploaded file by ranges (FILE-36): at most 8 MiB are read and memory stays flat, whatever its size.

The looking itself is ``content.pdf_reader``, a process that is killed when it takes too long: that is
a refusal, never our error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.platform import settings
from chalicelib.platform.confined.running import Limits, ReadRange, run
from chalicelib.platform.records import frozen

MAX_PDF_PAGES = settings.integer("MAX_PDF_PAGES", default=2_000, minimum=1, maximum=20_000)

READ_BUDGET = 8 * 1024 * 1024

UNREADABLE = "PDF_UNREADABLE"
TOO_COMPLEX = "PDF_TOO_COMPLEX"
FAILED = "INSPECTION_FAILED"
REASONS = (UNREADABLE, TOO_COMPLEX, "PDF_ENCRYPTED", "PDF_ACTIVE_CONTENT", "PDF_TOO_MANY_PAGES", FAILED)
"""Why a file is refused; TOO_COMPLEX: within the limits of time, memory and bytes read, no end was found."""

_PROGRAM = "chalicelib.content.pdf_reader"


@frozen
class Verdict:
    """What was found: the number of pages and the table of contents, or why the file is refused.

    ``outline``: of ``{"title", "page" (from 1, or None), "level" (from 1)}``.
    """

    page_count: int | None = None
    refused: str | None = None
    outline: Sequence[Mapping[str, Any]] = ()


def inspect_pdf(size: int, read: ReadRange, *, seconds: int) -> Verdict:
    """Look into a PDF of ``size`` bytes; ``seconds`` of time, processor time included.

    What ``read`` raises (the bucket does not answer) is raised; everything else is a verdict.
    """
    limits = Limits(seconds=seconds, reads=READ_BUDGET)
    answer = run(_PROGRAM, size, MAX_PDF_PAGES(), limits=limits, read=read).answer
    if answer is None or "failed" in answer:
        return Verdict(refused=TOO_COMPLEX)
    return _verdict(answer)


def _verdict(message: dict[str, object]) -> Verdict:
    pages, refused = message.get("pages"), message.get("refused")
    if isinstance(pages, int):
        outline = message.get("outline")
        return Verdict(page_count=pages, outline=tuple(outline) if isinstance(outline, list) else ())
    return Verdict(refused=refused if refused in REASONS and isinstance(refused, str) else UNREADABLE)
