"""The interface's own description, for machines and for people."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from chalicelib.platform import settings
from chalicelib.platform.errors import RouteNotFound
from chalicelib.platform.http import Actions, Binary, Grant, Limits, PathRule, Request, api, etags

DOCS_PUBLIC = settings.boolean("DOCS_PUBLIC", default=True)
OPENAPI_FILE = settings.text("OPENAPI_FILE", default="docs/openapi.json")

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "chalicelib" / "platform" / "http" / "docs_page"
MAX_AGE_SECONDS = 300
CONTENT_SECURITY = (
    "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}


@lru_cache(maxsize=8)
def _file(path: Path) -> tuple[bytes, str]:
    """A file of the package and its strong entity tag; read once per container."""
    content = path.read_bytes()
    return content, f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def _answer(request: Request, path: Path, content_type: str) -> Binary:
    content, etag = _file(path)
    who = "public" if DOCS_PUBLIC() else "private"
    headers = {
        "ETag": etag,
        "Cache-Control": f"{who}, max-age={MAX_AGE_SECONDS}",
        "Content-Security-Policy": CONTENT_SECURITY,
    }
    if etags.none_match(request.headers.get("if-none-match"), etag):
        return Binary(b"", content_type, status=304, headers=headers)
    return Binary(content, content_type, headers=headers)


@api.get(
    "/v1/openapi.json",
    action=Actions.DOCS_READ,
    open_when=DOCS_PUBLIC,
    in_maintenance=True,
    also=(304,),
    binary="application/json",
    edge=Limits.DOCS,
    grants=[Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY],
)
def openapi_document(request: Request) -> Binary:
    """This interface as an OpenAPI 3.1 document.

    Made from the functions' declarations when the backend was packaged. With `DOCS_PUBLIC=false` it needs `docs.read`.
    """
    return _answer(request, ROOT / OPENAPI_FILE(), "application/json")


@api.get(
    "/v1/docs",
    action=Actions.DOCS_READ,
    open_when=DOCS_PUBLIC,
    in_maintenance=True,
    also=(304,),
    binary="text/html",
    edge=Limits.DOCS,
    grants=[Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY],
)
def docs_page(request: Request) -> Binary:
    """The same for people: a page that reads the document, with nothing from any other host."""
    return _answer(request, PAGE / "index.html", _TYPES[".html"])


@api.get(
    "/v1/docs/{asset}",
    action=Actions.DOCS_READ,
    open_when=DOCS_PUBLIC,
    in_maintenance=True,
    also=(304,),
    binary="text/css",
    edge=Limits.DOCS,
    grants=[Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY],
    examples={"asset": "reader.css"},
)
def docs_asset(asset: Annotated[str, PathRule(r"[a-z]{1,32}\.(css|js)")], request: Request) -> Binary:
    """The page's style and script."""
    path = PAGE / asset
    if not path.is_file():
        raise RouteNotFound
    return _answer(request, path, _TYPES[path.suffix])
