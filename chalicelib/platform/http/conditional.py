"""Answers that a client may keep and ask for again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TypeVar

from pydantic import BaseModel

from chalicelib.platform.http import etags
from chalicelib.platform.http.answers import Answer
from chalicelib.platform.http.request import Request

ModelT = TypeVar("ModelT", bound=BaseModel)


def unless_held(request: Request, version: str, caching: str, body: Callable[[], ModelT]) -> Answer[ModelT | None]:
    """What ``body`` makes under ``ETag: "<version>"``; 304 without making it when the client has that one."""
    etag = f'"{version}"'
    headers = {"ETag": etag, "Cache-Control": caching}
    if etags.none_match(request.headers.get("if-none-match"), etag):
        return Answer(None, status=304, headers=headers)
    return Answer(body(), headers=headers)


def by_content(request: Request, caching: str, found: ModelT) -> Answer[ModelT | None]:
    """The same of what is there already: its version is made of all that it says."""
    version = hashlib.sha256(found.model_dump_json().encode()).hexdigest()[:32]
    return unless_held(request, version, caching, lambda: found)
