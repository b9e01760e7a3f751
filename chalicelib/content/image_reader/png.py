"""PNG taken apart: signature, then chunks of length, type, data and CRC (W3C «Portable Network Graphics», 3rd ed.)."""

from __future__ import annotations

import zlib

from chalicelib.content.image_reader.cleaned import (
    ANIMATED,
    UNREADABLE,
    UPRIGHT,
    Cleaned,
    Refused,
    exif_of,
    orientation_of,
)

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CRITICAL = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND"})
_LOOKS = frozenset({b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"bKGD", b"pHYs", b"cICP", b"mDCV", b"cLLI"})
"""What changes how pixels look; the rest is text, time, Exif and private data."""
_ANCILLARY = 0x20
_FRAME = 12


def clean(data: bytes) -> Cleaned:
    """The chunks that a picture needs. ``Refused`` for one that is cut short, damaged or animated."""
    view = memoryview(data)
    pieces: list[bytes | memoryview] = [view[: len(SIGNATURE)]]
    place, orientation, seen = len(SIGNATURE), UPRIGHT, set[bytes]()
    while b"IEND" not in seen:
        length, name = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        end = place + _FRAME + length
        if end > len(data) or (not seen and name != b"IHDR"):
            raise Refused(UNREADABLE)
        whole = zlib.crc32(view[place + 4 : end - 4]) == int.from_bytes(data[end - 4 : end], "big")
        if name in _CRITICAL:
            if not whole:
                raise Refused(UNREADABLE)
            pieces.append(view[place:end])
        elif not name[0] & _ANCILLARY:
            raise Refused(UNREADABLE)
        elif name == b"acTL":
            raise Refused(ANIMATED)
        elif name in _LOOKS and whole:
            pieces.append(view[place:end])
        elif name == b"eXIf" and whole and orientation == UPRIGHT:
            orientation = orientation_of(data[place + 8 : end - 4])
            if orientation != UPRIGHT:
                pieces.append(_chunk(b"eXIf", exif_of(orientation)))
        seen.add(name)
        place = end
    return Cleaned(pieces, orientation)


def _chunk(name: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + name + content + zlib.crc32(name + content).to_bytes(4, "big")
