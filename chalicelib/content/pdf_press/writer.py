"""A PDF file in the making: objects, object streams, and the cross-reference stream at its end."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from typing import BinaryIO

Reference = tuple[int, int]
"""Number and generation of an object."""

_LEVEL = 6


class Writer:
    """Writes to ``out``; ``free``: the first number that no object of the document has."""

    def __init__(self, out: BinaryIO, version: str, free: int) -> None:
        self._out = out
        self._free = free
        self._offset = 0
        self._entries: dict[int, tuple[int, int, int]] = {0: (0, 0, 65_535)}
        self._digest = hashlib.sha256()
        self._write(b"%%PDF-%s\n%%\xe2\xe3\xcf\xd3\n" % version.encode("ascii"))

    def _write(self, content: bytes) -> None:
        self._out.write(content)
        self._offset += len(content)

    def holds(self, reference: Reference) -> bool:
        """Whether the object was written."""
        return reference[0] in self._entries

    def plain(self, reference: Reference, content: bytes) -> None:
        """An object by itself."""
        number, generation = reference
        self._entries[number] = (1, self._offset, generation)
        self._write(b"%d %d obj\n%b\nendobj\n" % (number, generation, content))

    def stream(self, reference: Reference, head: bytes, body: bytes) -> None:
        """A stream: ``head`` is its dictionary without ``/Length`` and its closing ``>>``."""
        self.plain(reference, b"%b /Length %d >>\nstream\n%b\nendstream" % (head, len(body), body))

    def bundle(self, members: Sequence[tuple[Reference, bytes]]) -> None:
        """Objects without streams, together in an object stream; those of later generations by themselves."""
        for reference, content in members:
            if reference[1]:
                self.plain(reference, content)
        members = [(reference, content) for reference, content in members if not reference[1]]
        if not members:
            return
        number, self._free = self._free, self._free + 1
        places, offset = [], 0
        for index, ((member, _), content) in enumerate(members):
            places.append(b"%d %d" % (member, offset))
            offset += len(content) + 1
            self._entries[member] = (2, number, index)
        first = b" ".join(places) + b"\n"
        body = zlib.compress(first + b"\n".join(content for _, content in members), _LEVEL)
        self._digest.update(body)
        head = b"<< /Type /ObjStm /N %d /First %d /Filter /FlateDecode" % (len(members), len(first))
        self.stream((number, 0), head, body)

    def finish(self, root: Reference) -> None:
        """The cross-reference stream and where it is."""
        start, number = self._offset, self._free
        self._entries[number] = (1, start, 0)
        widest = (max(entry[field] for entry in self._entries.values()) for field in (1, 2))
        wide, narrow = ((most.bit_length() + 7) // 8 for most in widest)
        width = 1 + wide + narrow
        rows, before, sections = bytearray(), bytes(width), list[int]()
        for one in sorted(self._entries):
            kind, first, second = self._entries[one]
            row = bytes([kind]) + first.to_bytes(wide, "big") + second.to_bytes(narrow, "big")
            rows += b"\x02" + bytes((new - old) & 255 for new, old in zip(row, before, strict=True))
            before = row
            if sections and sections[-2] + sections[-1] == one:
                sections[-1] += 1
            else:
                sections += [one, 1]
        name = self._digest.hexdigest()[:32].encode()
        head = b"<< /Type /XRef /Size %d /W [1 %d %d] /Index [%b] /Root %d %d R /ID [<%b><%b>]" % (
            number + 1,
            wide,
            narrow,
            b" ".join(b"%d" % part for part in sections),
            *root,
            name,
            name,
        )
        head += b" /Filter /FlateDecode /DecodeParms << /Predictor 12 /Columns %d >>" % width
        self.stream((number, 0), head, zlib.compress(bytes(rows), 9))
        self._write(b"startxref\n%d\n%%%%EOF\n" % start)
