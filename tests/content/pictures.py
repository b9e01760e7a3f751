"""Images for tests: sound ones of every kind, with things in them that readers must not get, and hostile ones."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Callable
from typing import Any

from PIL import Image, PngImagePlugin

SECRET = b"GPS 12.9716 N 77.5946 E"
"""What metadata carries here: found in no copy that readers get."""

TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 30), mode: str = "RGB", **more: Any) -> bytes:
    """A sound image of noise; ``more`` as Pillow's ``save`` takes it."""
    noise = random.Random(f"{kind}{size}{mode}").randbytes(size[0] * size[1] * 4)
    image = Image.frombytes("RGBA", size, noise).convert("RGB" if mode == "CMYK" else "RGBA")
    out = io.BytesIO()
    converted = image if mode == "RGBA" else image.convert(mode)
    converted.save(out, kind, **more)
    return out.getvalue()


def exif(orientation: int = 1) -> bytes:
    """Exif data with a place in it."""
    made = Image.Exif()
    made[0x0112], made[0x010E] = orientation, SECRET.decode()
    return made.tobytes()


def sixteen_bit() -> bytes:
    """A PNG of 16 bits a sample, in three colours."""
    rows = b"".join(b"\0" + random.Random(row).randbytes(20 * 6) for row in range(10))
    header = struct.pack(">IIBBBBB", 20, 10, 16, 2, 0, 0, 0)
    chunks = (("IHDR", header), ("IDAT", zlib.compress(rows)), ("IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*one) for one in chunks)


def chunk(name: str, content: bytes) -> bytes:
    """One chunk of a PNG."""
    body = name.encode() + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def bomb(width: int = 10_000, height: int = 10_000) -> bytes:
    """A PNG of very many pixels in very few bytes."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    packer = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    packed = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk("IHDR", header) + chunk("IDAT", packed) + chunk("IEND", b"")


def animated(kind: str) -> bytes:
    """Two frames."""
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    out = io.BytesIO()
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=100)
    return out.getvalue()


def telling(kind: str, orientation: int = 1) -> bytes:
    """A sound image with metadata of every sort that its format has, and more behind its end."""
    if kind == "PNG":
        told = PngImagePlugin.PngInfo()
        told.add_text("Comment", SECRET.decode())
        told.add_text("Long", SECRET.decode(), zip=False)
        told.add_itxt("Place", SECRET.decode())
        return picture("PNG", pnginfo=told, exif=exif(orientation), icc_profile=profile()) + SECRET
    if kind == "JPEG":
        return picture("JPEG", exif=exif(orientation), comment=SECRET, icc_profile=profile()) + SECRET
    return picture("WEBP", exif=exif(orientation), xmp=SECRET, lossless=True, icc_profile=profile()) + SECRET


def profile() -> bytes:
    """A colour profile."""
    from PIL import ImageCms

    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def pixels(content: bytes) -> tuple[str, tuple[int, int], bytes]:
    """What is to be seen."""
    with Image.open(io.BytesIO(content)) as image:
        return image.mode, image.size, image.tobytes()


SOUND: dict[str, Callable[[], bytes]] = {
    "png": lambda: picture("PNG"),
    "png-palette": lambda: picture("PNG", mode="P"),
    "png-transparent": lambda: picture("PNG", mode="RGBA"),
    "png-grey": lambda: picture("PNG", mode="L"),
    "png-bits": lambda: picture("PNG", mode="1"),
    "png-16-bit": sixteen_bit,
    "jpeg": lambda: picture("JPEG"),
    "jpeg-progressive": lambda: picture("JPEG", progressive=True),
    "jpeg-grey": lambda: picture("JPEG", mode="L"),
    "jpeg-cmyk": lambda: picture("JPEG", mode="CMYK"),
    "webp-lossy": lambda: picture("WEBP"),
    "webp-lossless": lambda: picture("WEBP", mode="RGBA", lossless=True),
    "webp-alpha": lambda: picture("WEBP", mode="RGBA", quality=60),
}
"""Images that are served as they are."""


def type_of(name: str) -> str:
    """The media type of a name above."""
    return f"image/{name.partition('-')[0]}"
