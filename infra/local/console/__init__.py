"""The developer console (LOC-10): a page at ``/`` that shows the backend working.

Plain files, nothing from another host and no build step (PDF.js, for the reader, comes from npm once and is served from
here); everything shown comes from the API itself, or from the control API under ``/_local/``:

* ``GET state``: ``{stage, now, offsetSeconds, phonepeUrl}``
* ``GET accounts``: ``{items: [{role, name, email, password}]}``
* ``GET requests`` and ``GET events``: as ``infra.local.journal`` views them, newest first
* ``GET workflows``: ``{items: [{name, definition}]}``: the state machines and their ASL
* ``GET executions``: ``{items: [{arn, workflow, name, status, startedAt, stoppedAt, error, cause, input, output,
  states}]}``, newest first; ``states``: ``[{name, status, at}]`` in the order they were entered
* ``GET jobs``: ``{items: [{name, summary, schedule, last}]}``; ``last``: ``{at, ok, ms}`` or null
* ``POST jobs/{name}/run``: ``{ok, ms, result}``
* ``GET mailbox``: ``{items: [{id, at, channel, to, subject, text, html, raw}]}``, newest first; ``DELETE`` empties it
* ``phonepe/…``: LOC-08
* ``POST clock`` ``{advanceSeconds}``: ``{now, offsetSeconds}``
* ``POST drain``: ``{seconds, deliveries, executions}``; ``POST reset``

A call that the control API does not have (404) leaves its part of the page empty, with a sentence that says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from infra.local.console import pdfjs

STATIC = Path(__file__).resolve().parent / "static"
PREFIX = "/console/"
LIBRARY = "pdfjs/"
CONTENT_SECURITY = (
    # Styles inline: the mails that are shown bring theirs. Scripts never; PDF.js decodes some pictures in WebAssembly.
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".wasm": "application/wasm",
}
_BYTES = "application/octet-stream"


@dataclass(frozen=True)
class Asset:
    """One file of the console."""

    content: bytes
    headers: dict[str, str]


def asset(path: str) -> Asset | None:
    """What the console answers at a path: the page at ``/``, its files under ``/console/``; None for any other."""
    name = "index.html" if path == "/" else path.removeprefix(PREFIX) if path.startswith(PREFIX) else ""
    content = _content(name)
    if content is None:
        return None
    headers = {
        "Content-Type": _TYPES.get(Path(name).suffix, _BYTES),
        "Content-Security-Policy": CONTENT_SECURITY,
        "Cache-Control": "no-cache",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    return Asset(content, headers)


def _content(name: str) -> bytes | None:
    if name.startswith(LIBRARY):
        return pdfjs.file(name.removeprefix(LIBRARY))
    files = {file.name: file for file in STATIC.iterdir() if file.suffix in _TYPES}
    return files[name].read_bytes() if name in files else None
