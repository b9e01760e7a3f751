"""One look at one file: its pages, or why it is refused."""

from __future__ import annotations

import os
from typing import IO, Any, cast

from chalicelib.content.pdf_reader.ranged import RangedFile, Refused, unreadable
from chalicelib.content.pdf_reader.walk import Walk
from chalicelib.platform.confined.inside import Pipe

TAIL_BYTES = 2_048
_OF_A_REVISION = (b"obj", b"xref", b"trailer", b"<<")


def open_document(file: RangedFile) -> Any:
    """The parsed cross-reference table and trailer; refuses what is no PDF, broken, or encrypted."""
    from pypdf import PdfReader

    class Reader(PdfReader):
        def _handle_encryption(self, password: str | bytes | None) -> None:
            raise Refused("PDF_ENCRYPTED")

        def _rebuild_xref_table(self, stream: Any) -> None:
            unreadable()

    tail = min(TAIL_BYTES, file.size)
    file.want([(0, 1_024), (file.size - tail, tail)])
    if file.read(5) != b"%PDF-":
        unreadable()
    file.seek(-tail, os.SEEK_END)
    end = file.read(tail)
    revision, marker, rest = end.rpartition(b"%%EOF")
    if not marker or b"startxref" not in revision or any(word in rest for word in _OF_A_REVISION):
        unreadable()  # cut: inside its only revision, or inside a later one that an older, whole one hides behind
    return Reader(cast(IO[bytes], file), strict=True)


def look(pipe: Pipe, size: int, max_pages: int) -> dict[str, Any]:
    """What to answer about the file: its pages, or why it is refused."""
    try:
        file = RangedFile(pipe, size)
        walk = Walk(file, open_document(file), max_pages)
        return {"pages": walk.pages(), "outline": walk.outline()}
    except Refused as refused:
        return {"refused": refused.reason}
    except MemoryError:
        return {"refused": "PDF_TOO_COMPLEX"}
    except Exception:  # noqa: BLE001  # whatever a parser makes of a broken file, the file is broken
        return {"refused": "PDF_UNREADABLE"}
