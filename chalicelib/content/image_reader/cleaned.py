"""What taking a file apart answers, and the one piece of metadata that changes how a picture looks: its orientation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

UNREADABLE = "IMAGE_UNREADABLE"
TOO_LARGE = "IMAGE_TOO_LARGE"
TOO_COMPLEX = "IMAGE_TOO_COMPLEX"
ANIMATED = "IMAGE_ANIMATED"
MISMATCH = "TYPE_MISMATCH"

UPRIGHT = 1
SIDEWAYS = range(5, 9)
_ORIENTATION = b"\x01\x12"
_MAX_TAGS = 1_000


class Refused(Exception):
    """The file is not one that people may be shown; the reason is its only argument."""


class Cleaned(NamedTuple):
    """The pieces of the file that stay, in order, and how the picture is to be turned (1: not at all)."""

    pieces: Sequence[bytes | memoryview]
    orientation: int = UPRIGHT


def orientation_of(exif: bytes) -> int:
    """The orientation that Exif data (a TIFF header with its first directory) tells, 1 … 8; 1 where it tells none."""
    order = {b"II*\0": "little", b"MM\0*": "big"}.get(exif[:4])
    if order is None:
        return UPRIGHT

    def number(first: int, length: int) -> int:
        return int.from_bytes(exif[first : first + length], "little" if order == "little" else "big")

    start = number(4, 4)
    for place in range(start + 2, start + 2 + 12 * min(number(start, 2), _MAX_TAGS), 12):
        if number(place, 2) == 0x0112 and number(place + 2, 2) == 3:
            told = number(place + 8, 2)
            return told if told in range(1, 9) else UPRIGHT
    return UPRIGHT


def exif_of(orientation: int) -> bytes:
    """Exif data that tells an orientation and nothing else."""
    entry = _ORIENTATION + b"\0\x03\0\0\0\x01" + orientation.to_bytes(2, "big") + b"\0\0"
    return b"MM\0*\0\0\0\x08\0\x01" + entry + bytes(4)
