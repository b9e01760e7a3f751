"""The contract with PDF.js (NOTE-56): the real library, in a real browser, against the real functions."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from typing import Any

import pikepdf
import pytest
from pikepdf import Dictionary, Name, Pdf

from infra.local.console import pdfjs
from infra.local.emulator import Emulator
from tests.content.desk import Desk
from tests.content.reading.browser import CHROMIUM, DRIVER, Site, read, served, started

CHUNK = 524_288
MIB = 1_048_576

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM or not DRIVER, reason="needs Chromium and its driver"),
]


def scanned(pages: int, side: int = 590) -> bytes:
    """A scan: each page a picture of noise, about a megabyte at 590 pixels a side."""
    document, noise = Pdf.new(), random.Random(5)
    for _ in range(pages):
        document.add_blank_page(page_size=(300, 300))
        page = document.pages[-1]
        picture = document.make_stream(noise.randbytes(side * side * 3))
        picture.Type, picture.Subtype, picture.Width, picture.Height = Name.XObject, Name.Image, side, side
        picture.ColorSpace, picture.BitsPerComponent = Name.DeviceRGB, 8
        page.obj.Resources = Dictionary(XObject=Dictionary(Im0=picture))
        page.obj.Contents = document.make_stream(b"q 300 0 0 300 0 0 cm /Im0 Do Q")
    out = io.BytesIO()
    document.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable, compress_streams=False)
    return out.getvalue()


@pytest.fixture
def site(cloud: Emulator) -> Iterator[Site]:
    """The site, served."""
    if pdfjs.file("pdf.min.mjs") is None:
        pytest.skip("PDF.js comes with npm, which is not here")
    with served(cloud) as made:
        yield made


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A browser."""
    with started() as one:
        yield one


def checked(site: Site) -> None:
    """What the contract says about every request for content."""
    assert site.contents
    for method, asked, status, size in site.contents:
        assert (method, status) == ("GET", 206)
        assert asked is not None
        assert asked.startswith("bytes=")
        assert size <= MIB


@pytest.mark.rule("NOTE-56", "NOTE-50")
def test_the_first_page_costs_the_same_whatever_the_file_weighs(desk: Desk, site: Site, browser: Any) -> None:
    costs = []
    for pages in (10, 100):
        note, student = desk.note(content=scanned(pages)), desk.student()
        found = read(browser, site, note, student.token, [1])
        assert found["pages"] == pages
        assert found["shades"][0] > 100
        costs.append(found["bytes"])
    assert abs(costs[1] - costs[0]) <= CHUNK
    checked(site)


@pytest.mark.rule("NOTE-56", "NOTE-52")
def test_pages_are_drawn_from_joined_parts_at_any_place(
    desk: Desk, site: Site, browser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An answer carries less than PDF.js asks for at once: every picture is joined of several.
    monkeypatch.setenv("NOTE_MAX_RANGE_BYTES", "262144")
    monkeypatch.setenv("RATE_NOTE_CONTENT", "off")
    note, student = desk.note(content=scanned(12)), desk.student()
    found = read(browser, site, note, student.token, [12, 1, 6, 7, 6])
    assert all(shades > 100 for shades in found["shades"])
    assert found["costs"][4] == found["costs"][3]
    assert max(size for _, _, _, size in site.contents) == 262_144
    checked(site)


@pytest.mark.rule("NOTE-56", "SHIELD-40")
def test_reading_page_by_page_meets_no_limit(desk: Desk, site: Site, browser: Any) -> None:
    note, student = desk.note(content=scanned(20)), desk.student()
    found = read(browser, site, note, student.token, list(range(1, 21)))
    assert len(found["shades"]) == 20
    assert found["requests"] == len(site.contents) <= 60
    checked(site)
