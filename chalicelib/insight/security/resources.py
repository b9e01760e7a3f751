"""What staff look at and act upon, as functions load it."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.content.reading import NoteViewSession
from chalicelib.identity.accounts import ANY_USER
from chalicelib.insight.security.errors import ViewSessionNotFound
from chalicelib.insight.security.items import Ban, Banned
from chalicelib.platform.access.resources import ACADEMY, Resource
from chalicelib.platform.store import Key


def _ban(path: Mapping[str, str], _: str) -> Key:
    return Ban.place(path["userId"], Banned.NOTE, path["noteId"])


BANNED_USER = ANY_USER._replace(beside=(*ANY_USER.beside, _ban))
"""Somebody with a ban from notes: ``request.beside`` holds card and ban."""

VIEW_SESSION = Resource(
    param="session",
    item=NoteViewSession,
    key=lambda path, _: NoteViewSession.place(path["viewSessionId"]),
    entity=lambda _: ACADEMY,
    missing=ViewSessionNotFound,
)
"""A view session in the register."""
