"""The contract with PDF.js (NOTE-56): the real library, in a real browser, against the real functions."""

from __future__ import annotations

import io
import random
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pikepdf
import pytest
from pikepdf import Dictionary, Name, Pdf
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from infra.local import console
from infra.local.console import pdfjs
from infra.local.emulator import Emulator
from infra.local.httpd import Server
from infra.local.proxy import Incoming, Outgoing, event, outgoing
from tests.content.desk import Desk

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
CHUNK = 524_288
MIB = 1_048_576

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM or not DRIVER, reason="needs Chromium and its driver"),
]

READ = """
const [noteId, token, pages, done] = arguments;
const viewer = await import("/console/viewer.js");
try {
  const book = await viewer.openNote(noteId, token);
  const canvas = document.createElement("canvas");
  const shades = [];
  const costs = [];
  for (const number of pages) {
    await book.page(number, canvas, 300);
    const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    shades.push(new Set(pixels).size);
    costs.push(book.session.bytes);
  }
  const { requests, bytes } = book.session;
  await book.close();
  return { pages: book.pages, shades, costs, requests, bytes };
} catch (error) { return { error: String(error && error.message) }; }
"""


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


@dataclass
class Site:
    """The console's files and the API on one port; ``contents``: the answers to requests for content."""

    cloud: Emulator
    url: str = ""
    contents: list[tuple[str, str | None, int, int]] = field(default_factory=list)

    def answer(self, incoming: Incoming) -> Outgoing:
        """One request."""
        found = console.asset(incoming.path)
        if found is not None:
            return Outgoing(200, list(found.headers.items()), found.content)
        match = self.cloud.routes.find(incoming.method, incoming.path)
        if match is None:
            return Outgoing(404, [("Content-Type", "application/json")], b"{}")
        outcome = self.cloud.lambdas.invoke(match.endpoint, event(incoming, match, self.cloud.stage))
        answered = outgoing(outcome.answer)
        if match.endpoint.name == "get_content":
            sent = {name.lower(): value for name, value in incoming.headers}
            self.contents.append((incoming.method, sent.get("range"), answered.status, len(answered.body)))
        return answered


@pytest.fixture
def site(cloud: Emulator) -> Iterator[Site]:
    """The site, served."""
    if pdfjs.file("pdf.min.mjs") is None:
        pytest.skip("PDF.js comes with npm, which is not here")
    listening = socket.create_server(("127.0.0.1", 0))
    made = Site(cloud, f"http://127.0.0.1:{listening.getsockname()[1]}")
    server = Server(listening, made.answer, threads=8, max_body=MIB)
    server.start()
    yield made
    server.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A browser."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM or ""
    for argument in ("headless=new", "no-sandbox", "disable-gpu", "disable-background-networking"):
        options.add_argument(f"--{argument}")
    options.add_argument("--disable-dev-shm-usage")
    started = webdriver.Chrome(options=options, service=Service(DRIVER))
    started.set_script_timeout(90)
    yield started
    started.quit()


def read(browser: Any, site: Site, note: dict[str, Any], token: str, pages: list[int]) -> dict[str, Any]:
    """Read pages of a note in the browser."""
    browser.get(f"{site.url}/")
    script = f"const done = arguments[3]; (async () => {{ {READ} }})().then(done);"
    found: dict[str, Any] = browser.execute_async_script(script, note["id"], token, pages)
    assert "error" not in found, found["error"]
    return found


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
