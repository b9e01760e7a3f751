"""The developer console (LOC-10): a page at ``/`` that shows the backend working.

Plain files, nothing from another host and no build step; everything shown comes from the control API:

=============================== =========================================================================================
``GET  /_local/state``          ``{stage, now, offsetSeconds, phonepeUrl}``
``GET  /_local/accounts``       ``{items: [{role, name, email, password}]}``
``GET  /_local/requests``       ``{items: [{id, at, method, path, status, code, ms, function, units, roundTrips,
                                calls: [{service, operation, startMs, ms, units}]}]}``, newest first
``GET  /_local/events``         ``{items: [{id, at, event, key, data}]}``, newest first
``GET  /_local/workflows``      ``{items: [{name, definition}]}``: the state machines and their ASL
``GET  /_local/executions``     ``{items: [{arn, workflow, name, status, startedAt, stoppedAt, error, cause, input, output,
                                states: [{name, status, at}]}]}``, newest first
``GET  /_local/jobs``           ``{items: [{name, summary, schedule, last: {at, ok, ms} | null}]}``
``POST /_local/jobs/{name}/run`` ``{ok, ms, result}``
``GET  /_local/mailbox``        ``{items: [{id, at, channel, to, subject, text, html, raw}]}``, newest first; ``DELETE`` clears
``…    /_local/phonepe/…``      LOC-08
``POST /_local/clock``          ``{advanceSeconds}`` → ``{now, offsetSeconds}``
``POST /_local/drain``          ``{seconds, deliveries, executions}``; ``POST /_local/reset``
=============================== =========================================================================================

A call that the control API does not have (404) leaves its part of the page empty, with a sentence that says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

STATIC = Path(__file__).resolve().parent / "static"
PREFIX = "/console/"
CONTENT_SECURITY = (
    # Styles inline: the mails that are shown bring theirs. Scripts never.
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'"
)
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}


@dataclass(frozen=True)
class Asset:
    """One file of the console."""

    content: bytes
    headers: dict[str, str]


def asset(path: str) -> Asset | None:
    """What the console answers at a path: the page at ``/``, its files under ``/console/``; None for any other."""
    name = "index.html" if path == "/" else path.removeprefix(PREFIX) if path.startswith(PREFIX) else ""
    files = {file.name: file for file in STATIC.iterdir() if file.suffix in _TYPES}
    if name not in files:
        return None
    headers = {
        "Content-Type": _TYPES[files[name].suffix],
        "Content-Security-Policy": CONTENT_SECURITY,
        "Cache-Control": "no-cache",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    return Asset(files[name].read_bytes(), headers)
