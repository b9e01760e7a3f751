"""Images that a stranger may upload: sound ones, and what is done to them."""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import NamedTuple

from tests.content import pictures
from tests.content.paper import pdf

PNG, JPEG, WEBP = "image/png", "image/jpeg", "image/webp"
_ODD = (b"\0", b"\xff", b"\xff\xd9", b"\xff\xd8", b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff", b"IEND", b"acTL", b"ANIM")
_PAYLOADS = {
    "html": b"<html><script>alert(1)</script></html>",
    "php": b"<?php system($_GET['c']); ?>",
    "pdf": pdf(1),
}


class Variant(NamedTuple):
    """A file as it is uploaded; ``told`` is what it says it is. ``harmless``: readers would see it as it was."""

    name: str
    content: bytes
    told: str
    harmless: bool = False


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("evil.js", "alert(1)")
    return out.getvalue()


def _header(width: int, height: int, depth: int = 8, colour: int = 2, interlace: int = 0) -> bytes:
    return pictures.chunk("IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace))


def _png(*chunks: bytes) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _made() -> Iterator[Variant]:
    """Files that are wrong in one way each."""
    end, pixels = pictures.chunk("IEND", b""), pictures.chunk("IDAT", zlib.compress(bytes(10 * 31)))
    odd = {
        "no-size": _png(_header(0, 10), pixels, end),
        "huge-size": _png(_header(2**31 - 1, 2**31 - 1), pixels, end),
        "bad-depth": _png(_header(10, 10, 3), pixels, end),
        "bad-colour": _png(_header(10, 10, 8, 5), pixels, end),
        "no-pixels": _png(_header(10, 10), end),
        "no-header": _png(pixels, end),
        "two-headers": _png(_header(10, 10), _header(10, 10), pixels, end),
        "few-pixels": _png(_header(10, 10), pictures.chunk("IDAT", zlib.compress(bytes(9))), end),
        "bad-pixels": _png(_header(10, 10), pictures.chunk("IDAT", b"no zlib"), end),
        "palette-missing": _png(_header(10, 10, 8, 3), pixels, end),
        "unknown-critical": _png(_header(10, 10), pictures.chunk("EVIL", b"x"), pixels, end),
        "text-bomb": _png(
            _header(10, 10), pictures.chunk("zTXt", b"a\0\0" + zlib.compress(bytes(60_000_000), 9)), pixels, end
        ),
        "profile-bomb": _png(
            _header(10, 10), pictures.chunk("iCCP", b"a\0\0" + zlib.compress(bytes(60_000_000), 9)), pixels, end
        ),
        "pixel-bomb": _png(_header(10, 10), pictures.chunk("IDAT", zlib.compress(bytes(60_000_000), 9)), end),
        "bomb": pictures.bomb(),
        "long": pictures.bomb(60_000, 1),
        "animated": pictures.animated("PNG"),
    }
    for name, content in odd.items():
        yield Variant(f"png-{name}", content, PNG)
    yield Variant("webp-animated", pictures.animated("WEBP"), WEBP)
    scan = pictures.picture("JPEG", progressive=True)
    last = scan.rindex(b"\xff\xda")
    yield Variant("jpeg-many-scans", scan[:last] + scan[last:-2] * 300 + b"\xff\xd9", JPEG)
    for marker in (0xC3, 0xC5, 0xC9, 0xCB):
        yield Variant(f"jpeg-coding-{marker:x}", scan.replace(b"\xff\xc2", bytes([0xFF, marker])), JPEG)
    yield Variant("jpeg-12-bit", scan.replace(b"\xff\xc2\0\x11\x08", b"\xff\xc2\0\x11\x0c"), JPEG)
    yield Variant("jpeg-huge", _resized(scan), JPEG)
    for kind in ("GIF", "BMP", "TIFF", "ICO"):
        for told in (PNG, JPEG, WEBP):
            yield Variant(f"{kind}-as-{told}", pictures.picture(kind, mode="P"), told)
    for name, payload in {**_PAYLOADS, "zip": _zip(), "svg": b"<svg onload='alert(1)'/>", "nothing": b"\0"}.items():
        for told in (PNG, JPEG, WEBP):
            yield Variant(f"{name}-as-{told}", payload, told)


def _resized(jpeg: bytes) -> bytes:
    place = jpeg.index(b"\xff\xc2") + 5
    return jpeg[:place] + b"\xff\xff\xff\xff" + jpeg[place + 4 :]


def _sound() -> Iterator[tuple[str, bytes, str]]:
    for name, make in pictures.SOUND.items():
        yield name, make(), pictures.type_of(name)
    for kind, told in pictures.TYPES.items():
        for orientation in (1, 3, 6, 8):
            yield f"telling-{kind}-{orientation}", pictures.telling(kind, orientation), told


def _kept() -> Iterator[Variant]:
    """Sound files, and such that carry something more: before their end, behind it, or another's name."""
    types = (PNG, JPEG, WEBP)
    for name, content, told in _sound():
        yield Variant(name, content, told, harmless=True)
        for other in types:
            if other != told:
                yield Variant(f"{name}-as-{other}", content, other)
        for what, payload in {**_PAYLOADS, "zip": _zip()}.items():
            yield Variant(f"{name}-then-{what}", content + payload, told, harmless=True)
            yield Variant(f"{what}-then-{name}", payload + content, told)


def _cut(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content))] or b"\0"


def _flipped(content: bytes, chance: random.Random) -> bytes:
    spoilt = bytearray(content)
    for _ in range(chance.randrange(1, 12)):
        spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(8)
    return bytes(spoilt)


def _overwritten(content: bytes, chance: random.Random) -> bytes:
    place, piece = chance.randrange(len(content)), chance.choice(_ODD)
    return content[:place] + piece + content[place + len(piece) :]


def _inserted(content: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(content))
    return content[:place] + chance.choice(_ODD) + content[place:]


def _moved(content: bytes, chance: random.Random) -> bytes:
    first, last = sorted(chance.randrange(len(content)) for _ in range(2))
    return content[:first] + content[last:] + content[first:last]


_HARMS: tuple[Callable[[bytes, random.Random], bytes], ...] = (_cut, _flipped, _overwritten, _inserted, _moved)


def _spoilt() -> Iterator[Variant]:
    """Sound files to which something was done at random; always the same."""
    seeds = list(_sound())
    for number in range(10_000):
        name, content, told = seeds[number % len(seeds)]
        harm = _HARMS[number // len(seeds) % len(_HARMS)]
        chance = random.Random(number)
        # Near the front is where the structure is.
        near = chance.random() < 0.5
        head, rest = (content[:200], content[200:]) if near and harm is not _cut else (content, b"")
        yield Variant(f"{name}-{harm.__name__.strip('_')}-{number}", harm(head, chance) + rest, told)


def variants(number: int) -> list[Variant]:
    """So many of them, all kinds among them from a few hundred on."""
    return list(islice(chain(_made(), _kept(), _spoilt()), number))
