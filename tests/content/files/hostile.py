"""PDFs that a stranger may upload: sound ones, and what is done to them."""

from __future__ import annotations

import io
import os
import random
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, String

from tests.content.paper import ACTIVE_KINDS, active, pdf, saved

SAMPLES = Path(os.environ.get("SAMPLES") or "no-samples")
"""A folder with PDFs of one's own; nothing without."""
_LARGEST_SAMPLE = 3_000_000
_REFERENCE = re.compile(rb"\d+ 0 R")
_NUMBER = re.compile(rb"\d+")
_NAME = re.compile(rb"/[A-Za-z]+")
_KEYWORDS = (b"endobj", b"endstream", b"stream", b"obj", b"xref", b"trailer", b"startxref", b"%%EOF")
_ODD_NUMBERS = (b"0", b"-1", b"2147483648", b"99999999999999999999", b"1.5", b"null", b"1 0 R", b"<<", b"]")
_ODD_NAMES = (b"/Kids", b"/Parent", b"/JS", b"/Encrypt", b"/Type", b"/Length", b"/Root", b"/")


def _bomb(layers: int) -> bytes:
    document = Pdf.new()
    document.add_blank_page(page_size=(200, 300))
    body = bytes(210_000_000) if layers == 1 else zlib.compress(bytes(210_000_000), 9)
    filters = Name.FlateDecode if layers == 1 else Array([Name.FlateDecode] * layers)
    stream = document.make_stream(b"")
    stream.write(zlib.compress(body, 9), filter=filters)
    document.pages[0].obj.Contents = stream
    return saved(document)


def noise(length: int, seed: int) -> bytes:
    """Bytes that nothing compresses."""
    return random.Random(seed).randbytes(length)


def book(pages: int) -> bytes:
    """Pages that share fonts and an outline, with texts and links between them."""
    document = Pdf.new()
    font = document.make_indirect(Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
    shared = document.make_indirect(Dictionary(Font=Dictionary(F1=font)))
    for number in range(pages):
        document.add_blank_page(page_size=(200, 300))
        page = document.pages[-1].obj
        page.Resources = shared
        page.Contents = document.make_stream(b"BT /F1 12 Tf 20 200 Td (Page %d) Tj ET" % number)
        link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]))
        link.Dest = Array([document.pages[0].obj, Name.Fit])
        page.Annots = Array([document.make_indirect(link)])
    with document.open_outline() as outline:
        outline.root.extend(pikepdf.OutlineItem(f"Part {number}", number) for number in range(pages))
    document.docinfo["/Author"] = String("A. Nonymous")
    return saved(document)


def _deep(levels: int) -> bytes:
    """A page under so many nodes."""
    document = Pdf.new()
    document.add_blank_page(page_size=(200, 300))
    node = document.Root.Pages
    page = document.pages[0].obj
    for _ in range(levels):
        below = document.make_indirect(Dictionary(Type=Name.Pages, Count=1, Parent=node, Kids=Array([page])))
        node.Kids = Array([below])
        page.Parent = below
        node = below
    return saved(document)


def _zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("index.html", "<script>alert(1)</script>")
    return out.getvalue()


ODDITIES: dict[str, Callable[[], bytes]] = {
    **{kind: (lambda kind=kind: active(kind)) for kind in ACTIVE_KINDS},  # type: ignore[misc]
    "password": lambda: pdf(password="secret"),
    "empty password": lambda: pdf(password=""),
    "bomb": lambda: _bomb(1),
    "bomb in a bomb": lambda: _bomb(2),
    "bombs thrice": lambda: _bomb(3),
    "10,000 pages": lambda: pdf(10_000, packed=True),
    "deep tree": lambda: _deep(40),
    "too deep tree": lambda: _deep(400),
    "zip behind": lambda: pdf(2) + _zipped(),
    "zip before": lambda: _zipped() + pdf(2),
    "page in front": lambda: b"<html><script>alert(1)</script>" + pdf(2),
    "page behind": lambda: pdf(2) + b"<html><script>alert(1)</script>",
    "twice": lambda: pdf(2) + pdf(3),
    "zip": _zipped,
    "png": lambda: b"\x89PNG\r\n\x1a\n" + bytes(100),
    "text": lambda: b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*",
    "only a head": lambda: b"%PDF-1.7\n",
    "nested arrays": lambda: pdf(1).replace(b"/MediaBox [ 0 0 200 300 ]", b"/MediaBox " + b"[" * 5_000 + b"]" * 5_000),
    "nested dictionaries": lambda: pdf(1).replace(b"/Type /Page ", b"/A" + b"<</A" * 5_000 + b">>" * 5_000),
    "long name": lambda: pdf(1).replace(b"/Type /Page ", b"/" + b"A" * 200_000 + b" 1 /Type /Page "),
}


def sound() -> list[bytes]:
    """Documents to begin with: made here, and those of the folder that ``SAMPLES`` names."""
    made = [pdf(3), pdf(5, packed=True), pdf(40), book(12), pdf(2, filler=3_000)]
    found = [path.read_bytes() for path in sorted(SAMPLES.glob("*.pdf")) if path.stat().st_size <= _LARGEST_SAMPLE]
    return made + found


def variants(seed: int, count: int) -> Iterator[bytes]:
    """So many files, the same for the same seed: each of the sound ones as it is, then with something done to it."""
    chance, originals = random.Random(seed), sound()
    yield from originals[:count]
    for _ in range(max(0, count - len(originals))):
        whole = chance.choice(originals)
        yield chance.choice(_SPOILERS)(chance, whole)


def _cut(chance: random.Random, whole: bytes) -> bytes:
    return whole[: chance.randrange(len(whole))]


def _hole(chance: random.Random, whole: bytes) -> bytes:
    first = chance.randrange(len(whole))
    return whole[:first] + whole[first + chance.randrange(1, 2_000) :]


def _flips(chance: random.Random, whole: bytes) -> bytes:
    spoilt = bytearray(whole)
    for _ in range(chance.choice((1, 5, 50, 500))):
        spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
    return bytes(spoilt)


def _exchanged(pattern: re.Pattern[bytes], chance: random.Random, whole: bytes, others: tuple[bytes, ...]) -> bytes:
    found = [one.span() for one in pattern.finditer(whole[-200_000:])]
    for first, last in sorted(chance.sample(found, min(len(found), chance.choice((1, 3, 9)))), reverse=True):
        place = max(0, len(whole) - 200_000)
        new = chance.choice(others)
        new = new.ljust(last - first) if chance.random() < 0.8 else new
        whole = whole[: place + first] + new + whole[place + last :]
    return whole


def _references(chance: random.Random, whole: bytes) -> bytes:
    others = tuple(sorted({one.group() for one in _REFERENCE.finditer(whole[-200_000:])})) or (b"1 0 R",)
    return _exchanged(_REFERENCE, chance, whole, others)


def _numbers(chance: random.Random, whole: bytes) -> bytes:
    return _exchanged(_NUMBER, chance, whole, _ODD_NUMBERS)


def _names(chance: random.Random, whole: bytes) -> bytes:
    return _exchanged(_NAME, chance, whole, _ODD_NAMES)


def _keywords(chance: random.Random, whole: bytes) -> bytes:
    return whole.replace(chance.choice(_KEYWORDS), chance.choice(_KEYWORDS), chance.choice((1, 2, -1)))


def _twice(chance: random.Random, whole: bytes) -> bytes:
    return whole + _cut(chance, whole)


def _oddity(chance: random.Random, whole: bytes) -> bytes:
    return ODDITIES[chance.choice(sorted(ODDITIES))]()


_SPOILERS = (_cut, _hole, _flips, _references, _numbers, _names, _keywords, _twice, _oddity)
