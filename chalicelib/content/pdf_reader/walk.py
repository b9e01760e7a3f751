"""What a viewer may act on in a document (FILE-36).

Active content is JavaScript, launch actions and embedded files wherever a viewer would find them: the catalog, its
names, the outline, form fields, pages and their annotations. XFA forms are refused with them: their templates carry
scripts, and what is printed on their pages is only a note to open them elsewhere.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable
from typing import Any

from chalicelib.content.pdf_reader.outline import Outline
from chalicelib.content.pdf_reader.ranged import WINDOW, RangedFile, Refused, unreadable

MAX_STREAM = 524_288
MAX_DEPTH = 50
MAX_THINGS = 50_000
_OUTLINE_READS = 6 * 1024 * 1024

_FORBIDDEN_ACTIONS = frozenset({"/JavaScript", "/Launch", "/GoToE", "/RichMediaExecute"})
_FORBIDDEN_ANNOTATIONS = frozenset({"/FileAttachment", "/RichMedia"})


class Walk:
    """One look at everything of a document that a viewer may act on."""

    def __init__(self, file: RangedFile, document: Any, max_pages: int) -> None:
        self._file = file
        self._document = document
        self._max_pages = max_pages
        self._things = 0
        self._kids: dict[int, list[int]] = {}
        offsets = {offset for generation in document.xref.values() for offset in generation.values()}
        self._offsets = sorted(offsets)

    def outline(self) -> list[dict[str, Any]]:
        """The table of contents, of a document whose pages were found."""
        catalog = self._dictionary(self._document.trailer.raw_get("/Root"))
        return Outline(catalog, self._places(catalog), self._ahead, lambda: self._file.fetched > _OUTLINE_READS).read()

    def _places(self, catalog: Any) -> dict[int, int]:
        """Of every page that is an object of its own, its place from 1."""
        places: dict[int, int] = {}
        waiting = [getattr(catalog.raw_get("/Pages"), "idnum", -1)]
        pages = 0
        while waiting:
            number = waiting.pop()
            if number in self._kids:
                waiting.extend(reversed(self._kids[number]))
            else:
                pages += 1
                places[number] = pages
        return places

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
                kids = self._array(node, "/Kids")
                following.extend(kids)
                if number is not None:
                    self._kids[number] = [getattr(kid, "idnum", -1) for kid in kids]
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
