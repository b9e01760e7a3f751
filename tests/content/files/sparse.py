"""A PDF as scanners write it, of any size, of which only the written parts exist: images are empty space."""

from __future__ import annotations

import bisect


class SparsePdf:
    """``pages`` pages, each a dictionary followed by ``stride`` bytes of image; ``link``: each with an annotation."""

    def __init__(self, pages: int, stride: int, *, link: bool = True) -> None:
        self._parts: list[tuple[int, bytes]] = []
        self._end = 0
        self.fetched = 0
        self.requests = 0
        offsets: dict[int, int] = {}
        self._write(b"%PDF-1.4\n")
        for number in range(pages):
            page, image, note = 3 + 3 * number, 4 + 3 * number, 5 + 3 * number
            offsets[image] = self._write(f"{image} 0 obj\n<</Length {stride}>>\nstream\n".encode())
            self._end += stride
            self._write(b"\nendstream\nendobj\n")
            members = f"/Contents {image} 0 R" + (f"/Annots[{note} 0 R]" if link else "")
            offsets[page] = self._write(
                f"{page} 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]{members}>>\nendobj\n".encode()
            )
            offsets[note] = self._write(
                f"{note} 0 obj\n<</Type/Annot/Subtype/Link/Rect[0 0 1 1]/A<</S/URI/URI(x)>>>>\nendobj\n".encode()
            )
        kids = " ".join(f"{3 + 3 * number} 0 R" for number in range(pages))
        offsets[2] = self._write(f"2 0 obj\n<</Type/Pages/Count {pages}/Kids[{kids}]>>\nendobj\n".encode())
        offsets[1] = self._write(b"1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n")
        start = self._end
        size = 3 + 3 * pages
        rows = "".join(f"{offsets[number]:010d} 00000 n \n" for number in range(1, size))
        self._write(f"xref\n0 {size}\n0000000000 65535 f \n{rows}trailer\n<</Size {size}/Root 1 0 R>>\n".encode())
        self._write(f"startxref\n{start}\n%%EOF\n".encode())
        self._starts = [offset for offset, _ in self._parts]
        self.size = self._end

    def _write(self, content: bytes) -> int:
        offset = self._end
        self._parts.append((offset, content))
        self._end += len(content)
        return offset

    def read(self, first: int, last: int) -> bytes:
        """The bytes from ``first`` to ``last``."""
        self.requests += 1
        self.fetched += last - first + 1
        found = bytearray(last - first + 1)
        index = max(0, bisect.bisect_right(self._starts, first) - 1)
        for offset, content in self._parts[index:]:
            if offset > last:
                break
            begin, end = max(first, offset), min(last + 1, offset + len(content))
            if begin < end:
                found[begin - first : end - first] = content[begin - offset : end - offset]
        return bytes(found)
