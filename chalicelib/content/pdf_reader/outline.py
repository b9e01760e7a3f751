"""The table of contents of a document (NOTE-77): what its outline says, and on which pages that stands.

It is a convenience: whatever is odd about it is left out, and it never decides about the file.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

MAX_ENTRIES = 1_000
MAX_TITLE = 200
MAX_BYTES = 100_000
MAX_LEVEL = 8
MAX_NAMES = 20_000
SECONDS = 2.0

Entry = dict[str, Any]
"""``{"title", "page" (from 1; None where it cannot be told), "level" (from 1)}``"""


class Outline:
    """Reads the outline of a parsed document. ``pages``: object number of a page → its place from 1."""

    def __init__(
        self,
        catalog: Any,
        pages: Mapping[int, int],
        ahead: Callable[[Iterable[Any]], None],
        enough: Callable[[], bool],
    ) -> None:
        self._catalog = catalog
        self._pages = pages
        self._ahead = ahead
        self._enough = enough
        self._until = time.monotonic() + SECONDS
        self._named: dict[str, Any] | None = None

    def read(self) -> list[Entry]:
        """The entries in their order; fewer where bytes, time or room run out."""
        found: list[Entry] = []
        try:
            self._entries(found)
        except Exception:  # noqa: BLE001  # whatever a parser makes of a broken outline, the file is not worse for it
            return found
        return found

    def _entries(self, found: list[Entry]) -> None:
        outline = _dictionary(self._catalog, "/Outlines")
        waiting = [(_raw(outline, "/First"), 1)] if outline is not None else []
        seen, room = set[int](), MAX_BYTES
        while waiting and len(found) < MAX_ENTRIES and room > 0 and not self._spent():
            reference, level = waiting.pop()
            number = getattr(reference, "idnum", None)
            entry = _resolved(reference)
            if number in seen or not hasattr(entry, "raw_get"):
                continue
            if number is not None:
                seen.add(number)
            title = _words(entry.get("/Title"))
            if title:
                found.append({"title": title, "page": self._page(entry), "level": level})
                room -= len(title.encode()) + 40
            self._ahead([_raw(entry, "/First"), _raw(entry, "/Next")])
            waiting.append((_raw(entry, "/Next"), level))
            if level < MAX_LEVEL:
                waiting.append((_raw(entry, "/First"), level + 1))

    def _spent(self) -> bool:
        return self._enough() or time.monotonic() > self._until

    def _page(self, entry: Any) -> int | None:
        target = entry.get("/Dest")
        action = _dictionary(entry, "/A")
        if target is None and action is not None and action.get("/S") == "/GoTo":
            target = action.get("/D")
        try:
            return self._place(_resolved(target), 0)
        except Exception:  # noqa: BLE001  # a broken target leaves an entry without a page
            return None

    def _place(self, target: Any, depth: int) -> int | None:
        from pypdf.generic import ArrayObject, DictionaryObject

        if depth > 3:
            return None
        if isinstance(target, DictionaryObject):
            return self._place(_resolved(_raw(target, "/D")), depth + 1)
        if isinstance(target, ArrayObject):
            first = target.data[0] if hasattr(target, "data") else list.__getitem__(target, 0)
            number = getattr(first, "idnum", None)
            if number is not None:
                return self._pages.get(number)
            return int(first) + 1 if 0 <= int(first) < len(self._pages) else None
        return self._place(self._names().get(str(target)), depth + 1) if isinstance(target, str) else None

    def _names(self) -> dict[str, Any]:
        """Targets that have names, from the list of old files and the tree of newer ones."""
        if self._named is None:
            self._named = {}
            listed = _dictionary(self._catalog, "/Dests")
            for name in listed or ():
                self._named[str(name)] = _resolved(_raw(listed, name))
            names = _dictionary(self._catalog, "/Names")
            waiting = [_raw(names, "/Dests")] if names is not None else []
            seen = set[int]()
            while waiting and len(self._named) < MAX_NAMES and not self._spent():
                reference = waiting.pop()
                number = getattr(reference, "idnum", None)
                if number in seen:
                    continue
                if number is not None:
                    seen.add(number)
                self._node(_resolved(reference), waiting)
        return self._named

    def _node(self, node: Any, waiting: list[Any]) -> None:
        kids, pairs = _array(node, "/Kids"), _array(node, "/Names")
        self._ahead([*kids, *pairs[1::2]])
        waiting.extend(kids)
        named = self._named if self._named is not None else {}
        for name, target in zip(pairs[::2], pairs[1::2], strict=False):
            named[str(_resolved(name))] = _resolved(target)


def _raw(holder: Any, name: str) -> Any:
    return holder.raw_get(name) if holder is not None and name in holder else None


def _resolved(value: Any) -> Any:
    return value.get_object() if hasattr(value, "get_object") else value


def _dictionary(holder: Any, name: str) -> Any:
    from pypdf.generic import DictionaryObject

    found = _resolved(_raw(holder, name))
    return found if isinstance(found, DictionaryObject) else None


def _array(holder: Any, name: str) -> list[Any]:
    from pypdf.generic import ArrayObject

    found = _resolved(_raw(holder, name)) if hasattr(holder, "raw_get") else None
    return (
        list(found.data if hasattr(found, "data") else list.__iter__(found)) if isinstance(found, ArrayObject) else []
    )


def _words(title: Any) -> str:
    """A title as one line."""
    if not isinstance(title, str):
        return ""
    return " ".join("".join(one if one.isprintable() else " " for one in title).split())[:MAX_TITLE]
