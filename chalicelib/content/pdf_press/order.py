"""Which object is written where: what a viewer needs together lies together."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable
from typing import Any

from chalicelib.content.pdf_press.bombs import defuse
from chalicelib.content.pdf_press.tree import FAN
from chalicelib.content.pdf_press.unfit import Unfit
from chalicelib.content.pdf_press.writer import Reference, Writer

MAX_OBJECTS = 400_000
BUNDLE_OBJECTS = 200
BUNDLE_BYTES = 65_536
SMALL = 4_096
_WORTH_IT = 128

_REFERENCE = re.compile(rb"(?<![0-9.])(\d{1,10}) (\d{1,5}) R\b")
_UNWANTED = re.compile(rb"/(?:Metadata|PieceInfo|Thumb) \d{1,10} \d{1,5} R\b")
_UPWARDS = re.compile(rb"/(?:Parent|P|Dest|D|StructParent|Pg|B|First|Last|Next|Prev) \d{1,10} \d{1,5} R\b")
_LENGTH = re.compile(rb"/Length (?:\d+ \d+ R\b|(\d+))")


class Order:
    """A document that is written object by object, each once, in the order in which viewers need them.

    ``free``: the first number that no object of the document has.
    """

    def __init__(self, document: Any, writer: Writer, free: int) -> None:
        self._document = document
        self._free = free
        self._writer = writer
        self._taken: set[Reference] = set()
        self._named: set[Reference] = set()
        self._pages: list[Reference] = [page.obj.objgen for page in document.pages]
        self._page_set = set(self._pages)

    def write(self) -> int:
        """Write all; how many objects there are."""
        root: Reference = self._document.Root.objgen
        pages = self._pages
        ends = pages[:FAN] + pages[-FAN:]
        front = [*self._top(root), *self._nodes(), *self._bodies(ends)]
        first_page = self._reached(pages[0])
        streams = self._bundled([*front, *first_page])
        self._streams(streams)
        self._bundled(self._bodies(pages))
        for page in pages[1:]:
            self._page(page)
        self._streams(self._bundled(self._rest()))
        self._writer.finish(root)
        return len(self._taken)

    # What belongs together

    def _top(self, root: Reference) -> list[tuple[Reference, bytes]]:
        """The catalog and the small things that it names directly: viewers look at them before any page."""
        found = self._bodies([root])
        for reference in _references(found[0][1]):
            for one, content in self._bodies([reference]):
                if len(content) <= SMALL:
                    found.append((one, content))
                else:
                    self._taken.discard(one)
        return found

    def _nodes(self) -> list[tuple[Reference, bytes]]:
        """The nodes of the page tree above its pages."""
        found, waiting = [], [self._document.Root.Pages]
        while waiting:
            node = waiting.pop(0)
            found += self._bodies([node.objgen])
            waiting += [kid for kid in node.Kids if "/Kids" in kid]
        return found

    def _page(self, page: Reference) -> None:
        """What a page is the first to need: its objects and its streams, side by side."""
        self._streams(self._bundled(self._reached(page)))

    def _reached(self, page: Reference) -> list[tuple[Reference, bytes]]:
        """What hangs on a page and was not taken yet, but for what leads to other pages."""
        found = []
        waiting = _references(_UPWARDS.sub(b"", self._text(page)))
        while waiting:
            reference = waiting.pop()
            if reference in self._page_set:
                continue
            for one, content in self._bodies([reference]):
                found.append((one, content))
                waiting += _references(_UPWARDS.sub(b"", content))
        return found

    def _rest(self) -> list[tuple[Reference, bytes]]:
        """What anything names and was not taken yet."""
        found: list[tuple[Reference, bytes]] = []
        while waiting := sorted(self._named - self._taken):
            found += self._bodies(waiting)
        return found

    # Objects as bytes

    def _bodies(self, references: Iterable[Reference]) -> list[tuple[Reference, bytes]]:
        """Those of the objects that were not taken yet, with their text: of a stream, its dictionary."""
        found = []
        for reference in references:
            if reference in self._taken or not reference[0]:
                continue
            if reference[0] >= self._free:
                raise Unfit("reference to nothing")
            self._taken.add(reference)
            if len(self._taken) > MAX_OBJECTS:
                raise Unfit("too many objects")
            content = self._text(reference)
            self._named.update(_references(content))
            found.append((reference, content))
        return found

    def _text(self, reference: Reference) -> bytes:
        found = self._document.get_object(reference)
        if found is None:
            return b"null"
        content: bytes = (found.stream_dict if _is_stream(found) else found).unparse(resolved=True)
        return _UNWANTED.sub(b"", content)

    def _bundled(self, members: list[tuple[Reference, bytes]]) -> list[tuple[Reference, bytes]]:
        """Write what has no stream, in bundles; answer what has."""
        streams, bundle, size = [], list[tuple[Reference, bytes]](), 0
        for member in members:
            if _is_stream(self._document.get_object(member[0])):
                streams.append(member)
                continue
            bundle.append(member)
            size += len(member[1])
            if len(bundle) >= BUNDLE_OBJECTS or size >= BUNDLE_BYTES:
                self._writer.bundle(bundle)
                bundle, size = [], 0
        self._writer.bundle(bundle)
        return streams

    def _streams(self, members: list[tuple[Reference, bytes]]) -> None:
        """Write streams, short ones first: the drawing of a page comes before its pictures."""
        for reference, content in sorted(members, key=lambda member: _declared(member[1])):
            found = self._document.get_object(reference)
            if "/F" in found.stream_dict:
                raise Unfit("external stream")
            head = _LENGTH.sub(b"", content, count=1).rstrip()
            if not head.endswith(b">>"):
                raise Unfit("odd stream")
            head = head[:-2].rstrip()
            body: bytes = found.read_raw_bytes()
            if "/Filter" in found.stream_dict:
                defuse(_filters(found.stream_dict.Filter), body)
            elif len(body) > _WORTH_IT and "/DecodeParms" not in found.stream_dict:
                body, head = zlib.compress(body, 6), head + b" /Filter /FlateDecode"
            self._writer.stream(reference, head, body)


def _references(content: bytes) -> list[Reference]:
    """What a text refers to, in reverse: the first one is the last."""
    found = [(int(number), int(generation)) for number, generation in _REFERENCE.findall(content) if int(number)]
    return found[::-1]


def _declared(content: bytes) -> int:
    found = _LENGTH.search(content)
    return int(found[1] or 0) if found else 0


def _is_stream(value: Any) -> bool:
    from pikepdf import Stream

    return isinstance(value, Stream)


def _filters(value: Any) -> list[str]:
    from pikepdf import Array

    return [str(one) for one in value] if isinstance(value, Array) else [str(value)]
