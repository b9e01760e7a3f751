"""What staff look at and act upon, as functions load it."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.identity.accounts import ANY_USER
from chalicelib.insight.security.items import Ban, Banned
from chalicelib.platform.store import Key


def _ban(path: Mapping[str, str], _: str) -> Key:
    return Ban.place(path["userId"], Banned.NOTE, path["noteId"])


BANNED_USER = ANY_USER._replace(beside=(*ANY_USER.beside, _ban))
"""Somebody with a ban from notes: ``request.beside`` holds card and ban."""
