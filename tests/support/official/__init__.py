"""PhonePe's official client for Node, driven from tests: what it sends and believes is not ours to choose.

Pinned by checksum in ``package-lock.json`` and installed once under ``.local/official``; tests that need it are skipped
where there is no Node, or npm does not give it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
HOME = HERE.parents[2] / ".local" / "official"
_PINS = ("package.json", "package-lock.json")
_PROGRAM = "phonepe.cjs"
_INSTALL_SECONDS = 180


class OfficialClient:
    """The client in a process of its own; ``ask`` answers ``{"answer": …}`` or ``{"error": {kind, status, code}}``."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, what: str, **given: Any) -> dict[str, Any]:
        """Have it do one thing."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"what": what, **given}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "PhonePe's client has ended"
        said: dict[str, Any] = json.loads(line)
        return said

    def answer(self, what: str, **given: Any) -> dict[str, Any]:
        """Have it do what must succeed."""
        said = self.ask(what, **given)
        assert "answer" in said, said
        answer: dict[str, Any] = said["answer"]
        return answer

    def error(self, what: str, **given: Any) -> dict[str, Any]:
        """Have it do what must be refused."""
        said = self.ask(what, **given)
        assert "error" in said, said
        error: dict[str, Any] = said["error"]
        return error


def _installed() -> Path:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("PhonePe's client needs Node with npm, which is not here")
    wanted = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in _PINS)).hexdigest()
    marked = HOME / "node_modules" / ".pinned"
    if not marked.is_file() or marked.read_text("utf-8") != wanted:
        HOME.mkdir(parents=True, exist_ok=True)
        for name in _PINS:
            shutil.copy(HERE / name, HOME / name)
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        ran = subprocess.run(command, cwd=HOME, check=False, capture_output=True, timeout=_INSTALL_SECONDS)
        if ran.returncode != 0:
            pytest.skip("npm does not give PhonePe's client")
        marked.write_text(wanted, "utf-8")
    shutil.copy(HERE / _PROGRAM, HOME / _PROGRAM)
    return HOME


@contextmanager
def phonepe(url: str, client_id: str, client_secret: str, client_version: str) -> Iterator[OfficialClient]:
    """The client, pointed at a simulator in place of the sandbox."""
    home = _installed()
    command = ["node", _PROGRAM, url, client_id, client_secret, client_version]
    with subprocess.Popen(command, cwd=home, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield OfficialClient(process)
        finally:
            process.kill()
