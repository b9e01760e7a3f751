"""Looks into one PDF; run as a program of its own by ``inspection``, with the file's size and the most pages allowed.

It has no network, no credentials and little memory: bytes come from its parent, who asks the bucket for ranges. It
writes one JSON line a wish (``{"read": [[first, length], …]}``; the bytes come back on standard input, joined), and at
its end ``{"pages": n}`` or ``{"refused": reason}``. A parser that a hostile file leads astray is then only a process
that is killed.

What counts as active content (FILE-36): JavaScript, launch actions and embedded files wherever a viewer would find
them: the catalog, its names, the outline, form fields, pages and their annotations. XFA forms are refused with them:
their templates carry scripts, and what is printed on their pages is only a note to open them elsewhere.

Only the standard library and pypdf are imported, since it starts afresh for each file.
"""

from __future__ import annotations

import bisect
import io
import json
import os
import resource
import sys
from collections.abc import Iterable, Iterator
from typing import IO, Any, NoReturn, cast

MEMORY_BYTES = 512 * 1024 * 1024
MAX_READ = 4 * 1024 * 1024
TAIL_BYTES = 2_048
WINDOW = 2_048
MAX_WINDOW = 262_144
MAX_STREAM = 524_288
JOIN_GAP = 512
NEAR = 16_384
MAX_DEPTH = 50
MAX_THINGS = 50_000

_FORBIDDEN_ACTIONS = frozenset({"/JavaScript", "/Launch", "/GoToE", "/RichMediaExecute"})
_OF_A_REVISION = (b"obj", b"xref", b"trailer", b"<<")
_FORBIDDEN_ANNOTATIONS = frozenset({"/FileAttachment", "/RichMedia"})


class Refused(Exception):
    """The file breaks a rule; ``reason`` is its name."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def unreadable() -> NoReturn:
    """What has no place in a PDF that viewers can read by ranges."""
    raise Refused("PDF_UNREADABLE")


class Pipe:
    """The parent: gives bytes for ranges."""

    def __init__(self, wishes: io.BufferedWriter, given: io.BufferedReader) -> None:
        self._wishes = wishes
        self._given = given

    def say(self, message: dict[str, Any]) -> None:
        """Write one line."""
        self._wishes.write(json.dumps(message).encode() + b"\n")
        self._wishes.flush()

    def fetch(self, ranges: list[tuple[int, int]]) -> list[bytes]:
        """The bytes of all ranges ``(first, length)``, asked for at once."""
        self.say({"read": ranges})
        found = []
        for _, length in ranges:
            content = self._given.read(length)
            if len(content) != length:
                unreadable()
            found.append(content)
        return found


class RangedFile(io.RawIOBase):
    """A file of which only what is looked at is fetched, once; reading on and on fetches more at a time."""

    def __init__(self, pipe: Pipe, size: int) -> None:
        super().__init__()
        self._pipe = pipe
        self.size = size
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


def open_document(file: RangedFile) -> Any:
    """The parsed cross-reference table and trailer; refuses what is no PDF, broken, or encrypted."""
    from pypdf import PdfReader

    class Reader(PdfReader):
        def _handle_encryption(self, password: str | bytes | None) -> None:
            raise Refused("PDF_ENCRYPTED")

        def _rebuild_xref_table(self, stream: Any) -> None:
            unreadable()

    tail = min(TAIL_BYTES, file.size)
    file.want([(0, 1_024), (file.size - tail, tail)])
    if file.read(5) != b"%PDF-":
        unreadable()
    file.seek(-tail, os.SEEK_END)
    end = file.read(tail)
    revision, marker, rest = end.rpartition(b"%%EOF")
    if not marker or b"startxref" not in revision or any(word in rest for word in _OF_A_REVISION):
        unreadable()  # cut: inside its only revision, or inside a later one that an older, whole one hides behind
    return Reader(cast(IO[bytes], file), strict=True)


class Walk:
    """One look at everything of a document that a viewer may act on."""

    def __init__(self, file: RangedFile, document: Any, max_pages: int) -> None:
        self._file = file
        self._document = document
        self._max_pages = max_pages
        self._things = 0
        offsets = {offset for generation in document.xref.values() for offset in generation.values()}
        self._offsets = sorted(offsets)

    def pages(self) -> int:
        """The number of pages, once nothing active was found."""
        catalog = self._dictionary(self._document.trailer.raw_get("/Root"))
        pages = self._page_tree(catalog.raw_get("/Pages"))
        self._actions(catalog, ("/OpenAction", "/AA"))
        if self._filled(catalog, "/Collection") or self._filled(catalog, "/AF"):
            raise Refused("PDF_ACTIVE_CONTENT")
        names = self._optional(catalog, "/Names")
        if any(self._filled_tree(names, name) for name in ("/JavaScript", "/EmbeddedFiles")):
            raise Refused("PDF_ACTIVE_CONTENT")
        self._form(self._optional(catalog, "/AcroForm"))
        self._outline(self._optional(catalog, "/Outlines"))
        return pages

    # What things are

    def _count(self) -> None:
        self._things += 1
        if self._things > MAX_THINGS:
            raise Refused("PDF_TOO_COMPLEX")

    def _resolved(self, value: Any) -> Any:
        return value.get_object() if value is not None else None

    def _dictionary(self, value: Any) -> Any:
        from pypdf.generic import DictionaryObject

        found = self._resolved(value)
        if not isinstance(found, DictionaryObject):
            unreadable()
        return found

    def _raw(self, holder: Any, name: str) -> Any:
        return holder.raw_get(name) if name in holder else None

    def _optional(self, holder: Any, name: str) -> Any:
        from pypdf.generic import DictionaryObject

        found = self._resolved(self._raw(holder, name))
        return found if isinstance(found, DictionaryObject) else {}

    def _array(self, holder: Any, name: str) -> list[Any]:
        from pypdf.generic import ArrayObject

        found = self._resolved(self._raw(holder, name))
        return list(found.data if hasattr(found, "data") else found) if isinstance(found, ArrayObject) else []

    def _filled(self, holder: Any, name: str) -> bool:
        from pypdf.generic import ArrayObject, NullObject

        found = self._resolved(self._raw(holder, name))
        if found is None or isinstance(found, NullObject):
            return False
        return bool(found) if isinstance(found, ArrayObject) else True

    def _filled_tree(self, holder: Any, name: str) -> bool:
        tree = self._optional(holder, name) if holder else {}
        return bool(tree) and any(self._filled(tree, part) for part in ("/Names", "/Kids"))

    # Fetching ahead

    def _ahead(self, references: Iterable[Any]) -> None:
        """Fetch the objects of many references side by side: each lies between its offset and the next one."""
        ranges = []
        for reference in references:
            number = getattr(reference, "idnum", None)
            if number is None:
                continue
            holder = self._document.xref_objStm.get(number)
            generation = 0 if holder else reference.generation
            offset = self._document.xref.get(generation, {}).get(holder[0] if holder else number)
            if offset is None:
                continue
            following = bisect.bisect_right(self._offsets, offset)
            end = self._offsets[following] if following < len(self._offsets) else self._file.size
            ranges.append((offset, min(end - offset, MAX_STREAM if holder else WINDOW)))
        self._file.want(ranges)

    # Actions

    def _actions(self, holder: Any, names: tuple[str, ...]) -> None:
        from pypdf.generic import DictionaryObject

        for name in names:
            found = self._resolved(self._raw(holder, name))
            if not isinstance(found, DictionaryObject):
                continue
            if name in {"/AA", "/PA"} and "/S" not in found:
                for event in list(found):
                    self._action(self._raw(found, event))
            else:
                self._action(found)

    def _action(self, value: Any, depth: int = 0) -> None:
        from pypdf.generic import ArrayObject, DictionaryObject

        self._count()
        if depth > MAX_DEPTH:
            raise Refused("PDF_TOO_COMPLEX")
        found = self._resolved(value)
        if isinstance(found, ArrayObject):
            for one in self._items(found):
                self._action(one, depth + 1)
        if not isinstance(found, DictionaryObject):
            return
        if str(found.get("/S")) in _FORBIDDEN_ACTIONS or "/JS" in found or self._embeds(found):
            raise Refused("PDF_ACTIVE_CONTENT")
        if "/Next" in found:
            self._action(self._raw(found, "/Next"), depth + 1)

    def _items(self, array: Any) -> list[Any]:
        return list(array.data) if hasattr(array, "data") else list(array)

    def _embeds(self, holder: Any) -> bool:
        """Whether a dictionary, or the file that it names, holds a file's bytes."""
        return "/EF" in holder or any("/EF" in self._optional(holder, name) for name in ("/F", "/FS"))

    # The page tree

    def _page_tree(self, root: Any) -> int:
        pages, depth, level, seen = 0, 0, [root], set[int]()
        while level:
            self._ahead(level)
            leaves, following = self._level(level, seen)
            pages += len(leaves)
            if pages > self._max_pages:
                raise Refused("PDF_TOO_MANY_PAGES")
            self._annotations(leaves)
            level, depth = following, depth + 1
            if depth > MAX_DEPTH:
                raise Refused("PDF_TOO_COMPLEX")
        if pages == 0:
            unreadable()
        return pages

    def _level(self, level: list[Any], seen: set[int]) -> tuple[list[Any], list[Any]]:
        leaves: list[Any] = []
        following: list[Any] = []
        for reference in level:
            number = getattr(reference, "idnum", None)
            if number in seen:
                unreadable()
            if number is not None:
                seen.add(number)
            node = self._dictionary(reference)
            if str(node.get("/Type", "")) != "/Page" and "/Kids" in node:
                self._count()
                following.extend(self._array(node, "/Kids"))
            elif str(node.get("/Type", "/Page")) == "/Page":
                leaves.append(node)
            else:
                unreadable()
            if len(leaves) + len(following) > MAX_THINGS:
                raise Refused("PDF_TOO_MANY_PAGES")
        return leaves, following

    def _annotations(self, pages: list[Any]) -> None:
        self._ahead(self._raw(page, "/Annots") for page in pages)
        references = []
        for page in pages:
            self._actions(page, ("/AA",))
            if self._filled(page, "/AF"):
                raise Refused("PDF_ACTIVE_CONTENT")
            references.extend(self._array(page, "/Annots"))
        self._ahead(references)
        for reference in references:
            self._widget(reference)

    def _widget(self, value: Any) -> Any:
        from pypdf.generic import DictionaryObject

        self._count()
        found = self._resolved(value)
        if not isinstance(found, DictionaryObject):
            return {}
        if str(found.get("/Subtype")) in _FORBIDDEN_ANNOTATIONS or self._embeds(found) or self._filled(found, "/AF"):
            raise Refused("PDF_ACTIVE_CONTENT")
        self._actions(found, ("/A", "/AA", "/PA"))
        return found

    # Forms and the outline

    def _form(self, form: Any) -> None:
        if not form:
            return
        if self._filled(form, "/XFA"):
            raise Refused("PDF_ACTIVE_CONTENT")
        level, depth = self._array(form, "/Fields"), 0
        while level:
            self._ahead(level)
            level = [kid for field in level for kid in self._array(self._widget(field), "/Kids")]
            depth += 1
            if depth > MAX_DEPTH:
                raise Refused("PDF_TOO_COMPLEX")

    def _outline(self, outline: Any) -> None:
        waiting = [self._raw(outline, "/First")] if outline else []
        seen: set[int] = set()
        while waiting:
            reference = waiting.pop()
            number = getattr(reference, "idnum", None)
            if reference is None or number in seen:
                continue
            if number is not None:
                seen.add(number)
            self._count()
            entry = self._resolved(reference)
            if not hasattr(entry, "raw_get"):
                continue
            self._actions(entry, ("/A",))
            waiting.extend((self._raw(entry, "/First"), self._raw(entry, "/Next")))


def look(pipe: Pipe, size: int, max_pages: int) -> dict[str, Any]:
    """What to answer about the file: its pages, or why it is refused."""
    try:
        file = RangedFile(pipe, size)
        return {"pages": Walk(file, open_document(file), max_pages).pages()}
    except Refused as refused:
        return {"refused": refused.reason}
    except MemoryError:
        return {"refused": "PDF_TOO_COMPLEX"}
    except Exception:  # noqa: BLE001  # whatever a parser makes of a broken file, the file is broken
        return {"refused": "PDF_UNREADABLE"}


def main(size: int, max_pages: int, seconds: int) -> None:
    """Run in a process that may use so much memory and processor time and no more."""
    import logging

    logging.disable(logging.CRITICAL)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    pipe = Pipe(os.fdopen(os.dup(1), "wb"), os.fdopen(0, "rb"))
    pipe.say(look(pipe, size, max_pages))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
