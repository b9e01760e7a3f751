"""Entity tags in conditional requests (RFC 9110 §8.8.3, §13.1)."""

from __future__ import annotations

import re

_TAG = re.compile(r'(?P<weak>W/)?(?P<tag>"[\x21\x23-\x7e\x80-\xff]*")')
_LIST = re.compile(r'\s*(?:(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"\s*)?(?:,\s*(?:(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"\s*)?)*')


def _tags(header: str) -> list[tuple[bool, str]]:
    if _LIST.fullmatch(header) is None:
        return []
    return [(match["weak"] is not None, match["tag"]) for match in _TAG.finditer(header)]


def none_match(header: str | None, etag: str) -> bool:
    """Whether ``If-None-Match`` says that the client has it: any tag, compared weakly, or ``*``; not without it."""
    if header is None:
        return False
    return header.strip() == "*" or etag in {tag for _, tag in _tags(header)}


def match(header: str | None, etag: str) -> bool:
    """Whether ``If-Match`` holds: one of its tags is the strong ``etag``, or ``*``. True without the header."""
    if header is None:
        return True
    return header.strip() == "*" or (False, etag) in _tags(header)


def if_range(header: str | None, etag: str) -> bool:
    """Whether ``If-Range`` lets the range count: exactly this strong tag; a weak one or a date does not (§13.1.5)."""
    return header is None or header.strip() == etag
