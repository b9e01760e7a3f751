"""What of a document changes before it is written: what no reader needs goes, long page lists become trees."""

from __future__ import annotations

from typing import Any, TypeGuard

from chalicelib.content.pdf_press.unfit import Broken, Unfit

FAN = 32
"""Pages, or groups of them, that one node of a page tree holds."""
MAX_DEPTH = 60
_ON_PAGES = ("/Metadata", "/PieceInfo", "/Thumb", "/LastModified")
_ON_CATALOG = ("/Metadata", "/PieceInfo", "/SpiderInfo", "/OutputIntents", "/Perms", "/Legal")
_SHARED = 8


def strip(document: Any) -> None:
    """Drop what only editors, printers and archives look at."""
    for name in _ON_CATALOG:
        if name in document.Root:
            del document.Root[name]
    for page in document.pages:
        for name in _ON_PAGES:
            if name in page.obj:
                del page.obj[name]


def trim(document: Any) -> None:
    """Let each page name only what it uses, where pages share long lists of fonts or images: viewers fetch them all."""
    seen: dict[Any, int] = {}
    for page in document.pages:
        resources = page.obj.get("/Resources")
        owner = page.obj
        for _ in range(MAX_DEPTH):
            if resources is not None or "/Parent" not in owner:
                break
            owner = owner.Parent
            resources = owner.get("/Resources")
        for name in ("/XObject", "/Font"):
            listed = resources.get(name) if _is_dictionary(resources) else None
            if not _is_dictionary(listed) or len(listed) <= _SHARED:
                continue
            holder = next((one.objgen for one in (listed, resources, owner) if one.is_indirect), None)
            seen[holder, name] = seen.get((holder, name), 0) + 1
    if any(times > 1 for times in seen.values()):
        document.remove_unreferenced_resources()


def _is_dictionary(value: Any) -> TypeGuard[Any]:
    from pikepdf import Dictionary

    return isinstance(value, Dictionary)


def split(document: Any) -> None:
    """Let no node of the page tree hold more than ``FAN`` others, and each say how many pages are below it."""
    _split(document, document.Root.Pages, 0, set())


def _split(document: Any, node: Any, depth: int, seen: set[Any]) -> int:
    from pikepdf import Array, Dictionary, Integer, Name

    if depth > MAX_DEPTH or node.objgen in seen:
        raise Unfit("page tree")
    seen.add(node.objgen)
    if not isinstance(node.get("/Kids"), Array):
        raise Broken
    kids = list(node.Kids)
    if not all(isinstance(kid, Dictionary) for kid in kids):
        raise Broken
    counts = [_split(document, kid, depth + 1, seen) if "/Kids" in kid else 1 for kid in kids]
    below = sum(counts)
    while len(kids) > FAN:
        groups, totals = [], []
        for first in range(0, len(kids), FAN):
            members, total = kids[first : first + FAN], sum(counts[first : first + FAN])
            group = document.make_indirect(
                Dictionary(Type=Name.Pages, Parent=node, Kids=Array(members), Count=Integer(total))
            )
            for member in members:
                member.Parent = group
            groups.append(group)
            totals.append(total)
        kids, counts = groups, totals
        node.Kids = Array(kids)
    node.Count = Integer(below)
    return below
