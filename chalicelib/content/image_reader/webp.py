"""WebP taken apart: a RIFF file of chunks (RFC 9649)."""

from __future__ import annotations

from chalicelib.content.image_reader.cleaned import (
    ANIMATED,
    UNREADABLE,
    UPRIGHT,
    Cleaned,
    Refused,
    exif_of,
    orientation_of,
)

_HEADER = 12
_PIXELS = frozenset({b"VP8 ", b"VP8L"})
_LOOKS = frozenset({b"ALPH", b"ICCP"})
_ANIMATION, _XMP, _EXIF = 0x02, 0x04, 0x08


def is_webp(data: bytes) -> bool:
    """Whether it begins as one."""
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def clean(data: bytes) -> Cleaned:
    """The chunks that a picture needs, under a header of their length. ``Refused``: cut short, damaged, animated."""
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data) + 1:
        raise Refused(UNREADABLE)
    kept: list[tuple[bytes, bytes | memoryview]] = []
    place, orientation, view = _HEADER, UPRIGHT, memoryview(data)
    while place + 8 <= min(end, len(data)):
        name, length = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "little")
        if place + 8 + length > min(end, len(data)):
            raise Refused(UNREADABLE)
        content = view[place + 8 : place + 8 + length]
        if name in (b"ANIM", b"ANMF") or (name == b"VP8X" and content[:1].tobytes()[:1] and content[0] & _ANIMATION):
            raise Refused(ANIMATED)
        if name == b"EXIF":
            told = content.tobytes()
            orientation = orientation_of(told.removeprefix(b"Exif\0\0"))
        elif name in _PIXELS | _LOOKS or (name == b"VP8X" and not kept):
            kept.append((name, content))
        place += 8 + length + length % 2
    return _together(kept, orientation)


def _together(kept: list[tuple[bytes, bytes | memoryview]], orientation: int) -> Cleaned:
    names = [name for name, _ in kept]
    if sum(name in _PIXELS for name in names) != 1 or not (names[0] in _PIXELS or names[0] == b"VP8X"):
        raise Refused(UNREADABLE)
    if names[0] in _PIXELS:
        kept, orientation = kept[:1], UPRIGHT
    else:
        flags = kept[0][1][0] & ~(_XMP | _EXIF) | (_EXIF if orientation != UPRIGHT else 0)
        kept[0] = (b"VP8X", bytes([flags]) + bytes(kept[0][1][1:]))
        if orientation != UPRIGHT:
            kept.append((b"EXIF", exif_of(orientation)))
    pieces: list[bytes | memoryview] = []
    for name, content in kept:
        pieces += [name, len(content).to_bytes(4, "little"), content, bytes(len(content) % 2)]
    length = 4 + sum(map(len, pieces))
    return Cleaned([b"RIFF", length.to_bytes(4, "little"), b"WEBP", *pieces], orientation)
