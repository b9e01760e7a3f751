"""A scan as scanners write it: page dictionary, drawing and picture, page after page, the page tree at the end."""

from __future__ import annotations

import io
import random
from pathlib import Path

from PIL import Image

_WIDE, _HIGH = 1_240, 1_754
_DRAWING = b"q 595 0 0 842 0 0 cm /Im0 Do Q"


def picture(detail: int = 60) -> bytes:
    """A grey JPEG of a page; about 93 KB with that much detail."""
    grain = Image.frombytes("L", (detail, detail), random.Random(3).randbytes(detail * detail))
    out = io.BytesIO()
    grain.resize((_WIDE, _HIGH)).save(out, "JPEG", quality=25)
    return out.getvalue()


def write(path: Path, pages: int = 300, detail: int = 60) -> int:
    """Write a scan; the bytes of one picture. Each differs from the others in a comment."""
    image, offsets = picture(detail), dict[int, int]()
    with path.open("wb") as out:

        def put(number: int, content: bytes) -> None:
            offsets[number] = out.tell()
            out.write(b"%d 0 obj\n%b\nendobj\n" % (number, content))

        out.write(b"%PDF-1.4\n")
        for page in range(pages):
            own, drawn, shown = (3 + 3 * page + more for more in range(3))
            resources = b"<</ProcSet[/PDF/ImageB]/XObject<</Im0 %d 0 R>>>>" % shown
            box = b"/MediaBox[0 0 595 842]"
            put(own, b"<</Type/Page/Parent 2 0 R%b/Resources%b/Contents %d 0 R>>" % (box, resources, drawn))
            put(drawn, b"<</Length %d>>\nstream\n%b\nendstream" % (len(_DRAWING), _DRAWING))
            head = b"/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceGray" % (_WIDE, _HIGH)
            body = image[:-2] + b"\xff\xfe\x00\x06" + page.to_bytes(4, "big") + image[-2:]
            rest = b"/BitsPerComponent 8/Filter/DCTDecode/Length %d" % len(body)
            put(shown, b"<<%b%b>>\nstream\n%b\nendstream" % (head, rest, body))
        kids = b" ".join(b"%d 0 R" % (3 + 3 * page) for page in range(pages))
        put(2, b"<</Type/Pages/Count %d/Kids[%b]>>" % (pages, kids))
        put(1, b"<</Type/Catalog/Pages 2 0 R>>")
        start, size = out.tell(), 3 + 3 * pages
        out.write(b"xref\n0 %d\n0000000000 65535 f \n" % size)
        out.writelines(b"%010d 00000 n \n" % offsets[number] for number in range(1, size))
        out.write(b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, start))
    return len(image)
