"""Streams that explode when a viewer opens them."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from chalicelib.content.pdf_press.unfit import Bomb

MOST = 192 * 1024 * 1024
"""Bytes that one stream may become: more than a page of 40 megapixels in colour."""
SUSPECT = 250
"""How many times longer the beginning of an ordinary stream hardly ever becomes."""
_TASTE = 65_536
_FLATE = frozenset({"/FlateDecode", "/Fl"})


def defuse(filters: Sequence[str], body: bytes) -> None:
    """Raise ``Bomb`` when the compressed ``body`` becomes too much; what cannot be decompressed is none."""
    layers = 0
    while layers < len(filters) and filters[layers] in _FLATE:
        layers += 1
    if layers == 0 or (layers == 1 and len(body) * 1_032 <= MOST):
        return
    if layers > 2:
        raise Bomb
    try:
        if layers == 1 and len(zlib.decompressobj().decompress(body[:_TASTE], _TASTE * SUSPECT)) < _TASTE * SUSPECT:
            return
        _inflate(body, layers)
    except zlib.error:
        return


def _inflate(body: bytes, layers: int) -> None:
    outer, inner = zlib.decompressobj(), zlib.decompressobj()
    total, waiting = 0, body
    while waiting and not outer.eof:
        piece = outer.decompress(waiting, 1_048_576)
        waiting = outer.unconsumed_tail
        while piece and layers == 2 and not inner.eof:
            total += len(inner.decompress(piece, 1_048_576))
            piece = inner.unconsumed_tail
            if total > MOST:
                raise Bomb
        total += len(piece) if layers == 1 else 0
        if total > MOST:
            raise Bomb
