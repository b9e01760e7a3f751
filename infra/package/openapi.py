"""The OpenAPI document as a file: written when the backend is packaged and when the local cloud starts."""

from __future__ import annotations

from pathlib import Path

from chalicelib.platform import registry
from chalicelib.platform.http import openapi
from chalicelib.platform.http.endpoint import Endpoint

ROOT = Path(__file__).resolve().parents[2]
COMMITTED = ROOT / "docs" / "openapi.json"
RELEASED = ROOT / "docs" / "openapi.released.json"
"""The document that clients of the last release were built from."""


def text() -> str:
    """The document of all declared functions."""
    return openapi.text(one for one in registry.load_all().values() if isinstance(one, Endpoint))


def write(path: Path = COMMITTED) -> Path:
    """Write the document."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text(), "utf-8")
    return path


def outdated(path: Path = COMMITTED) -> bool:
    """Whether the file differs from what the declarations say."""
    return not path.is_file() or path.read_text("utf-8") != text()
