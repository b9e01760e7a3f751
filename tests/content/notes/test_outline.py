"""The table of contents of a note: what the file's outline says, and nothing that an odd outline could break."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from pikepdf import Array, Dictionary, Name, OutlineItem, Pdf, String

from chalicelib.content.files import inspection
from tests.content.desk import Desk
from tests.content.paper import pdf, saved


def made(fill: Callable[[Pdf], None], pages: int = 9) -> bytes:
    """A document with an outline."""
    document = Pdf.new()
    for _ in range(pages):
        document.add_blank_page(page_size=(200, 300))
    fill(document)
    return saved(document)


def _chapters(document: Pdf) -> None:
    with document.open_outline() as outline:
        first = OutlineItem("मौलिक अधिकार", 0)
        first.children.append(OutlineItem("Article 14\r\n and 15", 3))
        outline.root.extend([first, OutlineItem("Directive Principles", 8)])


def _named(document: Pdf) -> None:
    """Targets by name: in the tree of names, in the old list, and one that is nowhere."""
    pages = document.pages
    entry = document.make_indirect(Dictionary(D=Array([pages[4].obj, Name.Fit])))
    leaf = document.make_indirect(
        Dictionary(Limits=Array([String("a"), String("a")]), Names=Array([String("a"), entry]))
    )
    document.Root.Names = Dictionary(Dests=Dictionary(Kids=Array([leaf])))
    document.Root.Dests = Dictionary(old=Array([pages[1].obj, Name.Fit]))
    _linked(document, [("In the tree", String("a")), ("In the list", Name("/old")), ("Nowhere", String("zz"))])


def _linked(document: Pdf, entries: list[tuple[str, Any]]) -> list[Any]:
    items = [document.make_indirect(Dictionary(Title=String(title), Dest=dest)) for title, dest in entries]
    for one, following in pairwise(items):
        one.Next = following
    document.Root.Outlines = document.make_indirect(Dictionary(Type=Name.Outlines, First=items[0]))
    return items


def _round(document: Pdf) -> None:
    items = _linked(document, [("One", Array([2, Name.Fit])), ("Two", Array([99])), ("Three", Array([]))])
    items[-1].Next = items[0]
    items[0].First = items[0]


def _endless(document: Pdf) -> None:
    _linked(document, [("x" * 500, 0)] * 1_500)


@pytest.mark.rule("NOTE-77")
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            made(_chapters),
            [("मौलिक अधिकार", 1, 1), ("Article 14 and 15", 4, 2), ("Directive Principles", 9, 1)],
        ),
        (made(_named), [("In the tree", 5, 1), ("In the list", 2, 1), ("Nowhere", None, 1)]),
        (made(_round), [("One", 3, 1), ("Two", None, 1), ("Three", None, 1)]),
        (pdf(3), []),
    ],
)
def test_readers_see_what_the_outline_says(desk: Desk, content: bytes, expected: list[Any]) -> None:
    note, student = desk.note(content=content), desk.student()
    found = desk.client.get(f"/v1/notes/{note['id']}/outline", token=student.token, expect=200).json
    assert [(one["title"], one["page"], one["level"]) for one in found["items"]] == expected
    assert found["pageCount"] == note["pageCount"]


@pytest.mark.rule("NOTE-77")
def test_an_outline_is_kept_short() -> None:
    content = made(_endless)
    found = inspection.inspect_pdf(len(content), lambda first, last: content[first : last + 1], seconds=20)
    assert found.page_count == 9
    assert 100 < len(found.outline) <= 1_000
    assert {len(one["title"]) for one in found.outline} == {200}


def _nested(document: Pdf) -> None:
    """The first two pages lie deeper than the others, as the third and fourth of their parent's kids do not."""
    _chapters(document)
    node, pages = document.Root.Pages, [page.obj for page in document.pages]
    below = document.make_indirect(Dictionary(Type=Name.Pages, Parent=node, Count=2, Kids=Array(pages[:2])))
    for page in pages[:2]:
        page.Parent = below
    node.Kids = Array([below, *pages[2:]])


@pytest.mark.rule("NOTE-77")
def test_pages_are_numbered_as_they_stand_in_a_nested_tree() -> None:
    content = made(_nested)
    found = inspection.inspect_pdf(len(content), lambda first, last: content[first : last + 1], seconds=20)
    assert [one["page"] for one in found.outline] == [1, 4, 9]


@pytest.mark.rule("NOTE-77", "NOTE-43")
def test_only_of_notes_that_can_be_found(desk: Desk) -> None:
    draft, student = desk.draft(content=made(_chapters)), desk.student()
    for note_id in (draft["id"], "01M7W40Q13T1PHW4JDV27B5ZA4"):
        answer = desk.client.get(f"/v1/notes/{note_id}/outline", token=student.token, expect=404)
        assert answer.code == "NOTE_NOT_FOUND"
    premium = desk.note(content=made(_chapters), isPremium=True)
    told = desk.client.get(f"/v1/notes/{premium['id']}/outline", token=student.token, expect=200)
    assert b"asset" not in told.body.lower()
