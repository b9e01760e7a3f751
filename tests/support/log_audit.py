"""What the suite logs is kept, and read at its end: no line may carry what is personal or secret (DEP-09, QUAL-34).

Tests show warnings only; this listens to everything the backend would write in production, at level INFO. A session in
which a line is found fails, whatever its tests said.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.platform import logs

FILE = Path(__file__).resolve().parents[2] / "build" / f"suite{os.environ.get('PYTEST_XDIST_WORKER', '')}.log"
"""Each process of several that share the tests keeps its own."""
SHOWN = 20

SECRETS = {
    "an e-mail address": r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}",
    "a phone number": r"(?<![\dA-Za-z.])(?:\+?91[ -]?)?[6-9]\d{9}(?![\dA-Za-z])",
    "a token": r"eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+|\b(?:Bearer|O-Bearer) [A-Za-z0-9._~-]{8,}",
    "a view or refresh token": r"\b(?:prt1|vt1)\.[A-Za-z0-9_.-]{20,}",
    "a ticket of a file": r"\b[0-9A-HJKMNP-TV-Z]{26}\.\d{1,9}\.\d{10}\.[A-Za-z0-9_-]{43}",
    "a password": r"correct horse battery staple|\"(?:newP|currentP|p)assword\"\s*:",
    "a hash of a password": r"\$argon2",
    "a one-time code": r"\"(?:otp|code|totp)\"\s*:\s*\"\d{4,8}\"",
    "a signature": r"X-VERIFY|###\d|X-Amz-Signature|[?&]Signature=|\b[0-9a-f]{64}\b",
    "a payload of the gateway": r"merchantOrderId|paymentDetails|payerVpa|\"response\"\s*:\s*\"ey|merchantUserId",
    "a key of an object": r"\b(?:uploads|notes|files)/[0-9A-HJKMNP-TV-Z]{26}",
}
"""What must not be found, by what to call it."""

_PATTERNS = {name: re.compile(pattern) for name, pattern in SECRETS.items()}


_EVENT_ID = re.compile(r"\"eventId\": ?\"[0-9a-f]{64}\"")
"""The digest of a webhook's body, where its gateway gives it no id: names it, and signs nothing (PAY-111)."""


def found_in(line: str) -> list[str]:
    """What of all that a line carries."""
    bare = _EVENT_ID.sub("", line)
    return [name for name, pattern in _PATTERNS.items() if pattern.search(bare)]


def leaks(lines: Iterator[str]) -> Iterator[str]:
    """One sentence for each line that carries something; the line itself with it, since these are test data."""
    for line in lines:
        for name in found_in(line):
            yield f"{name}: {line.strip()[:300]}"


class Ear:
    """Listens for a session."""

    def __init__(self) -> None:
        self._handler: logging.Handler | None = None
        self._told: list[str] = []

    def listen(self) -> None:
        """Begin; what was on the way to the screen keeps its level."""
        FILE.parent.mkdir(exist_ok=True)
        python_logger = logging.getLogger(logs.logger.name or "pathshala")
        for handler in python_logger.handlers:
            handler.setLevel(max(handler.level, python_logger.level))
        self._handler = logging.FileHandler(FILE, mode="w", encoding="utf-8")
        self._handler.setFormatter(python_logger.handlers[0].formatter)
        python_logger.addHandler(self._handler)
        python_logger.setLevel(logging.INFO)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a process of several found."""
        self._told += getattr(node, "workeroutput", {}).get("leaks", ())

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail the session with what it logged."""
        if self._handler is None:
            return
        self._handler.close()
        with FILE.open(encoding="utf-8") as file:
            told = self._told + list(leaks(iter(file)))
        handed_over = getattr(session.config, "workeroutput", None)
        if handed_over is not None:
            handed_over["leaks"] = told
        elif told:
            reporter = session.config.pluginmanager.get_plugin("terminalreporter")
            if reporter is not None:
                reporter.write_sep("=", "logged, and must not be (DEP-09)")
                for line in told[:SHOWN]:
                    reporter.write_line(line)
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_configure(config: pytest.Config) -> None:
    """Listen from the start of the session."""
    ear = Ear()
    ear.listen()
    config.pluginmanager.register(ear, "log-audit")
