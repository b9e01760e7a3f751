"""JPEG taken apart: segments that begin with a marker, and the coded data behind each SOS (ITU-T T.81, annex B)."""

from __future__ import annotations

import re

from chalicelib.content.image_reader.cleaned import (
    TOO_COMPLEX,
    UNREADABLE,
    UPRIGHT,
    Cleaned,
    Refused,
    exif_of,
    orientation_of,
)

SIGNATURE = b"\xff\xd8\xff"
_SOS, _EOI, _SOI, _APP0, _APP1, _APP2, _APP14 = 0xDA, 0xD9, 0xD8, 0xE0, 0xE1, 0xE2, 0xEE
_FRAMES = range(0xC0, 0xD0)
_SHOWN_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
"""Baseline, extended and progressive Huffman: what browsers show. Arithmetic and lossless coding they do not."""
_TABLES = frozenset({0xC4, 0xDB, 0xDD, 0xDC})
_ALONE = frozenset({0x00, 0x01, *range(0xD0, 0xD8)})
_NEXT_MARKER = re.compile(rb"\xff(?![\x00\xd0-\xd7\xff])")
_MAX_SCANS = 200
_JFIF_LENGTH = 16


class _Reader:
    """Walks over the segments of one file and keeps what a picture needs."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.view = memoryview(data)
        self.pieces: list[bytes | memoryview] = [self.view[:2]]
        self.orientation = UPRIGHT
        self.scans = 0
        self.frames = 0

    def walk(self) -> Cleaned:
        place = 2
        while True:
            marker, place = self._marker(place)
            if marker == _EOI:
                break
            if marker in _ALONE:
                continue
            length = int.from_bytes(self.data[place : place + 2], "big")
            end = place + length
            if length < 2 or end > len(self.data) or marker == _SOI:
                raise Refused(UNREADABLE)
            if marker == _SOS:
                end = self._scan(end)
            if self._shown(marker, place):
                self.pieces.append(self.view[place - 2 : end])
            place = end
        if not self.scans or self.frames != 1:
            raise Refused(UNREADABLE)
        return Cleaned([*self.pieces, b"\xff\xd9"], self.orientation)

    def _marker(self, place: int) -> tuple[int, int]:
        """The next marker and where its segment begins; decoders pass over what stands before one."""
        place = self.data.find(b"\xff", place)
        while 0 <= place < len(self.data) and self.data[place] == 0xFF:
            place += 1
        if not 0 < place < len(self.data):
            raise Refused(UNREADABLE)
        return self.data[place], place + 1

    def _scan(self, place: int) -> int:
        """Where the coded data of a scan ends."""
        self.scans += 1
        if self.scans > _MAX_SCANS:
            raise Refused(TOO_COMPLEX)
        match = _NEXT_MARKER.search(self.data, place)
        if match is None:
            raise Refused(UNREADABLE)
        return match.start()

    def _shown(self, marker: int, place: int) -> bool:
        """Whether a segment stays as it is; what stays in another form is kept here."""
        if marker == _SOS or marker in _TABLES:
            return True
        if marker in _FRAMES:
            self.frames += 1
            if marker not in _SHOWN_FRAMES or self.data[place + 2] != 8:
                raise Refused(UNREADABLE)
            return True
        content = self.data[place + 2 : place + 16]
        if marker == _APP0 and content.startswith(b"JFIF\0"):
            # Without its thumbnail, which may show what was cut off the picture.
            told = self.data[place + 2 : place + _JFIF_LENGTH - 2].ljust(_JFIF_LENGTH - 4, b"\0")
            self.pieces.append(b"\xff\xe0" + _JFIF_LENGTH.to_bytes(2, "big") + told + b"\0\0")
        elif marker == _APP1 and content.startswith(b"Exif\0\0") and self.orientation == UPRIGHT:
            self._turn(place)
        return (marker == _APP2 and content.startswith(b"ICC_PROFILE\0")) or (
            marker == _APP14 and content.startswith(b"Adobe")
        )

    def _turn(self, place: int) -> None:
        length = int.from_bytes(self.data[place : place + 2], "big")
        self.orientation = orientation_of(self.data[place + 8 : place + length])
        if self.orientation != UPRIGHT:
            content = b"Exif\0\0" + exif_of(self.orientation)
            self.pieces.append(b"\xff\xe1" + (len(content) + 2).to_bytes(2, "big") + content)


def clean(data: bytes) -> Cleaned:
    """The segments that a picture needs. ``Refused`` for one that is cut short or coded as no browser reads it."""
    return _Reader(data).walk()
