"""PDF.js for the console's reader: what student apps render notes with, fetched when it is first asked for."""

from __future__ import annotations

from infra.local import npm

PACKAGE = "pdfjs-dist@5.4.296"
SHA256 = "01f7da2d0983256b7d9f8dde9d99e94479f075e30bc571b69cafc92bf419cee2"
FILES = ("pdf.min.mjs", "pdf.worker.min.mjs")


def file(name: str) -> bytes | None:
    """One of the library's files; None for any other, and where the library cannot be had."""
    if name not in FILES:
        return None
    try:
        return (npm.unpacked(PACKAGE, SHA256, "pdfjs") / "build" / name).read_bytes()
    except npm.PackageMissing:
        return None
