"""PDF.js for the console's reader: what student apps render notes with, fetched when it is first asked for."""

from __future__ import annotations

from infra.local import npm

PACKAGE = "pdfjs-dist@5.4.296"
SHA256 = "01f7da2d0983256b7d9f8dde9d99e94479f075e30bc571b69cafc92bf419cee2"
FILES = ("pdf.min.mjs", "pdf.worker.min.mjs")
FOLDERS = ("cmaps", "standard_fonts", "wasm", "iccs")
"""What files of other makers need: character maps, the fonts every reader has, decoders and colour profiles."""


def file(name: str) -> bytes | None:
    """One of its files (``pdf.min.mjs``, ``cmaps/<name>``); None for any other, and where the library cannot be had."""
    folder, _, own = name.rpartition("/")
    if not (folder in FOLDERS or (not folder and own in FILES)):
        return None
    try:
        home = npm.unpacked(PACKAGE, SHA256, "pdfjs") / (folder or "build")
    except npm.PackageMissing:
        return None
    known = {one.name: one for one in home.iterdir() if one.is_file()}
    return known[own].read_bytes() if own in known else None
