"""The console's viewer in a real browser, against the real functions."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from infra.local import console
from infra.local.emulator import Emulator
from infra.local.httpd import Server
from infra.local.proxy import Incoming, Outgoing, event, outgoing

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
MAX_BODY = 1_048_576

READ = """
const [noteId, token, pages, chunk, done] = arguments;
const viewer = await import("/console/viewer.js");
try {
  const book = await viewer.openNote(noteId, token, { chunk });
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


@contextmanager
def served(cloud: Emulator) -> Iterator[Site]:
    """The site, on a port of its own."""
    listening = socket.create_server(("127.0.0.1", 0))
    made = Site(cloud, f"http://127.0.0.1:{listening.getsockname()[1]}")
    server = Server(listening, made.answer, threads=8, max_body=MAX_BODY)
    server.start()
    try:
        yield made
    finally:
        server.stop()


@contextmanager
def started() -> Iterator[Any]:
    """A browser without a window."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM or ""
    for argument in ("headless=new", "no-sandbox", "disable-gpu", "disable-background-networking"):
        options.add_argument(f"--{argument}")
    options.add_argument("--disable-dev-shm-usage")
    browser = webdriver.Chrome(options=options, service=Service(DRIVER))
    browser.set_script_timeout(90)
    try:
        yield browser
    finally:
        browser.quit()


def read(
    browser: Any, site: Site, note: dict[str, Any], token: str, pages: list[int], chunk: int | None = None
) -> dict[str, Any]:
    """Read pages of a note in the browser; ``chunk``: bytes that PDF.js asks for at once, where not as recommended."""
    browser.get(f"{site.url}/")
    script = f"const done = arguments[4]; (async () => {{ {READ} }})().then(done);"
    found: dict[str, Any] = browser.execute_async_script(script, note["id"], token, pages, chunk)
    assert "error" not in found, found["error"]
    return found
