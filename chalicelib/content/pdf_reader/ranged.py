"""A file of which only what is looked at is fetched."""

from __future__ import annotations

import bisect
import io
import os
from collections.abc import Iterable, Iterator
from typing import NoReturn

from chalicelib.platform.confined.inside import Pipe

MAX_READ = 4 * 1024 * 1024
WINDOW = 2_048
MAX_WINDOW = 262_144
JOIN_GAP = 512
NEAR = 16_384


class Refused(Exception):
    """The file breaks a rule; ``reason`` is its name."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def unreadable() -> NoReturn:
    """What has no place in a PDF that viewers can read by ranges."""
    raise Refused("PDF_UNREADABLE")


class RangedFile(io.RawIOBase):
    """A file of which only what is looked at is fetched, once; reading on and on fetches more at a time."""

    def __init__(self, pipe: Pipe, size: int) -> None:
        super().__init__()
        self._pipe = pipe
        self.size = size
        self.fetched = 0
        self._position = 0
        self._starts: list[int] = []
        self._parts: list[bytes] = []
        self._window = WINDOW
        self._last_end = -1

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise ValueError("before the beginning")
        self._position = base + offset
        return self._position

    def read(self, size: int = -1) -> bytes:
        """Bytes from here; «all of it» is what repairs of broken files ask for, and those are refused."""
        if size < 0 or size > MAX_READ:
            unreadable()
        pieces: list[bytes] = []
        while size > 0 and self._position < self.size:
            piece = self._here(size)
            pieces.append(piece)
            self._position += len(piece)
            size -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _here(self, size: int) -> bytes:
        index = bisect.bisect_right(self._starts, self._position) - 1
        if index >= 0:
            offset = self._position - self._starts[index]
            if offset < len(self._parts[index]):
                return self._parts[index][offset : offset + size]
        near = 0 <= self._position - self._last_end < NEAR
        self._window = min(2 * self._window, MAX_WINDOW) if near else WINDOW
        self.want([(self._position, max(size, self._window))])
        return self._here(size)

    def want(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Fetch what is not here yet of ranges ``(first, length)``, near ones joined, all at once."""
        missing: list[tuple[int, int]] = []
        for first, length in sorted(ranges):
            for start, end in self._gaps(max(0, first), min(first + length, self.size)):
                if missing and start - missing[-1][1] <= JOIN_GAP and not self._holds_any(missing[-1][1], start):
                    missing[-1] = (missing[-1][0], max(end, missing[-1][1]))
                elif not missing or end > missing[-1][1]:
                    missing.append((max(start, missing[-1][1]) if missing else start, end))
        if not missing:
            return
        self.fetched += sum(end - start for start, end in missing)
        contents = self._pipe.fetch([(start, end - start) for start, end in missing])
        for (start, end), content in zip(missing, contents, strict=True):
            index = bisect.bisect_right(self._starts, start)
            self._starts.insert(index, start)
            self._parts.insert(index, content)
            self._last_end = end

    def _holds_any(self, start: int, end: int) -> bool:
        index = bisect.bisect_left(self._starts, start)
        return index < len(self._starts) and self._starts[index] < end

    def _gaps(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        index = max(0, bisect.bisect_right(self._starts, start) - 1)
        while start < end:
            if index >= len(self._starts) or self._starts[index] >= end:
                yield start, end
                return
            part_end = self._starts[index] + len(self._parts[index])
            if self._starts[index] > start:
                yield start, self._starts[index]
            start = max(start, part_end)
            index += 1
