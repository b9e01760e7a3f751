"""What the real PDF.js asks of a file until it has all of some pages; in Node, nothing is drawn."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.local import npm
from infra.local.console.pdfjs import PACKAGE, SHA256

DEFAULT_CHUNK = 65_536
"""PDF.js's own."""


@dataclass(frozen=True)
class Cost:
    """Requests and bytes; ``pages``: of the document."""

    pages: int
    requests: int
    bytes: int


def cost(file: Path, *pages: int, chunk: int = DEFAULT_CHUNK) -> Cost:
    """What opening a file and the given pages costs; the test is skipped where there is no Node or no npm."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs Node")
    try:
        library = npm.unpacked(PACKAGE, SHA256, "pdfjs")
    except npm.PackageMissing as missing:
        pytest.skip(str(missing))
    script = Path(__file__).with_name("first_page.mjs")
    command = [node, str(script), str(library), str(file), str(chunk), ",".join(map(str, pages or (1,)))]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    found = json.loads(done.stdout.splitlines()[-1])
    assert "error" not in found, found["error"]
    return Cost(**found)
